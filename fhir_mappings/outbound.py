"""A proposed order as the FHIR R4 draft that an EHR can store: MedicationRequest or ServiceRequest.

Each draft is judged by the strict models of ``fhir.resources`` (R4B, the same as R4 for both). What leaves
is the JSON that was judged, not the model's own dump, which turns every decimal into a binary float.
The judging costs some 0.3 ms, so that a draft is kept without patient, encounter and time of writing.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
from fhir.resources.R4B.medicationrequest import MedicationRequest
from fhir.resources.R4B.servicerequest import ServiceRequest
from pydantic import BaseModel

from fhir_mappings.facts import Coding, ProposedOrder, Quantity

Json = dict[str, Any]

UCUM = "http://unitsofmeasure.org"
KEPT = 512
NOBODY: Json = {"subject": {"reference": "Patient/nobody"}}
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
_encode = msgspec.json.Encoder(decimal_format="number").encode
_parse = msgspec.json.Decoder(Json, float_hook=Decimal).decode
SUPPLY = frozenset({"initialFill", "quantity", "numberOfRepeatsAllowed", "expectedSupplyDuration"})
"""What of ``dispenseRequest`` is reckoned from the dosage."""
TOLD = ("text", "renderedDosageInstruction")
"""Where an order is told in words for a reader: its narrative, and that of its dosage (FHIR R5)."""


def to_fhir(
    order: ProposedOrder, *, patient_id: str, encounter_id: str | None, authored_on: datetime
) -> Json:
    """The draft for this patient, the caller's own to change. Raises ValueError where it is no valid R4."""
    draft = _parse(_draft(order))
    draft["subject"] = {"reference": f"Patient/{patient_id}"}
    if encounter_id:
        draft["encounter"] = {"reference": f"Encounter/{encounter_id}"}
    draft["authoredOn"] = _instant(authored_on)
    return draft


def corrected(resource: Json, order: ProposedOrder, *, drug: bool) -> Json:
    """The whole of a draft with another dosage, and with another product where ``drug`` says so.

    Raises ValueError where the dosage is no valid R4. Everything else stays as it was sent, also its route
    where the order says none; but for the amounts to dispense and the narrative, which told the other dosage.
    """
    proposed = _parse(_draft(order))
    changed: Json = {**resource, "dosageInstruction": proposed["dosageInstruction"]}
    for told in TOLD:
        changed.pop(told, None)
    _drop_supply(changed)
    if order.route is None:
        changed["dosageInstruction"][0].update(_first_route(resource))
    if drug:
        link = changed.pop("medicationReference", None)
        changed["medicationCodeableConcept"] = proposed["medicationCodeableConcept"]
        _drop_contained(changed, link)
    return changed


def _first_route(resource: Json) -> Json:
    """The route of the first dosage that has one, as it was sent."""
    instructions = resource.get("dosageInstruction")
    sent = [each for each in instructions if isinstance(each, dict)] if isinstance(instructions, list) else []
    return next(({"route": deepcopy(each["route"])} for each in sent if each.get("route")), {})


def _drop_supply(resource: Json) -> None:
    dispensed = resource.get("dispenseRequest")
    if isinstance(dispensed, dict):
        kept = {key: value for key, value in dispensed.items() if key.lstrip("_") not in SUPPLY}
        resource.pop("dispenseRequest")
        resource.update({"dispenseRequest": kept} if kept else {})


def _drop_contained(resource: Json, link: Any) -> None:
    """A contained Medication that nothing refers to any more may not stay (dom-3)."""
    name = str(link.get("reference", "")) if isinstance(link, dict) else ""
    inner = resource.get("contained")
    if name.startswith("#") and isinstance(inner, list):
        kept = [each for each in inner if not (isinstance(each, dict) and each.get("id") == name[1:])]
        resource.pop("contained")
        resource.update({"contained": kept} if kept else {})


@lru_cache(maxsize=KEPT)
def _draft(order: ProposedOrder) -> bytes:
    """All of a draft that is not the patient's, judged: as JSON, so that each call has its own."""
    model: type[BaseModel] = ServiceRequest if order.dose is None else MedicationRequest
    draft = {
        "resourceType": "ServiceRequest" if order.dose is None else "MedicationRequest",
        "status": "draft",
        "intent": "order",
        **(_service(order) if order.dose is None else _medication(order, order.dose)),
        "reasonCode": [_concept((order.reason,), order.reason.display)],
    }
    kept = _encode(draft)
    model.model_validate({**_parse(kept), **NOBODY})  # pydantic's ValidationError is a ValueError
    return kept


def _medication(order: ProposedOrder, dose: Quantity) -> Json:
    instruction = _some(
        text=order.text,
        timing={"repeat": _repeat(order, single=1)},
        route=_concept((order.route,), order.route.display) if order.route else None,
        doseAndRate=[{"doseQuantity": _quantity(dose)}],
    )
    # Clients show the text of a drug, and some know a drug by it alone: the name, without the dose.
    name = next((coding.display for coding in order.codings if coding.display), order.text)
    return {"medicationCodeableConcept": _concept(order.codings, name), "dosageInstruction": [instruction]}


def _service(order: ProposedOrder) -> Json:
    code: Json = {"code": _concept(order.codings, order.text)}
    if order.interval is not None:
        return {**code, "occurrenceTiming": {"repeat": _repeat(order, single=None)}}
    return {**code, "occurrenceDateTime": _not_before(order.start)} if order.start else code


def _repeat(order: ProposedOrder, single: int | None) -> Json:
    """When, how often and for how long; ``duration`` is that of one infusion."""
    span, unit = _period(order.interval) if order.interval else (None, None)
    lasts, lasts_unit = _minutes(order.duration) if order.duration else (None, None)
    return _some(
        **_bounds(order),
        count=order.count if order.interval else single,
        duration=lasts,
        durationUnit=lasts_unit,
        frequency=1 if order.interval else None,
        period=span,
        periodUnit=unit,
    )


def _bounds(order: ProposedOrder) -> Json:
    return {"boundsPeriod": {"start": _not_before(order.start)}} if order.start is not None else {}


def _period(interval: timedelta) -> tuple[Decimal | int, str]:
    for unit, code in ((DAY, "d"), (HOUR, "h")):
        if not interval % unit:
            return interval // unit, code
    return _minutes(interval)


def _minutes(span: timedelta) -> tuple[Decimal | int, str]:
    if span % MINUTE:
        raise ValueError("an order is timed in whole minutes")
    return span // MINUTE, "min"


def _quantity(amount: Quantity) -> Json:
    return {"value": _plain(amount.value), "unit": amount.unit, "system": UCUM, "code": amount.unit}


def _plain(value: Decimal) -> Decimal:
    """Without trailing zeros and without an exponent: 560, 358.8."""
    return Decimal(f"{value.normalize():f}")


def _concept(codings: tuple[Coding, ...], text: str) -> Json:
    listed = [_some(system=c.system, code=c.code, display=c.display) for c in codings]
    return _some(coding=listed, text=text)


def _some(**members: Any) -> Json:
    """The members that have a value: FHIR knows no null and nothing empty."""
    return {key: value for key, value in members.items() if value or value not in (None, "", [], {})}


@lru_cache(maxsize=KEPT)
def _instant(time: datetime) -> str:
    if time.tzinfo is None:
        raise ValueError("a time without a zone")
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _not_before(time: datetime) -> str:
    """To the next full second, since cutting one off would be too early."""
    return _instant(time + SECOND if time.microsecond else time)
