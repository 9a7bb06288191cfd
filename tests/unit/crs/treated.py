"""What is given, weighed and ordered, beyond the builders of the grade's charts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from fhir_mappings.facts import (
    Administration,
    Concept,
    DrugGroup,
    Order,
    OrderedDose,
    Quantity,
    Reading,
    Route,
)
from tests.builders import Hours, at

GROUPS = {
    "dexamethasone": DrugGroup.STEROID,
    "methylprednisolone": DrugGroup.STEROID,
    "hydrocortisone": DrugGroup.STEROID,
    "sodium-chloride": DrugGroup.FLUID,
}
Amount = int | str | Decimal | None


def weight(kilograms: int | str | Decimal, hours: Hours) -> Reading:
    return Reading(Concept.WEIGHT, Decimal(kilograms), "kg", at(hours), f"Observation/weight{hours}")


def laboratory(concept: Concept, value: int | str | Decimal, hours: Hours) -> Reading:
    return Reading(concept, Decimal(value), "", at(hours), f"Observation/{concept}{hours}")


def dose(
    drug: str,
    amount: Amount,
    hours: Hours,
    *,
    unit: str = "mg",
    route: Route = Route.INTRAVENOUS,
    status: str = "completed",
    certain: bool = True,
) -> Administration:
    """One charted dose; the amount as given, and the same in mg where it is mg."""
    given = None if amount is None else Quantity(Decimal(amount), unit)
    return Administration(
        drug=drug,
        groups=frozenset({GROUPS[drug]}),
        start=at(hours),
        reference=f"MedicationAdministration/{drug}{hours}",
        point=True,
        status=status,
        dose=given,
        mass=given,
        route=route,
        certain=certain,
    )


def tocilizumab_dose(
    amount: Amount,
    hours: Hours,
    *,
    unit: str = "mg",
    route: Route = Route.INTRAVENOUS,
    status: str = "completed",
    certain: bool = True,
) -> Administration:
    any_drug = dose("dexamethasone", amount, hours, unit=unit, route=route, status=status, certain=certain)
    return replace(
        any_drug,
        drug="tocilizumab",
        groups=frozenset({DrugGroup.ANTICYTOKINE, DrugGroup.TOCILIZUMAB}),
        reference=f"MedicationAdministration/tocilizumab{hours}",
    )


def order(
    drug: str,
    hours: Hours | None,
    *,
    status: str = "active",
    routes: tuple[Route, ...] = (Route.INTRAVENOUS,),
) -> Order:
    group = DrugGroup.TOCILIZUMAB if drug == "tocilizumab" else GROUPS[drug]
    return Order(
        drug=drug,
        groups=frozenset({group}),
        reference=f"MedicationRequest/{drug}{hours}",
        status=status,
        intent="order",
        authored=None if hours is None else at(hours),
        doses=tuple(OrderedDose(route=route) for route in routes),
    )
