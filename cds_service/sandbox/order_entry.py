"""Orders of the demo: drafts are signed onto the chart, given, and stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from fhir.resources.R4B.medicationrequest import MedicationRequest
from fhir.resources.R4B.servicerequest import ServiceRequest
from pydantic import BaseModel, ValidationError

from cds_service.sandbox.elements import Json, instant

Entry = Callable[[datetime, Sequence[Json]], list[Json]]
MODELS: dict[str, type[BaseModel]] = {
    "MedicationRequest": MedicationRequest,
    "ServiceRequest": ServiceRequest,
}
MOST = 30
"""Drafts that are signed at once."""


class OrderError(ValueError):
    """What cannot be signed, given or stopped, and why."""


def signing(patient_id: str, drafts: Any) -> Entry:
    """How drafts become active orders of a patient. Raises OrderError naming the draft at fault."""
    if not isinstance(drafts, list) or not 0 < len(drafts) <= MOST:
        raise OrderError(f"orders: a list of 1 to {MOST} draft orders")
    for place, draft in enumerate(drafts, 1):
        _check(place, draft, patient_id)
    return lambda now, _: [_signed(draft, now) for draft in drafts]


def _check(place: int, draft: Any, patient_id: str) -> None:
    model = MODELS.get(str(draft.get("resourceType"))) if isinstance(draft, dict) else None
    if model is None:
        raise OrderError(f"order {place} is neither a MedicationRequest nor a ServiceRequest")
    try:
        model.model_validate(draft)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OrderError(
            f"order {place} is no valid R4 {draft['resourceType']}: {where}: {first['msg']}"
        ) from None
    if draft["subject"].get("reference") != f"Patient/{patient_id}":
        raise OrderError(f"order {place} is of another patient")


def _signed(draft: Json, now: datetime) -> Json:
    kept = {key: value for key, value in draft.items() if key not in ("id", "meta")}
    return {**kept, "status": "active", "intent": "order", "authoredOn": instant(now)}


def giving(order_id: str) -> Entry:
    """How a dose of an order is given: an administration, and the end of an order for one dose."""

    def give(now: datetime, chart: Sequence[Json]) -> list[Json]:
        order = _active(chart, order_id)
        amount = _amount(order)
        given: Json = {
            "resourceType": "MedicationAdministration",
            "status": "completed",
            **{key: order[key] for key in order if key.startswith("medication")},
            **({"contained": order["contained"]} if "contained" in order else {}),
            "subject": order["subject"],
            **({"context": order["encounter"]} if "encounter" in order else {}),
            "effectiveDateTime": instant(now),
            "request": {"reference": f"MedicationRequest/{order_id}"},
            "dosage": {**_route(order), "dose": amount},
        }
        return [given, *([{**order, "status": "completed"}] if _is_for_one_dose(order) else [])]

    return give


def stopping(order_id: str) -> Entry:
    """How an active order is stopped."""
    return lambda _, chart: [{**_active(chart, order_id), "status": "stopped"}]


def _active(chart: Sequence[Json], order_id: str) -> Json:
    for resource in chart:
        if (
            resource["id"] == order_id
            and resource["resourceType"] in MODELS
            and resource["status"] == "active"
        ):
            return resource
    raise OrderError("there is no such active order: it may have been given or stopped in another window")


def _instruction(order: Json) -> Json:
    found = order.get("dosageInstruction") or [{}]
    return dict(found[0])


def _amount(order: Json) -> Json:
    """The dose of the first instruction. Raises OrderError where it is no amount."""
    for dose in _instruction(order).get("doseAndRate", ()):
        amount = dose.get("doseQuantity")
        if amount and "value" in amount and "/" not in str(amount.get("code", amount.get("unit", ""))):
            return dict(amount)
    raise OrderError("this order names no single amount to give: an order with a dose in mg can be given")


def _route(order: Json) -> Json:
    route = _instruction(order).get("route")
    return {"route": route} if route else {}


def _is_for_one_dose(order: Json) -> bool:
    timing = _instruction(order).get("timing", {})
    repeat = timing.get("repeat", {})
    return repeat.get("count") == 1 or ("period" not in repeat and "code" not in timing)
