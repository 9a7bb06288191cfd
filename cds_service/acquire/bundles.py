"""One value read by a query, from prefetch or from the server: what it holds and what it proves.

Only an empty, complete Bundle means "none". Everything else that is not a
clean list of results makes the value useless as proof of absence, though its
resources are still used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from msgspec import UnsetType

from cds_service.acquire.order import Resource
from cds_service.acquire.outcomes import is_harmless
from cds_service.acquire.queries import Query
from cds_service.acquire.reasons import Reason
from cds_service.acquire.subjects import patient_of
from fhir_mappings.searchset import Searchset, plain

_BUNDLE_TYPES = frozenset({"searchset", "collection", None})
_MATCH = {"mode": "match"}
_ROUND = frozenset({10, 20, 25, 30, 50, 100, 200, 250, 500, 1_000})
"""Where servers cap a page. One exactly as full, without a total or a next link, may have been capped."""
_COMPANIONS = frozenset({
    "Medication", "Device", "Provenance", "Patient", "RelatedPerson", "Practitioner", "PractitionerRole",
    "Organization", "Location", "Encounter",
})  # fmt: skip
"""What results of our searches refer to (drug, device, subject, author, place), and what refers to them.

Clients that build Bundles themselves put these beside the results without a search mode. None is a result of
a search of ours: a Bundle of another search does not pass for an empty one.
"""
_MOST = 2**31 - 1  # of an unsignedInt, as FHIR has it
_PART = "SUBSETTED"


@dataclass(slots=True)
class Page:
    """The results of one Bundle (or the one resource of a read).

    ``flaw`` is why it proves nothing; ``more`` says that it was cut off,
    ``next_link`` where it goes on, as sent. ``rubbish`` counts the entries that
    were no resources, ``uncalled`` those that are neither results nor said to be
    included: they accompany results, and without any come from elsewhere.
    """

    matches: list[Resource] = field(default_factory=list)
    included: list[Resource] = field(default_factory=list)
    next_link: str = ""
    more: bool = False
    total: int | None = None
    rubbish: int = 0
    uncalled: int = 0
    flaw: Reason | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is all there is, and proves so. A total counts matches, nothing else."""
        return self.flaw is None and not self.more and (self.total is None or self.total <= len(self.matches))

    def note(self, flaw: Reason) -> None:
        """Of several flaws the first is told, unless one is that it was another patient's."""
        self.flaw = flaw if flaw is Reason.WRONG_PATIENT else self.flaw or flaw

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
    if [match for match in matches if match.subject.reference != ours]:
        return None
    total = None if isinstance(value.total, UnsetType) else value.total
    page = Page(matches=matches, total=total)
    return page if page.is_whole and not page.may_be_capped else None


def _read_instance(value: Resource, query: Query, patient_id: str) -> Page:
    if value.get("resourceType") != query.resource_type:
        return Page(flaw=Reason.MALFORMED)
    # A client that answers from memory may leave the id out.
    if value.get("id", patient_id) != patient_id:
        return Page(flaw=Reason.WRONG_PATIENT)
    return Page(matches=[value])


def _is_result_list(bundle: Resource) -> bool:
    kind = bundle.get("type")
    return (
        (kind is None or isinstance(kind, str))
        and kind in _BUNDLE_TYPES
        and isinstance(bundle.get("entry", []), list)
        and isinstance(bundle.get("link", []), list)
    )


def _read_bundle(bundle: Resource, query: Query, patient_id: str) -> Page:
    page = Page()
    wanted, ours = query.resource_type, f"Patient/{patient_id}"
    # The first branch is the path of nearly every entry of every call: no calls in it.
    for entry in bundle.get("entry", []):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            page.rubbish += 1
        elif resource.get("resourceType") == wanted and (entry.get("search") == _MATCH or _is_match(entry)):
            page.matches.append(resource)
            subject = resource.get("subject")
            if isinstance(subject, dict) and subject.get("reference") == ours:
                continue
            if _is_anothers(resource, patient_id):
                page.note(Reason.WRONG_PATIENT)
        else:
            _read_other(entry, resource, page, patient_id)
    if page.rubbish or (page.uncalled and not page.matches):
        page.note(Reason.MALFORMED)
    _note_size(bundle, page)
    return page


def _read_other(entry: Resource, resource: Resource, page: Page, patient_id: str) -> None:
    """An entry that is no result: included, an outcome, or from somewhere else."""
    kind = resource.get("resourceType")
    if not isinstance(kind, str):
        page.rubbish += 1
        return
    if kind == "OperationOutcome":
        if not is_harmless(resource):
            page.note(Reason.ERROR)
        return
    page.included.append(resource)
    if _is_anothers(resource, patient_id):
        page.note(Reason.WRONG_PATIENT)
    elif _is_match(entry):
        page.uncalled += 1
        if kind not in _COMPANIONS:
            page.note(Reason.MALFORMED)


def _is_match(entry: Resource) -> bool:
    search = entry.get("search")
    return not isinstance(search, dict) or search.get("mode") != "include"


def _is_anothers(resource: Resource, patient_id: str) -> bool:
    """Whether it plainly names another patient: then the search was not for ours."""
    return patient_of(resource) not in (None, patient_id)


def _is_next(link: object) -> bool:
    return isinstance(link, dict) and link.get("relation") == "next"


def _note_size(bundle: Resource, page: Page) -> None:
    """What the Bundle says of itself: how much there is, where it goes on, and what went wrong."""
    page.total = _total(bundle.get("total"), page)
    if _is_a_part(bundle.get("meta")):
        page.note(Reason.TRUNCATED)
    issues = bundle.get("issues")
    if issues is not None and not (isinstance(issues, dict) and is_harmless(issues)):
        page.note(Reason.ERROR)
    for link in bundle.get("link", []):
        if _is_next(link):
            url = link.get("url")
            page.more, page.next_link = True, url if isinstance(url, str) else ""


def _total(value: object, page: Page) -> int | None:
    """A whole number, also one written as 6.0. Where it cannot be read its page proves nothing."""
    if value is None or (type(value) is int and 0 <= value <= _MOST):
        return value
    number = Decimal(value) if type(value) is int else value
    if isinstance(number, Decimal) and 0 <= number <= _MOST and number == int(number):
        return int(number)
    page.note(Reason.MALFORMED)
    return None


def _is_a_part(meta: object) -> bool:
    tags = meta.get("tag") if isinstance(meta, dict) else None
    return isinstance(tags, list) and any(isinstance(tag, dict) and tag.get("code") == _PART for tag in tags)
