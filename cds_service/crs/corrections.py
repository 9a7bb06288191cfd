"""What could be signed instead of an order with problems (DL-13): only what itself passes every check."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from cds_service.crs.bench import Bench, is_steroid
from cds_service.crs.dosing import dose_for
from cds_service.crs.evidence import Correction, Problem
from cds_service.crs.ledger import next_possible
from cds_service.crs.order_events import DAY
from cds_service.crs.whole_minutes import minutes_up, up_to_minute
from fhir_mappings.facts import Order, OrderedDose, Quantity, Route

BARRED = frozenset({"DL-6", "DL-8", "DL-11", "TX-17"})
"""No dose repairs these."""
SAID_ONLY = frozenset({"TX-5", "TX-18", "TX-22", "GR-7"})
"""To be known; an order may be signed all the same."""
STAYS = frozenset({"modifier-extension", "dose-of-combination"})
"""What another dosage does not mend: the order says more than can be understood."""
AMOUNTS = frozenset({"DL-1", "DL-2", "DL-10"})
"""After these the amount that was ordered is not kept."""
TIMES_A_DAY = tuple(timedelta(hours=hours) for hours in (1, 2, 3, 4, 6, 8, 12, 24))
"""Intervals that a ward keeps."""
Recheck = Callable[[Bench], list[Problem]]


def correction(
    bench: Bench, problems: Sequence[Problem], recheck: Recheck, *, offered: bool
) -> Correction | None:
    """The repaired order, or None where nothing is to repair or nothing repairs it.

    ``offered``: the order is still put together and has no dose.
    """
    rules = {problem.rule for problem in problems}
    if not (rules - SAID_ONLY or offered) or rules & BARRED or _stays(bench.order):
        return None
    found = _steroid(bench) if is_steroid(bench.order) else _candidates(bench, rules)
    return next((each for each in found if passes(each, bench, recheck)), None)


def _stays(order: Order) -> bool:
    return any(STAYS.intersection(dose.problems) for dose in order.doses)


def passes(each: Correction, bench: Bench, recheck: Recheck) -> bool:
    """Whether the corrected order has no problem left that a dose could have."""
    return {problem.rule for problem in recheck(replace(bench, order=applied(each, bench)))} <= SAID_ONLY


def applied(each: Correction, bench: Bench) -> Order:
    """The order as it would be once corrected."""
    dose = OrderedDose(
        dose=Quantity(each.milligrams, "mg"),
        mass=Quantity(each.milligrams, "mg"),
        route=each.route,
        start=each.start,
        interval=each.interval,
        count=each.count,
    )
    return replace(bench.order, doses=(dose,))


def _candidates(bench: Bench, rules: set[str]) -> Iterator[Correction]:
    """As it was ordered but for what is wrong; then a single dose."""
    milligrams, left = _milligrams(bench, rules), _left(bench)
    if milligrams is None or (left is not None and left < 1):
        return
    once = Correction(milligrams, _start(bench), count=1, duration=bench.table.infusion, route=_route(bench))
    begin = once.start or bench.as_of
    ends = [dose.until for dose in bench.left.doses]
    if all(end is not None and end < begin for end in ends):
        return
    repeating = next((dose for dose in bench.left.doses if _is_course(dose)), None)
    if repeating is not None and repeating.interval is not None:
        every = max(minutes_up(repeating.interval), bench.table.interval or timedelta(0))
        fitting = None if repeating.until is None else (repeating.until - begin) // every + 1
        most = min((n for n in (repeating.count, left, fitting) if n is not None), default=None)
        if most is None or most > 1:
            yield replace(once, interval=every, count=most)
    yield once


def _is_course(dose: OrderedDose) -> bool:
    """Whether an interval says all of its times. What is given as needed never becomes a course that is
    given in any case, nor listed hours one that gives more in a day, nor does an unclear timing.
    """
    unclear = any(problem.startswith("timing-") for problem in dose.problems)
    even = dose.daily is None or (dose.count is not None and dose.count <= dose.daily)
    return dose.interval is not None and not dose.as_needed and even and not unclear


def _route(bench: Bench) -> Route:
    """As ordered where that is allowed, else by the vein."""
    allowed = bench.table.routes or frozenset(Route)
    ordered = {dose.route for dose in bench.order.doses} - {Route.UNSPECIFIED}
    if len(ordered) == 1 and ordered <= allowed:
        return ordered.pop()
    return Route.INTRAVENOUS if Route.INTRAVENOUS in allowed else min(allowed)


def _left(bench: Bench) -> int | None:
    """How many doses the total still allows."""
    if bench.table.total is None:
        return None
    return bench.table.total - len(bench.ledger.counted) - len(bench.others)


def _milligrams(bench: Bench, rules: set[str]) -> Decimal | None:
    """The amount ordered; where it is wrong or not known, the dose by weight."""
    amounts = {event.amount for event in bench.events}
    highs = [a.high for a in amounts if a.high is not None and a.low is not None]
    kept = min(highs) if len(highs) == len(amounts) and highs and not rules & AMOUNTS else None
    if kept is not None and {(kept, kept)} == amounts:
        return kept
    weight = bench.ledger.weight
    if weight.reading is None or weight.reason or not bench.table.bands:
        return None
    expected = dose_for(bench.table, weight.kilograms).milligrams
    # Of a range, or of doses that differ, never more than any of them may be.
    return expected if kept is None else min(expected, kept)


def _start(bench: Bench) -> datetime | None:
    """The earliest time that interval and rolling window allow, to the minute; None is now."""
    wished = bench.events[0].time if bench.events else bench.as_of
    possible = next_possible(bench.given, bench.table, wished)
    return up_to_minute(possible) if possible > bench.as_of else None


def _steroid(bench: Bench) -> Iterator[Correction]:
    """The dose and the interval brought down to what the regimen has at most."""
    amounts = {event.amount.high for event in bench.events}
    daily, most = bench.table.per_day, bench.table.per_dose
    dose = _one_schedule(bench.left.doses)
    if dose is None or daily is None or len(amounts) != 1:
        return
    high = amounts.pop()
    if high is None or high <= 0:
        return
    milligrams = min(high, most if most is not None else daily / 2)
    if dose.interval is None:
        yield Correction(milligrams, dose.start, count=dose.count or 1, route=dose.route)
        return
    for every in TIMES_A_DAY:
        if every >= dose.interval and milligrams * (DAY // every) <= daily:
            yield Correction(milligrams, dose.start, every, dose.count, route=dose.route)
            return


def _one_schedule(doses: Sequence[OrderedDose]) -> OrderedDose | None:
    """The dosage whose times all of them share; None where they differ."""
    schedules = {(d.start, d.until, d.interval, d.count, d.route, d.as_needed) for d in doses}
    first = doses[0]
    whole = first.until is None and not first.as_needed and all(map(_is_plain, doses))
    return first if len(schedules) == 1 and whole else None


def _is_plain(dose: OrderedDose) -> bool:
    return dose.interval is None or _is_course(dose)
