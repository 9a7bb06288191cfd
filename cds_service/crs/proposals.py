"""The orders that a row of advice offers: never what is active, just given, or without an exact dose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from cds_service.crs.case import Case
from cds_service.crs.evidence import Value
from cds_service.crs.regimen import Advice
from cds_service.crs.situation_drugs import taper_over
from cds_service.crs.steroids import Course, doses_left, milligrams, total
from fhir_mappings.facts import ProposedOrder, Quantity, Route

Orders = tuple[ProposedOrder, ...]


class When(NamedTuple):
    """How often, how many doses, and from when on; None is once, without an end, now."""

    every: timedelta | None = None
    doses: int | None = None
    start: datetime | None = None


def proposals(row: Advice, case: Case, values: Mapping[str, Value]) -> Orders:
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


def _drug(name: str, drug: str, milligrams: Decimal, case: Case, when: When | None = None) -> Orders:
    """An intravenous drug; nothing where it has no code to order it by."""
    table, repeat = case.picture.guideline.orders, when or When()
    item, route = table.orders.get(drug), table.routes.get(Route.INTRAVENOUS)
    if item is None or not item.codings or route is None:
        return ()
    order = ProposedOrder(
        name,
        item.codings,
        item.display,
        table.reason,
        dose=Quantity(milligrams, "mg"),
        route=route,
        duration=case.picture.guideline.drugs[drug].infusion,
        interval=repeat.every,
        count=repeat.doses,
        start=repeat.start,
    )
    return (order,)


def _tocilizumab(case: Case) -> Orders:
    """One infusion, now: only where history, age and weight allow it."""
    given = case.ledger
    if given.dose is None or given.unknown or given.under_age is not False or given.all_given:
        return ()
    if given.next_possible is None or given.next_possible > case.as_of or case.ordered("tocilizumab"):
        return ()
    return _drug("tocilizumab", "tocilizumab", given.dose.milligrams, case)


def _steroid(name: str, case: Case) -> Orders:
    """A steroid of adults that is not ordered, from when the last dose has run its interval."""
    steroid = case.picture.guideline.regimen.steroids[name]
    if _not_offered(steroid.drug, case):
        return ()
    if steroid.drug == "dexamethasone" and case.ordered("methylprednisolone") is not None:
        return ()
    start = _start(steroid.drug, steroid.dose, steroid.every, case)
    if start is None:
        return ()
    return _drug(name, steroid.drug, steroid.dose, case, When(steroid.every, start=start[0]))


def _taper(case: Case) -> Orders:
    """What is left of the step of the day."""
    taper, steps = case.taper, case.picture.guideline.regimen.taper
    offered = taper.course in (Course.NOT_BEGUN, Course.RUNNING) and not taper_over(case)
    if not offered or _not_offered("methylprednisolone", case):
        return ()
    left = doses_left(taper, steps)
    start = _start("methylprednisolone", taper.step.dose, taper.step.every, case)
    if left == 0 or start is None:
        return ()
    when = When(taper.step.every, left, start[0])
    return _drug("methylprednisolone", "methylprednisolone", taper.step.dose, case, when)


def _not_offered(drug: str, case: Case) -> bool:
    """Ordered already, over a history with a hole, or for whom the sources give no dose."""
    return case.ordered(drug) is not None or bool(case.steroids.unknown) or not case.is_adult


def _start(drug: str, dose: Decimal, every: timedelta, case: Case) -> tuple[datetime | None] | None:
    """From when on: now (None), or after the interval of what was given; nothing where that is unclear."""
    given = [d for d in case.steroids.last_day if d.drug == drug and case.as_of - d.start < every]
    if any(milligrams(each) is None for each in given):
        return None
    return (given[-1].start + every,) if given and total(given) >= dose else (None,)
