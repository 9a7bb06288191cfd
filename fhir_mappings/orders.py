"""MedicationRequests: orders on record that may still be given, and drafts that somebody is about to sign."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

from fhir_mappings.chart import Chart, order_order
from fhir_mappings.codes import CodeBook
from fhir_mappings.datetimes import Moment, read_time
from fhir_mappings.drugs import Found, drugs_of
from fhir_mappings.facts import Order
from fhir_mappings.meanings import DrugCode
from fhir_mappings.ordered_doses import read_doses, unread_dose
from fhir_mappings.reasons import reasons_of
from fhir_mappings.resources import (
    Json,
    as_json,
    canonical,
    flatten,
    gather,
    record,
    status_of,
    text,
    type_and_id,
)

ORDER = "order"
"""The concept of issues about orders: nothing was given, so that no drug is in doubt."""
DRUG = frozenset({"medicationCodeableConcept", "medicationReference"})
STANDING = frozenset({"active", "on-hold"})
SETTLED = frozenset({"draft", "completed", "cancelled", "stopped", "entered-in-error"})
NOT_ORDERED = frozenset({"proposal", "plan", "option"})


class Drafts(NamedTuple):
    """The draft orders of one hook call, in an order that the input's does not change.

    ``without_drug`` are the requests that name no drug yet, or one that is not at hand; ``not_theirs``
    those that name another patient, ``not_r4`` those that name their drug as FHIR R5 does.
    Requests for drugs that are not recognised are in none of them.
    """

    orders: tuple[Order, ...]
    without_drug: tuple[str, ...] = ()
    not_theirs: tuple[str, ...] = ()
    not_r4: tuple[str, ...] = ()


def read_order(reference: str, resource: Json, chart: Chart) -> None:
    """An order on record that may still be given; of any other nothing is kept."""
    if not _may_stand(resource):
        return
    found = drugs_of(resource, chart)
    drugs = _drugs(found, chart.book)
    if not drugs:
        return
    authored = read_time(resource.get("authoredOn"), chart.zone)
    if isinstance(authored, Moment) and authored.time > chart.latest:
        if chart.latest > chart.as_of:
            chart.note("future-time", reference, ORDER, time=authored.time)
        return
    if not chart.belongs(resource, reference, ORDER):
        return
    if resource.get("modifierExtension"):
        chart.note("modifier-extension", reference, ORDER)
        return
    _note(found, drugs, reference, resource, chart)
    request = _Request(reference, resource, chart)
    chart.orders += [order for order in request.orders(found, drugs) if not _is_over(order, chart.as_of)]


def read_drafts(
    resources: Any, codebook: CodeBook, *, as_of: datetime, patient_id: str, zone: tzinfo | None = None
) -> Drafts:
    """The draft orders of a Bundle, or of a list of resources, whatever they lack.

    Their status and intent do not matter: an order may be signed again. Nothing in ``resources`` raises.
    Raises ValueError if ``as_of`` has no zone.
    """
    if as_of.utcoffset() is None:
        raise ValueError("as_of needs a zone")
    sources = _sources(resources)
    now = as_of.astimezone(UTC)
    chart = Chart(codebook, patient_id, now, now, zone, gather(sources))
    orders: list[Order] = []
    without_drug, not_theirs, not_r4 = set(), set(), set()
    for reference, resource in _requests(sources):
        if _is_anothers(resource, chart):
            not_theirs.add(reference)
            continue
        if "medication" in resource and DRUG.isdisjoint(resource):
            not_r4.add(reference)
        found = drugs_of(resource, chart)
        drugs = _drugs(found, codebook)
        orders += _Request(reference, resource, chart).drafts(found, drugs)
        if not drugs and found.issue:
            without_drug.add(reference)
    if len(orders) > 1:  # the key costs more than the reading
        orders.sort(key=order_order)
    return Drafts(tuple(orders), *(tuple(sorted(each)) for each in (without_drug, not_theirs, not_r4)))


@dataclass(frozen=True, slots=True)
class _Request:
    """One MedicationRequest, and where it was found."""

    reference: str
    resource: Json
    chart: Chart

    def orders(self, found: Found, drugs: list[DrugCode]) -> Iterator[Order]:
        """An order for each drug of the product."""
        resource = self.resource
        authored = read_time(resource.get("authoredOn"), self.chart.zone)
        reasons = frozenset(reasons_of(resource, self.chart))
        for code in drugs:
            yield Order(
                drug=code.drug.id,
                groups=code.drug.groups,
                reference=self.reference,
                display=code.drug.display,
                product=code.product,
                status=status_of(resource),
                intent=text(resource.get("intent")).lower(),
                authored=authored.time if isinstance(authored, Moment) else None,
                doses=read_doses(resource, code, self.chart, shared=len(drugs) > 1 and not found.disputed),
                reasons=reasons,
                certain=bool(found.codes),
            )

    def drafts(self, found: Found, drugs: list[DrugCode]) -> Iterator[Order]:
        """The same for a draft; one whose meaning is changed in an unknown way has no dose."""
        if self.resource.get("doNotPerform") is True:
            return
        for order in self.orders(found, drugs):
            modified = self.resource.get("modifierExtension")
            yield replace(order, doses=unread_dose("modifier-extension")) if modified else order


def _may_stand(resource: Json) -> bool:
    """Signed and not over, as far as status and intent tell."""
    ordered = text(resource.get("intent")).lower() not in NOT_ORDERED
    return ordered and status_of(resource) not in SETTLED and resource.get("doNotPerform") is not True


def _drugs(found: Found, book: CodeBook) -> list[DrugCode]:
    """The drugs as coded or named; where codings disagree, each that is meant."""
    return found.named(book) or [DrugCode(book.drugs[drug]) for drug in sorted(set(found.disputed))]


def _note(found: Found, drugs: list[DrugCode], reference: str, resource: Json, chart: Chart) -> None:
    drug = drugs[0].drug.id
    if found.issue:
        chart.note(found.issue, reference, ORDER, value=drug)
    elif found.name_issue:
        chart.note(found.name_issue, reference, ORDER, value=drug)
    if status_of(resource) not in STANDING:
        chart.note("status-unknown", reference, ORDER, value=drug)


def _is_over(order: Order, now: datetime) -> bool:
    """Every part of it ended before now."""
    return all(dose.until is not None and dose.until < now for dose in order.doses)


def _sources(resources: Any) -> list[Any]:
    """As a list; something with entries is a Bundle even if it does not say so."""
    listed = resources if isinstance(resources, list) else [resources]
    return [
        {**each, "resourceType": "Bundle"} if isinstance(each, dict) and _is_untyped_bundle(each) else each
        for each in listed
    ]


def _is_untyped_bundle(value: Json) -> bool:
    return "entry" in value and "resourceType" not in value


def _requests(sources: list[Any]) -> Iterator[tuple[str, Json]]:
    """Every request with its reference. Two without an id are two, even if they are alike."""
    seen: set[tuple[str, str]] = set()
    for _, raw in flatten(sources):
        resource = as_json(raw)
        if resource["resourceType"] != "MedicationRequest":
            continue
        identity = text(resource.get("id"))
        if not identity:
            yield "MedicationRequest/(no id)", resource
        elif (key := (identity, canonical(resource))) not in seen:
            seen.add(key)
            yield f"MedicationRequest/{identity}", resource


def _is_anothers(resource: Json, chart: Chart) -> bool:
    """Whether it plainly names another patient; a draft may say nothing yet."""
    link = text(record(resource.get("subject")).get("reference"))
    known = chart.gathered.full_urls.get(link) or type_and_id(link)
    return known is not None and known != ("Patient", chart.patient_id)
