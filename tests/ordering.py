"""Drafts of orders and the chart around them, for the tests of the order hooks. Times are hours."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.builders import (
    ICD_10_CM,
    LOINC,
    RXNORM,
    SNOMED,
    SUBJECT,
    Hours,
    Json,
    concept,
    condition,
    instant,
    medication,
    observation,
    patient,
    quantity,
)
from tests.contract.service import call, prefetch, searchset

SELECT, SIGN = "order-select", "order-sign"
DRUGS = {
    "tocilizumab": "612865",
    "tocilizumab-80-mg-vial": "1657974",
    "tocilizumab-subcutaneous": "1441527",
    "tofidence": "2680287",
    "dexamethasone": "3264",
    "dexamethasone-4-mg-tablet": "197582",
    "methylprednisolone": "6902",
    "hydrocortisone": "5492",
    "siltuximab": "1535218",
    "ondansetron": "26225",
}
IV, SUBCUTANEOUS = concept(SNOMED, "47625008"), concept(SNOMED, "34206005")
CRS = condition("crs", concept(ICD_10_CM, "D89.833"), -20)
PNEUMONIA = condition("pneumonia", concept(ICD_10_CM, "J18.9"), -20)
ICANS = condition("icans", concept(ICD_10_CM, "G92.03"), -20)


def drug(name: str) -> Json:
    """By RxNorm code; a name of no code is text."""
    return concept(RXNORM, DRUGS[name]) if name in DRUGS else {"text": name}


def dose(amount: Decimal | int | str | None, unit: str = "mg", **members: Any) -> Json:
    """One dosageInstruction by the vein; ``members`` are its timing, text, another route."""
    told = {} if amount is None else {"doseAndRate": [{"doseQuantity": quantity(amount, unit)}]}
    return {"route": IV, **told, **members}


def every(hours: int | str, **repeat: Any) -> Json:
    return {"repeat": {"frequency": 1, "period": Decimal(hours), "periodUnit": "h", **repeat}}


def starting(hours: Hours, **repeat: Any) -> Json:
    return {"repeat": {"boundsPeriod": {"start": instant(hours)}, **repeat}}


def draft(name: str | None, *instructions: Json, identity: str = "d1", **members: Any) -> Json:
    """A draft MedicationRequest; without a drug, or without a dose, as it is while being put together."""
    whole = {
        "resourceType": "MedicationRequest",
        "id": identity,
        "status": "draft",
        "intent": "order",
        "subject": SUBJECT,
        "authoredOn": instant(0),
        "medicationCodeableConcept": drug(name) if name else ...,
        "dosageInstruction": list(instructions) or ...,
    }
    return {key: value for key, value in (whole | members).items() if value is not ...}


def given(name: str, hours: Hours, amount: Decimal | int | str | None = "560", **members: Any) -> Json:
    """A dose that was charted as given, by the vein unless told otherwise."""
    identity = f"{name}{hours}".replace("-", "m").replace(".", "p").replace(":", "c")
    dosage: Json = {"route": IV} | ({} if amount is None else {"dose": quantity(amount, "mg")})
    whole = {
        "medicationCodeableConcept": drug(name),
        "effectiveDateTime": instant(hours),
        "dosage": dosage,
    }
    return medication(identity, "completed", **whole) | members


def active(name: str, authored: Hours, *instructions: Json, identity: str = "a1", **members: Any) -> Json:
    told = {"status": "active", "authoredOn": instant(authored), **members}
    return draft(name, *instructions, identity=identity, **told)


def weight(kilograms: Decimal | int | str, hours: Hours = -6, unit: str = "kg") -> Json:
    value = quantity(kilograms, unit)
    return observation(f"w{hours}", concept(LOINC, "29463-7"), hours, valueQuantity=value)


def chart(
    *,
    weights: Iterable[Json] = (weight(70),),
    doses: Iterable[Json] = (),
    orders: Iterable[Json] = (),
    conditions: Iterable[Json] = (),
    born: str | None = "1971-01-01",
    **changes: Any,
) -> Json:
    """The grade 3 chart of ``prefetch`` with weights, doses given and active orders."""
    whole = prefetch()
    running = [entry["resource"] for entry in whole["medications"]["entry"]]
    return (
        prefetch(
            patient=patient(born) if born else {"resourceType": "Patient", "id": "p"},
            labs=searchset(weights),
            medications=searchset([*running, *doses]),
            orders=searchset(orders),
            conditions=searchset(conditions),
        )
        | changes
    )


def without_crs(**changes: Any) -> Json:
    """A patient without any immune therapy or CRS: nobody whom these limits are about."""
    return chart(**changes) | {"procedures": searchset([]), "medications": searchset([])}


def bundle(drafts: Iterable[Json]) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in drafts]}


def hook_request(hook: str, drafts: Any, *, selections: Any = None, **members: Any) -> Json:
    """``drafts`` are resources, or whatever else is to stand as draftOrders."""
    context: Json = {"userId": "Practitioner/1", "patientId": "p"}
    context["draftOrders"] = bundle(drafts) if isinstance(drafts, list) else drafts
    if hook == SELECT:
        sent = drafts if isinstance(drafts, list) else []
        named = [f"{each.get('resourceType')}/{each.get('id')}" for each in sent]
        context["selections"] = named if selections is None else selections
    return {
        "hook": hook,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": context,
        **members,
    }


def ask(where: FlaskClient, hook: str, drafts: Any, **members: Any) -> TestResponse:
    members.setdefault("prefetch", chart())
    return call(where, hook_request(hook, drafts, **members), f"/cds-services/crs-{hook}")


def answered(where: FlaskClient, hook: str, drafts: Any, **members: Any) -> list[Json]:
    """The cards of a call that must be answered with 200."""
    answer = ask(where, hook, drafts, **members)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json["cards"] if answer.json else []
    return found


def rules(cards: list[Json]) -> list[list[str]]:
    """The rules of each card."""
    return [card["extension"]["org.crs-cds.rules"] for card in cards]
