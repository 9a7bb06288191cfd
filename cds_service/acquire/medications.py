"""Drugs that administrations and orders name by reference, to be read where they did not come along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cds_service.acquire.bases import same_base
from cds_service.acquire.order import Resource
from cds_service.acquire.queries import Query, escape_value
from fhir_mappings.facts import Source

KEY = "medication-references"
"""Under this key a failure to read them is reported; it is no prefetch key."""

_REFERENCE = re.compile(r"(?:(?P<base>.*)/)?Medication/(?P<id>[^/#?|]+)(?:/_history/[^/]+)?")
_NOT_GIVEN = frozenset({"not-done", "entered-in-error"})
_NOT_STANDING = frozenset({"draft", "completed", "cancelled", "stopped", "entered-in-error"})
_HOLDERS = {
    "MedicationAdministration": (Source.MEDICATIONS, _NOT_GIVEN),
    "MedicationRequest": (Source.ORDERS, _NOT_STANDING),
}
"""What names a drug, which search it belongs to, and with which status its drug does not matter."""


def named_elsewhere(resources: Sequence[Resource]) -> list[Resource]:
    """What was given, or is ordered, and whose drug is in no resource at hand."""
    others = [resource for resource in resources if isinstance(resource, dict)]
    waiting = [r for r in others if "medicationReference" in r and _is_by_reference(r)]
    if not waiting:
        return []
    drugs = (resource for resource in others if resource.get("resourceType") == "Medication")
    at_hand = {str(drug.get("id")) for drug in drugs}
    return [resource for resource in waiting if _target(resource) not in at_hand | _contained(resource)]


def without_a_name(holders: Iterable[Resource]) -> list[Resource]:
    """Those whose reference has no display either: nothing tells which drug it is."""
    return [resource for resource in holders if not resource["medicationReference"].get("display")]


def sources_of(holders: Iterable[Resource]) -> list[Source]:
    """The searches that they belong to."""
    return sorted({_HOLDERS[resource["resourceType"]][0] for resource in holders})


def query_for(holders: Sequence[Resource], base: str) -> Query | None:
    """One search for all drugs that the server itself holds, or None where there are none."""
    targets = (_target_on(resource, base) for resource in holders)
    ids = list(dict.fromkeys(target for target in targets if target is not None))
    if not ids:
        return None
    listed = ",".join(escape_value(identity) for identity in ids)
    params = (("_id", listed), ("_count", str(len(ids))))
    return Query(KEY, Source.MEDICATIONS, "Medication", params)


def _is_by_reference(resource: Resource) -> bool:
    holder = _HOLDERS.get(str(resource.get("resourceType")))
    if holder is None or str(resource.get("status")) in holder[1]:
        return False
    reference = resource.get("medicationReference")
    text = reference.get("reference") if isinstance(reference, dict) else None
    return isinstance(text, str) and not text.startswith("#")


def _target(resource: Resource) -> str | None:
    found = _REFERENCE.fullmatch(resource["medicationReference"]["reference"])
    return found["id"] if found else None


def _target_on(resource: Resource, base: str) -> str | None:
    found = _REFERENCE.fullmatch(resource["medicationReference"]["reference"])
    if found is None or (found["base"] is not None and not same_base(found["base"], base)):
        return None
    return found["id"]


def _contained(resource: Resource) -> set[str]:
    """Ids of contained resources: some systems write Medication/x where #x is meant."""
    contained = resource.get("contained")
    items = contained if isinstance(contained, list) else []
    return {str(item.get("id")) for item in items if isinstance(item, dict)}
