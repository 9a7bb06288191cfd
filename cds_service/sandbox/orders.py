"""MedicationRequests: what is ordered for a patient now, as an order entry system writes it."""

from __future__ import annotations

from cds_service.sandbox import codes
from cds_service.sandbox.chart import Chart, Hours
from cds_service.sandbox.codes import Code
from cds_service.sandbox.elements import Json, codeable, quantity

CATEGORIES = "http://terminology.hl7.org/CodeSystem/medicationrequest-category"
DOSE_TYPE = "http://terminology.hl7.org/CodeSystem/dose-rate-type"
ORDERED = {"coding": [{"system": DOSE_TYPE, "code": "ordered", "display": "Ordered"}]}


def every(
    chart: Chart,
    drug: Code,
    dose: str,
    hours: int,
    since: Hours,
    *,
    route: Code = codes.INTRAVENOUS,
    as_needed: str = "",
) -> None:
    """So many mg every so many hours, ordered ``since`` hours ago and still active."""
    words = f"{dose} mg {route.text.removesuffix(' route').lower()} every {hours} hours"
    instruction: Json = {
        "text": f"{words} as needed for {as_needed}" if as_needed else words,
        "timing": {
            "repeat": {
                "boundsPeriod": {"start": chart.at(since)},
                "frequency": 1,
                "period": hours,
                "periodUnit": "h",
            },
            "code": {"text": f"every {hours} hours"},
        },
        "route": codeable(route),
        "doseAndRate": [{"type": ORDERED, "doseQuantity": quantity(dose, "mg")}],
    }
    if as_needed:
        instruction["asNeededCodeableConcept"] = {"text": as_needed}
    _order(chart, drug, since, "inpatient", instruction)


def at_home(chart: Chart, drug: Code, words: str, since: Hours) -> None:
    """A medicine from before the stay, in words only."""
    _order(chart, drug, since, "community", {"text": words})


def _order(chart: Chart, drug: Code, since: Hours, category: str, instruction: Json) -> None:
    chart.add(
        "order",
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "category": [{"coding": [{"system": CATEGORIES, "code": category}]}],
            "medicationCodeableConcept": codeable(drug),
            "subject": chart.subject,
            "encounter": chart.stay,
            "authoredOn": chart.at(since),
            "dosageInstruction": [instruction],
        },
    )
