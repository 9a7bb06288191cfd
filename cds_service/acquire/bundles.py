"""One value read by a query, from prefetch or from the server: what it holds and what it proves.

Only an empty, complete Bundle means "none". Everything else that is not a
clean list of results makes the value useless as proof of absence, though its
resources are still used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from msgspec import UnsetType

from cds_service.acquire.order import Resource
from cds_service.acquire.outcomes import is_harmless
from cds_service.acquire.queries import Query
from cds_service.acquire.reasons import Reason
from fhir_mappings.searchset import Searchset, plain

_PATIENT_REFERENCE = re.compile(r"(?:^|/)Patient/([^/#?]+)(?:/_history/[^/]+)?$")
_BUNDLE_TYPES = frozenset({"searchset", "collection", None})
_MATCH = {"mode": "match"}
_ROUND = frozenset({50, 100, 200, 250, 500, 1_000})
"""Where servers cap a page. One exactly as full, without a total or a next link, may have been capped."""


@dataclass(slots=True)
class Page:
    """The results of one Bundle (or the one resource of a read).

    ``flaw`` is why it proves nothing; ``more`` says that it was cut off,
    ``next_link`` where it goes on, as sent. ``listed`` counts all entries,
    ``rubbish`` those that were no resources.
    """

    matches: list[Resource] = field(default_factory=list)
    included: list[Resource] = field(default_factory=list)
    next_link: str = ""
    more: bool = False
    total: int | None = None
    listed: int = 0
    rubbish: int = 0
    flaw: Reason | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is all there is, and proves so. Some servers count included resources into the total."""
        return self.flaw is None and not self.more and (self.total is None or self.total <= self.listed)

    @property
    def may_be_capped(self) -> bool:
        """Whether it may be the first page of more, though nothing in it says so (ADR 7)."""
        return not self.more and self.total is None and len(self.matches) in _ROUND


def read_value(value: object, query: Query, patient_id: str) -> Page:
    """What was sent for a query; never raises, whatever it is."""
    if isinstance(value, Searchset):
        page = _read_searchset(value, query, patient_id)
        if page is not None:
            return page
        value = plain(value)
    if not isinstance(value, dict):
        return Page(flaw=Reason.NULL if value is None else Reason.MALFORMED)
    kind = value.get("resourceType")
    if kind == "OperationOutcome":
        return Page(flaw=Reason.ERROR)
    if query.is_read:
        return _read_instance(value, query, patient_id)
    if kind != "Bundle" or not _is_result_list(value):
        return Page(flaw=Reason.MALFORMED)
    return _read_bundle(value, query, patient_id)


def _read_searchset(value: Searchset, query: Query, patient_id: str) -> Page | None:
    """A whole Bundle of this patient's Observations; None for anything else."""
    links = value.link or []
    if query.resource_type != "Observation" or query.is_read or any(_is_next(link) for link in links):
        return None
    entries = value.entry or []
    ours = f"Patient/{patient_id}"
    matches = [entry.resource for entry in entries]
    if any(match.subject.reference != ours for match in matches):
        return None
    total = None if isinstance(value.total, UnsetType) else value.total
    page = Page(matches=matches, total=total, listed=len(entries))
    return page if page.is_whole and not page.may_be_capped else None


def _read_instance(value: Resource, query: Query, patient_id: str) -> Page:
    if value.get("resourceType") != query.resource_type:
        return Page(flaw=Reason.MALFORMED)
    # A client that answers from memory may leave the id out.
    if value.get("id", patient_id) != patient_id:
        return Page(flaw=Reason.WRONG_PATIENT)
    return Page(matches=[value], listed=1)


def _is_result_list(bundle: Resource) -> bool:
    kind = bundle.get("type")
    return (
        (kind is None or isinstance(kind, str))
        and kind in _BUNDLE_TYPES
        and isinstance(bundle.get("entry", []), list)
        and isinstance(bundle.get("link", []), list)
    )


def _read_bundle(bundle: Resource, query: Query, patient_id: str) -> Page:
    entries = bundle.get("entry", [])
    page = Page(listed=len(entries))
    wanted, ours = query.resource_type, f"Patient/{patient_id}"
    # The first branch is the path of nearly every entry of every call: no calls in it.
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            page.rubbish += 1
        elif resource.get("resourceType") == wanted and (entry.get("search") == _MATCH or _is_match(entry)):
            page.matches.append(resource)
            subject = resource.get("subject")
            if isinstance(subject, dict) and subject.get("reference") == ours:
                continue
            if _is_anothers(resource, ours):
                page.flaw = Reason.WRONG_PATIENT
        else:
            _read_other(resource, page)
    if page.rubbish:
        page.flaw = page.flaw or Reason.MALFORMED
    _note_size(bundle, page)
    return page


def _read_other(resource: Resource, page: Page) -> None:
    """An entry that is no result: included, an outcome, or nothing known."""
    kind = resource.get("resourceType")
    if not isinstance(kind, str):
        page.rubbish += 1
    elif kind == "OperationOutcome":
        if not is_harmless(resource):
            page.flaw = page.flaw or Reason.ERROR
    else:
        page.included.append(resource)


def _is_match(entry: Resource) -> bool:
    search = entry.get("search")
    return not isinstance(search, dict) or search.get("mode") != "include"


def _is_anothers(resource: Resource, ours: str) -> bool:
    """Whether it plainly names another patient: then the search was not for ours."""
    subject = resource.get("subject") or resource.get("patient")
    reference = subject.get("reference") if isinstance(subject, dict) else None
    if reference == ours or not isinstance(reference, str):
        return False
    found = _PATIENT_REFERENCE.search(reference)
    return found is not None and f"Patient/{found[1]}" != ours


def _is_next(link: object) -> bool:
    return isinstance(link, dict) and link.get("relation") == "next"


def _note_size(bundle: Resource, page: Page) -> None:
    total: Any = bundle.get("total")
    page.total = total if type(total) is int else None
    for link in bundle.get("link", []):
        if _is_next(link):
            url = link.get("url")
            page.more, page.next_link = True, url if isinstance(url, str) else ""
