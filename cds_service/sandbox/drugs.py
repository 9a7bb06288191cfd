"""MedicationAdministrations: single doses, infusions with rate changes, cell products."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise

from cds_service.sandbox import codes
from cds_service.sandbox.chart import Chart, Hours
from cds_service.sandbox.codes import Code
from cds_service.sandbox.elements import Json, codeable, quantity

Rate = tuple[Hours, str]
"""From how many hours ago, and at what rate; a rate of "0" ends the infusion."""


def dosage(route: Code, dose: str, unit: str) -> Json:
    amount = quantity(dose, unit)
    return {
        "text": f"{dose} {amount['unit']} {route.text.removesuffix(' route').lower()}",
        "route": codeable(route),
        "dose": amount,
    }


def tablets(chart: Chart, drug: Code, dose: str, times: Iterable[Hours]) -> None:
    """The same oral dose in mg at each of the times."""
    for hours_ago in times:
        chart.administration(drug, {"effectiveDateTime": chart.at(hours_ago)}, dosage(codes.ORAL, dose, "mg"))


def over_an_hour(chart: Chart, drug: Code, dose: str, times: Iterable[Hours], *, minutes: int = 60) -> None:
    """The same intravenous dose in mg, given over ``minutes``, begun at each of the times."""
    for hours_ago in times:
        begun = Decimal(hours_ago)
        effective = chart.period(begun, begun - Decimal(minutes) / 60)
        chart.administration(drug, {"effectivePeriod": effective}, dosage(codes.INTRAVENOUS, dose, "mg"))


def injection(chart: Chart, drug: Code, dose: str, hours_ago: Hours) -> None:
    """One subcutaneous dose in mg."""
    given = {"effectiveDateTime": chart.at(hours_ago)}
    chart.administration(drug, given, dosage(codes.SUBCUTANEOUS, dose, "mg"))


def fluid_bolus(chart: Chart, millilitres: int, hours_ago: Hours) -> None:
    """Saline over half an hour, charted by name only."""
    begun = Decimal(hours_ago)
    effective = {"effectivePeriod": chart.period(begun, begun - Decimal("0.5"))}
    chart.administration(codes.SALINE_BOLUS, effective, dosage(codes.INTRAVENOUS, str(millilitres), "mL"))


def cells(chart: Chart, product: Code, hours_ago: Hours) -> None:
    """A CAR-T product as a MedicationAdministration over half an hour, without a dose."""
    begun = Decimal(hours_ago)
    chart.administration(product, {"effectivePeriod": chart.period(begun, begun - Decimal("0.5"))}, {})


def infusion(chart: Chart, drug: Code, unit: str, rates: Iterable[Rate]) -> list[Json]:
    """One administration for each rate; the last one runs now unless its rate is "0"."""
    steps = [*rates]
    written = [
        _segment(chart, drug, unit, rate, chart.period(start, end))
        for (start, rate), (end, _) in pairwise(steps)
    ]
    start, rate = steps[-1]
    if rate != "0":
        written.append(_segment(chart, drug, unit, rate, chart.period(start)))
    return written


def _segment(chart: Chart, drug: Code, unit: str, rate: str, effective: Json) -> Json:
    amount = quantity(rate, unit)
    return chart.administration(
        drug,
        {"effectivePeriod": effective},
        {
            "text": f"{rate} {amount['unit']} intravenous infusion",
            "route": codeable(codes.INTRAVENOUS),
            "rateQuantity": amount,
        },
        "completed" if "end" in effective else "in-progress",
    )


def contain_medication(administrations: Iterable[Json]) -> None:
    """Moves the drug's code into a contained Medication, as pharmacy systems send it."""
    for resource in administrations:
        drug = resource.pop("medicationCodeableConcept")
        resource["contained"] = [{"resourceType": "Medication", "id": "drug", "code": drug}]
        resource["medicationReference"] = {"reference": "#drug", "display": drug["text"]}
