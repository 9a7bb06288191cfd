"""What could be signed instead of an order with problems (DL-13): only what itself passes every check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from cds_service.crs.dosing import dose_for
from cds_service.crs.evidence import Correction, Problem
from cds_service.crs.ledger import next_possible
from cds_service.crs.limits import Bench, is_steroid
from fhir_mappings.facts import Order, OrderedDose, Quantity, Route

BARRED = frozenset({"DL-5", "DL-6", "DL-8", "DL-11"})
"""No dose repairs these."""
SAID_ONLY = frozenset({"TX-5", "TX-18", "GR-7"})
"""To be known; an order may be signed all the same."""
Recheck = Callable[[Bench], list[Problem]]


def correction(bench: Bench, problems: Sequence[Problem], recheck: Recheck) -> Correction | None:
    """The repaired order, or None where nothing is to repair or nothing repairs it."""
    rules = {problem.rule for problem in problems}
    offered = any(problem.code == "dose-offered" for problem in problems)
    if not (rules - SAID_ONLY or offered):
        return None
    found = _steroid(bench) if is_steroid(bench.order) else _candidates(bench, rules)
    return next((each for each in found if passes(each, bench, recheck)), None)


def passes(each: Correction, bench: Bench, recheck: Recheck) -> bool:
    """Whether the corrected order has no problem left that a dose could have."""
    return {problem.rule for problem in recheck(replace(bench, order=applied(each, bench)))} <= SAID_ONLY


def applied(each: Correction, bench: Bench) -> Order:
    """The order as it would be once corrected."""
    dose = OrderedDose(
        dose=Quantity(each.milligrams, "mg"),
        mass=Quantity(each.milligrams, "mg"),
        route=Route.INTRAVENOUS,
        start=each.start,
        interval=each.interval,
        count=each.count,
    )
    return replace(bench.order, doses=(dose,), product="")


def _candidates(bench: Bench, rules: set[str]) -> Iterable[Correction]:
    """As it was ordered but for what is wrong; then a single dose."""
    milligrams = _milligrams(bench, rules)
    if milligrams is None or rules & (BARRED - {"DL-5"}):
        return ()
    start = _start(bench)
    once = Correction(milligrams, start, count=1, duration=bench.table.infusion)
    repeating = [dose for dose in bench.order.doses if dose.interval is not None]
    left = _left(bench)
    if not repeating or bench.table.interval is None or left < 1:
        return (once,)
    every = max(repeating[0].interval or bench.table.interval, bench.table.interval)
    count = min(repeating[0].count or left, left)
    return (replace(once, interval=every, count=count), once) if count > 1 else (once,)


def _left(bench: Bench) -> int:
    most = bench.table.total if bench.table.total is not None else 1
    return most - len(bench.ledger.counted) - len(bench.others)


def _milligrams(bench: Bench, rules: set[str]) -> Decimal | None:
    """The dose by weight where the amount is wrong or not known, else the amount ordered."""
    amount = bench.events[0].amount if bench.events else None
    known = amount.high if amount is not None and amount.low == amount.high else None
    if known is not None and not rules & {"DL-1", "DL-2", "DL-9", "DL-10"}:
        return known
    reading = bench.ledger.weight.reading
    if reading is None or bench.ledger.weight.reason or not bench.table.bands:
        return None
    return dose_for(bench.table, reading.value).milligrams


def _start(bench: Bench) -> datetime | None:
    """The earliest time that interval and rolling window allow; None is now."""
    doses = [*bench.ledger.counted, *(d for d in bench.ledger.recent if d not in bench.ledger.counted)]
    wished = max((bench.events[0].time if bench.events else bench.as_of), bench.as_of)
    possible = next_possible(sorted(doses, key=lambda d: d.start), bench.table, wished)
    return possible if possible > bench.as_of else None


def _steroid(bench: Bench) -> Iterable[Correction]:
    """The dose and the interval brought down to what the regimen has at most."""
    dose = next((d for d in bench.order.doses), None)
    high = bench.events[0].amount.high if bench.events else None
    if dose is None or high is None:
        return
    most = bench.table.per_dose
    milligrams = min(high, most) if most is not None else high
    if bench.table.per_day is None:
        return
    if most is None and milligrams * 2 > bench.table.per_day:
        milligrams = bench.table.per_day / 2
    times = int(bench.table.per_day / milligrams)
    every = timedelta(hours=24) / min(times, 24)
    wished = dose.interval if dose.interval and dose.interval > every else every
    yield Correction(milligrams, dose.start, interval=wished if dose.interval else None, count=dose.count)
