"""Order hooks for benchmarks: drafts beside the chart that an EHR prefetches for every hook."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from benchmarks.charts import RXNORM, SUBJECT, Chart, Json, hook_request, quantity, searchset

TOCILIZUMAB = {"system": RXNORM, "code": "612865", "display": "tocilizumab"}
ONDANSETRON = {"system": RXNORM, "code": "26225", "display": "ondansetron"}
IV = {"coding": [{"system": "http://snomed.info/sct", "code": "47625008", "display": "Intravenous route"}]}
HOURS = 72


def draft(drug: Json, milligrams: int, chart: Chart) -> Json:
    """A draft as an order form leaves it, with members that nobody here reads."""
    return {
        "resourceType": "MedicationRequest",
        "id": "draft-1",
        "status": "draft",
        "intent": "order",
        "category": [{"text": "Inpatient"}],
        "medicationCodeableConcept": {"coding": [drug], "text": drug["display"]},
        "subject": SUBJECT,
        "encounter": {"reference": "Encounter/bench-encounter"},
        "authoredOn": chart.stamp(0),
        "requester": {"reference": "Practitioner/bench"},
        "dosageInstruction": [
            {
                "text": f"{milligrams} mg IV once",
                "route": IV,
                "timing": {"repeat": {"count": 1}},
                "doseAndRate": [{"doseQuantity": quantity(milligrams, "mg")}],
            }
        ],
    }


def given(name: str, drug: Json, hours: float, chart: Chart) -> Json:
    return {
        "resourceType": "MedicationAdministration",
        "id": name,
        "status": "completed",
        "medicationCodeableConcept": {"coding": [drug], "text": drug["display"]},
        "subject": SUBJECT,
        "effectiveDateTime": chart.stamp(hours),
        "dosage": {"route": IV, "dose": quantity(560, "mg")},
    }


def order_sign(drug: Json, milligrams: int, now: datetime, *, prefetched: bool = True) -> bytes:
    """An order about to be signed, beside the whole chart since the cells were given three days ago.

    Hourly temperature, SpO2 and pressure, a grade 3 course, the weight, doses given and active orders.
    """
    chart = Chart(now)
    request: dict[str, Any] = json.loads(hook_request(3 * HOURS, now))
    weight = chart.observation("weight", 6, "29463-7", "Body weight", valueQuantity=quantity(70, "kg"))
    doses = [given(f"toci-{n}", TOCILIZUMAB, hours, chart) for n, hours in enumerate((30, 20, 5))]
    others = [given(f"ondansetron-{n}", ONDANSETRON, 4 * n, chart) for n in range(12)]
    active = [{**draft(ONDANSETRON, 8, chart), "id": f"active-{n}", "status": "active"} for n in range(8)]
    request["hook"] = "order-sign"
    request["context"]["draftOrders"] = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": draft(drug, milligrams, chart)}],
    }
    request["prefetch"]["labs"] = searchset([weight])
    request["prefetch"]["medications"] = searchset([*chart.medications(), *doses, *others])
    request["prefetch"]["orders"] = searchset(active)
    if not prefetched:
        del request["prefetch"]
    return json.dumps(request).encode()
