"""``draftOrders``: what they hold, and the drugs that they name by a reference only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cds_service.acquire import medications
from cds_service.acquire.deadline import Deadline
from cds_service.errors import PreconditionFailed, UpstreamUnavailable
from cds_service.hooks.request import HookRequest, short_reference
from cds_service.hooks.run import Engine, server_of
from fhir_mappings.orders import Drafts, read_drafts

Json = dict[str, Any]
Asks = Callable[[str], bool]
"""Whether the hook is about the draft of this reference."""
WHERE = ("context.draftOrders",)


def read_bundle(
    request: HookRequest, engine: Engine, now: datetime, asks: Asks, deadline: Deadline
) -> Drafts:
    """The drafts. A drug that is nowhere at hand is fetched: a limit may speak of it.

    Raises PreconditionFailed or UpstreamUnavailable where it cannot be had.
    """
    bundle = request.context.get("draftOrders")

    def read(*drugs: Any) -> tuple[Drafts, list[Json]]:
        found = read_drafts(
            [bundle, *drugs], engine.codebook, as_of=now, patient_id=request.patient_id, zone=engine.zone
        )
        return found, [*_nameless(found, bundle, drugs, asks)] if found.without_drug else []

    found, nameless = read()
    if nameless:
        sent = [*_sent_drugs(request.prefetch)]
        found, nameless = read(*sent)
        if nameless:
            found, nameless = read(*sent, *_fetched(nameless, request, engine, deadline))
    if nameless:
        raise PreconditionFailed("the reference of a draft order to its Medication leads nowhere", WHERE)
    return found


def _nameless(found: Drafts, bundle: object, drugs: Sequence[Json], asks: Asks) -> Iterator[Json]:
    """Those asked about whose Medication is not at hand; one without any drug is still put together.

    A Medication that is at hand in a code that nothing knows is no drug of ours.
    """
    unnamed = set(found.without_drug)
    at_hand = {f"Medication/{drug.get('id')}" for drug in drugs}
    at_hand |= {str(entry.get("fullUrl")) for entry in _entries(bundle)}
    drafts = drafts_by_reference(bundle)
    for reference, draft in drafts.items():
        link = draft.get("medicationReference")
        target = link.get("reference") if isinstance(link, dict) else None
        if reference not in unnamed or not asks(reference) or not isinstance(target, str) or not target:
            continue
        if (
            target[0] != "#"
            and target not in at_hand
            and short_reference(target) not in at_hand | drafts.keys()
        ):
            yield draft


def _entries(bundle: object) -> Iterator[Json]:
    entries = bundle.get("entry") if isinstance(bundle, dict) else None
    yield from (entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()


def _sent_drugs(prefetch: object) -> Iterator[Json]:
    """Medications that came along with a search."""
    for value in prefetch.values() if isinstance(prefetch, dict) else ():
        entries = value.get("entry") if isinstance(value, dict) else getattr(value, "entry", None)
        for entry in entries if isinstance(entries, list) else ():
            held = entry.get("resource") if isinstance(entry, dict) else getattr(entry, "resource", None)
            if isinstance(held, dict) and held.get("resourceType") == "Medication":
                yield held


def _fetched(
    nameless: Sequence[Json], request: HookRequest, engine: Engine, deadline: Deadline
) -> tuple[Any, ...]:
    server = server_of(request, engine)
    query = medications.query_for(nameless, server.access.base_url) if server else None
    if server is None or query is None:
        raise PreconditionFailed(
            "a draft order names its drug by a reference only: send the Medication in draftOrders or "
            "contained, its display, or fhirServer with access",
            WHERE,
        )
    answer = server.client.fetch(server.access, [query], request.patient_id, deadline)[query.key]
    if answer.failure is not None and answer.failure.transient:
        wait = answer.failure.retry_after or 5
        raise UpstreamUnavailable("the FHIR server did not give a Medication; try again", WHERE, wait)
    return answer.resources


def drafts_by_reference(bundle: object) -> Mapping[str, Json]:
    """The resources of ``draftOrders`` as they were sent; none where two that differ share an id."""
    found: dict[str, Json] = {}
    twice: set[str] = set()
    for entry in _entries(bundle):
        resource = entry.get("resource", entry)
        if isinstance(resource, dict) and isinstance(resource.get("id"), str):
            reference = f"{resource.get('resourceType')}/{resource['id'].strip()}"
            if found.setdefault(reference, resource) != resource:
                twice.add(reference)
    return {reference: resource for reference, resource in found.items() if reference not in twice}
