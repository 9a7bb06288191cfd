"""The orders that a row of advice offers: never what is active, just given, or without an exact dose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from cds_service.crs.evidence import Value
from cds_service.crs.regimen import Advice, Step
from cds_service.crs.situation import Case, taper_over
from fhir_mappings.facts import Administration, ProposedOrder, Quantity, Route


def proposals(row: Advice, case: Case, values: Mapping[str, Value]) -> tuple[ProposedOrder, ...]:
    """What may be ordered for this advice; empty where nothing is to be signed."""
    if not row.order:
        return ()
    if row.order == "tocilizumab":
        return _tocilizumab(case)
    if row.order == "taper":
        return _taper(case)
    if row.order in case.picture.guideline.regimen.steroids:
        return _steroid(row.order, case)
    if row.order == "labs":
        tests = values.get("tests", ())
        panels = {panel.id: panel.order for panel in case.picture.guideline.regimen.labs}
        found = [_service(panels[test], case) for test in tests] if isinstance(tests, tuple) else []
        return tuple(order for order in found if order is not None)
    service = _service(row.order, case)
    return (service,) if service is not None else ()


def _service(name: str, case: Case) -> ProposedOrder | None:
    table = case.picture.guideline.orders
    item = table.orders.get(name)
    if item is None or not item.codings:
        return None
    return ProposedOrder(name, item.codings, item.display, table.reason)


def _drug(
    name: str,
    drug: str,
    milligrams: Decimal,
    case: Case,
    every: timedelta | None = None,
    days: int | None = None,
) -> tuple[ProposedOrder, ...]:
    """An intravenous drug; nothing where it has no code to order it by."""
    table = case.picture.guideline.orders
    item, route = table.orders.get(drug), table.routes.get(Route.INTRAVENOUS)
    if item is None or not item.codings or route is None:
        return ()
    return (
        ProposedOrder(
            name,
            item.codings,
            item.display,
            table.reason,
            dose=Quantity(milligrams, "mg"),
            route=route,
            duration=case.picture.guideline.drugs[drug].infusion,
            interval=every,
            days=days,
        ),
    )


def _tocilizumab(case: Case) -> tuple[ProposedOrder, ...]:
    """One infusion, now: only where history, age and weight allow it."""
    given = case.ledger
    if given.dose is None or given.unknown or given.under_age is not False or given.all_given:
        return ()
    if given.next_possible is None or given.next_possible > case.as_of:
        return ()
    if case.ordered("tocilizumab", given.last.start if given.last else None) is not None:
        return ()
    return _drug("tocilizumab", "tocilizumab", given.dose.milligrams, case)


def _steroid(name: str, case: Case) -> tuple[ProposedOrder, ...]:
    """A steroid that is not ordered, and of which no dose is running its interval."""
    steroid = case.picture.guideline.regimen.steroids[name]
    last = case.steroids.recent.get(steroid.drug)
    if case.ordered(steroid.drug, None) is not None:
        return ()
    if last is not None and case.as_of - last.start < steroid.every and _covers(last, steroid.dose):
        return ()
    return _drug(name, steroid.drug, steroid.dose, case, every=steroid.every)


def _taper(case: Case) -> tuple[ProposedOrder, ...]:
    """The step of the day, unless methylprednisolone is ordered or this step was given in its interval."""
    running = case.steroids.taper
    step: Step = running.step if running else case.picture.guideline.regimen.taper[0]
    left = step.days - running.day_of_step + 1 if running and step.days else step.days
    if taper_over(case) or case.ordered("methylprednisolone", None) is not None:
        return ()
    if running and case.as_of - running.last.start < step.every and _covers(running.last, step.dose):
        return ()
    return _drug("methylprednisolone", "methylprednisolone", step.dose, case, every=step.every, days=left)


def _covers(given: Administration, milligrams: Decimal) -> bool:
    """A dose stands for its interval unless it is known to be less than it should be."""
    return given.mass is None or given.mass.unit != "mg" or given.mass.value >= milligrams
