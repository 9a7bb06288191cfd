"""One query followed to its end: parameters a server refuses, pages, and where to stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cds_service.acquire.answer import Answer, cut_off, put_together
from cds_service.acquire.bases import next_address
from cds_service.acquire.bundles import Page, read_value
from cds_service.acquire.calls import Call, Caller, Tell, unheard
from cds_service.acquire.order import NewestFirst
from cds_service.acquire.queries import Query
from cds_service.acquire.reasons import (
    Failure,
    FhirError,
    FhirTimeoutError,
    NotFoundError,
    Reason,
    RejectedError,
)
from cds_service.acquire.refusals import Refusals, refused_among
from cds_service.acquire.scopes import granted, limited
from cds_service.acquire.transport import Exchange, FhirAccess, Transport

LONGEST_URL = 1_900
"""Characters; proxies and servers begin to refuse at 2,000 and more. Beyond: POST to _search."""
POSTING = "_search"
"""Remembered among the refused parameters of a server that takes no search by POST."""
NO_SUCH_METHOD = (405, 415)
MOST_PAGES = 50
MOST_BYTES = 16 * 1024 * 1024
"""A query, all pages: more than 10,000 Observations with coded values."""

_OPTIONAL = frozenset({"_sort", "_count"})


@dataclass(frozen=True, slots=True)
class Setting:
    """What the searches of one hook call share."""

    access: FhirAccess
    patient_id: str
    oldest_needed: datetime | None
    transport: Transport
    refusals: Refusals
    tell: Tell = unheard


class Search:
    """One query on its way. ``run`` belongs to a worker, ``answer`` and ``abort`` to whoever waits."""

    def __init__(self, query: Query, setting: Setting, exchange: Exchange) -> None:
        self.query = query
        self._setting = setting
        self._exchange = exchange
        tell = partial(setting.tell, query.resource_type)
        self._caller = Caller(setting.transport, exchange, setting.access, MOST_BYTES, tell)
        self._pages: list[Page] = []
        self._without = setting.refusals.of(setting.access.base_url, query.resource_type)
        self._outcome: tuple[Failure | None] | None = None

    def run(self) -> None:
        try:
            self._outcome = (self._follow(),)
        except FhirError as error:
            self._outcome = (error.failure(),)

    def abort(self) -> None:
        self._exchange.abort()

    def answer(self) -> Answer:
        """What was had so far; where ``run`` has not ended, its time is over."""
        late = (FhirTimeoutError("the FHIR server did not answer in time").failure(),)
        (failure,) = self._outcome or late
        found = put_together(self.query, list(self._pages), failure, sorted_by_server=self._is_sorted())
        grant = granted(self._setting.access.scope, self.query.resource_type)
        return found if self.query.is_read else limited(found, grant)

    def _is_sorted(self) -> bool:
        return "_sort" not in self._without

    def _follow(self) -> Failure | None:
        """Reads page after page; returns why it stopped before the last one."""
        order = NewestFirst(self.query)
        url = self._base_address()
        page = self._first()
        seen: set[str] = set()
        while True:
            self._pages.append(page)
            if not page.more or page.flaw is Reason.WRONG_PATIENT:
                return cut_off() if len(self._pages) == 1 and page.may_be_capped else None
            order.add(page.matches)
            if self._is_enough(order):
                return cut_off("older results were not needed")
            following = next_address(page.next_link, url, self._setting.access.base_url)
            if following is None or following in seen:
                return cut_off("the next link leads outside the configured FHIR base, or back")
            if len(self._pages) >= MOST_PAGES:
                return cut_off(f"more than {MOST_PAGES} pages")
            seen.add(following)
            url, page = following, self._page(Call(following))

    def _is_enough(self, order: NewestFirst) -> bool:
        needed = self._setting.oldest_needed
        since = order.complete_since() if needed is not None and self._is_sorted() else None
        return since is not None and needed is not None and since <= needed

    def _first(self) -> Page:
        try:
            return self._page(self._call())
        except (RejectedError, NotFoundError) as refusal:
            fewer = self._fewer(refusal)
            if fewer is None:
                raise
        self._without = fewer
        page = self._page(self._call())
        self._setting.refusals.remember(self._setting.access.base_url, self.query.resource_type, fewer)
        return page

    def _fewer(self, refusal: RejectedError | NotFoundError) -> frozenset[str] | None:
        """The parameters to leave out after a refusal; None where they are not its cause."""
        if self._is_posted() and (isinstance(refusal, NotFoundError) or refusal.status in NO_SUCH_METHOD):
            return self._without | {POSTING}
        if isinstance(refusal, NotFoundError):
            return None
        droppable = (_OPTIONAL & {name for name, _ in self.query.params}) - self._without
        named = refused_among(droppable, refusal.body)
        return self._without | named if named else None

    def _page(self, call: Call) -> Page:
        return read_value(self._caller.ask(call), self.query, self._setting.patient_id)

    def _base_address(self) -> str:
        base = self._setting.access.base_url.rstrip("/")
        return f"{base}/{self.query.path(self._setting.patient_id)}"

    def _call(self) -> Call:
        address = self._base_address()
        if self.query.is_read:
            return Call(address)
        params = self._params()
        return Call(f"{address}/_search", form=params) if self._is_posted() else Call(f"{address}?{params}")

    def _is_posted(self) -> bool:
        too_long = len(self._base_address()) + 1 + len(self._params()) > LONGEST_URL
        return not self.query.is_read and too_long and POSTING not in self._without

    def _params(self) -> str:
        return self.query.encoded(self._setting.patient_id, self._without)
