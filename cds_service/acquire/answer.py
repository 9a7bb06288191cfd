"""The pages of one query put together: resources, and how far back they are complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from cds_service.acquire.bundles import Page
from cds_service.acquire.order import NewestFirst, Resource
from cds_service.acquire.queries import Query
from cds_service.acquire.reasons import Failure, Reason
from fhir_mappings.facts import COMPLETE, Coverage

_DETAILS = {
    Reason.NULL: "the value is null",
    Reason.ERROR: "the value holds an OperationOutcome in place of, or beside, results",
    Reason.MALFORMED: "the value, or an entry in it, is no FHIR resource of the expected kind",
    Reason.WRONG_PATIENT: "the value holds data of another patient",
    Reason.TRUNCATED: "only the first results of the search are at hand",
}


_NOTHING_KNOWN = Coverage()


@dataclass(frozen=True, slots=True)
class Answer:
    """What one query gave. ``failure`` is None only where all of it is at hand."""

    resources: tuple[Resource, ...] = ()
    coverage: Coverage = _NOTHING_KNOWN
    failure: Failure | None = None
    rubbish: int = 0


def put_together(
    query: Query, pages: Sequence[Page], failure: Failure | None, *, sorted_by_server: bool = True
) -> Answer:
    """``failure`` is why the search stopped early, None where it ended by itself.

    A flaw in any page takes the proof away from all of them. Where the server
    was not asked to sort, what is cut off proves nothing.
    """
    if failure is None and len(pages) == 1 and pages[0].is_whole:  # as nearly every prefetch key is
        return Answer((*pages[0].matches, *pages[0].included), COMPLETE)
    flaw = next((page.flaw for page in pages if page.flaw is not None), None)
    if flaw is not None and (failure is None or failure.reason is Reason.TRUNCATED):
        failure = Failure(flaw, detail=_DETAILS[flaw])
    elif failure is None and _is_short_of_total(pages):
        failure = Failure(Reason.TRUNCATED, detail=_DETAILS[Reason.TRUNCATED])
    return Answer(
        resources=tuple(_resources(pages)),
        coverage=_coverage(query if sorted_by_server else None, pages, flaw, failure),
        failure=failure,
        rubbish=sum(page.rubbish for page in pages),
    )


def cut_off(detail: str = _DETAILS[Reason.TRUNCATED]) -> Failure:
    return Failure(Reason.TRUNCATED, detail=detail)


def distinct(resources: Sequence[Resource]) -> list[Resource]:
    """Without the repetitions that paging and asking twice bring; the first stays.

    Resources of the same id that differ are all kept: choosing between versions
    is the mapper's work.
    """
    seen: dict[tuple[object, object], list[Resource]] = {}
    kept: list[Resource] = []
    for resource in resources:
        identity = resource.get("id")
        if not isinstance(identity, str):
            kept.append(resource)
            continue
        same = seen.setdefault((resource.get("resourceType"), identity), [])
        if resource not in same:
            same.append(resource)
            kept.append(resource)
    return kept


def _resources(pages: Sequence[Page]) -> Sequence[Resource]:
    every = list(chain.from_iterable((*page.matches, *page.included) for page in pages))
    return every if len(pages) == 1 else distinct(every)


def _is_short_of_total(pages: Sequence[Page]) -> bool:
    totals = [page.total for page in pages if page.total is not None]
    return bool(totals) and max(totals) > sum(len(page.matches) for page in pages)


def _coverage(
    query: Query | None, pages: Sequence[Page], flaw: Reason | None, failure: Failure | None
) -> Coverage:
    if failure is None:
        return COMPLETE
    if flaw is not None:
        return Coverage(None, flaw)
    if query is None:
        return Coverage(None, failure.reason)
    order = NewestFirst(query)
    for page in pages:
        order.add(page.matches)
    return Coverage(order.complete_since(), failure.reason)
