"""The limits of a drug that is dosed by weight, counted or spaced (DL-1 to DL-11).

Exactly at a limit is allowed. Every check yields the problems it finds; none knows of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from cds_service.crs.bench import Bench
from cds_service.crs.evidence import Problem, Value
from cds_service.crs.ledger import is_under_age, next_possible
from cds_service.crs.order_events import is_endless
from cds_service.crs.whole_minutes import up_to_minute
from fhir_mappings.facts import Concept, Order, OrderedDose, Route

HUNDRED = Decimal(100)


def amounts(bench: Bench) -> Iterator[Problem]:
    """Above the dose by weight, above the limit of one dose, below the dose by weight (DL-1, DL-2, DL-10)."""
    high = max((e.amount.high for e in bench.events if e.amount.high is not None), default=None)
    low = min((e.amount.low for e in bench.events if e.amount.low is not None), default=None)
    cap, reference = bench.table.per_dose, bench.reference_dose
    if high is not None and cap is not None and high > cap:
        yield Problem("DL-2", "above-cap", {"dose": high, "limit": cap})
    if reference is None:
        yield from _by_rate(bench)
        return
    tolerance = bench.table.tolerance or Decimal(0)
    if high is not None and high > reference * (1 + tolerance / HUNDRED):
        yield Problem("DL-1", "above-weight-dose", {"dose": high, "expected": reference})
    if low is not None and low < reference * (1 - tolerance / HUNDRED):
        yield Problem("DL-10", "below-weight-dose", {"dose": low, "expected": reference})


def _by_rate(bench: Bench) -> Iterator[Problem]:
    """Without a weight an order in mg/kg can still be above every band."""
    if not bench.table.bands:
        return
    most = max(band.per_kg for band in bench.table.bands)
    allowed = most * (1 + (bench.table.tolerance or Decimal(0)) / HUNDRED)
    rates = [m.value for d in bench.order.doses for m in (d.mass, d.mass_high) if m and m.unit == "mg/kg"]
    if rates and max(rates) > allowed:
        yield Problem("DL-1", "above-every-band", {"rate": max(rates), "limit": most})


def interval(bench: Bench) -> Iterator[Problem]:
    """Too soon after a dose given or ordered, or the order's own doses too close (DL-3)."""
    least, last = bench.table.interval, bench.ledger.last
    if least is None or not bench.events:
        return
    if last is not None and bench.events[0].time - last.start < least:
        possible = next_possible(bench.given or [last], bench.table, bench.as_of)
        yield Problem(
            "DL-3", "too-early", {"last": last.start, "from": up_to_minute(possible), "least": least}
        )
    near = [d for e in bench.events for d in bench.others if abs(e.time - d.time) < least]
    if near:
        yield Problem("DL-3", f"near-another-{near[0].kind}", {"time": near[0].time, "least": least})
    times = [event.time for event in bench.events]
    gap = min((later - sooner for sooner, later in pairwise(times)), default=least)
    if gap < least:
        yield Problem("DL-3", "own-interval", {"interval": gap, "least": least})


def rolling_window(bench: Bench) -> Iterator[Problem]:
    """More doses in some window than it may hold, a dose of this order among them (DL-4)."""
    rule = bench.table.in_window
    if rule is None:
        return
    own = [event.time for event in bench.events]
    before = [*(dose.start for dose in bench.given), *(due.time for due in bench.others)]
    for end in sorted([*own, *before]):
        mine = [time for time in own if timedelta(0) <= end - time < rule.window]
        others = [time for time in before if timedelta(0) <= end - time < rule.window]
        if mine and len(mine) + len(others) > rule.most:
            values: dict[str, Value] = {"count": len(others), "most": rule.most, "window": rule.window}
            if not bench.others and len(others) == rule.most:
                possible = next_possible(bench.given, bench.table, bench.as_of)
                values["from"] = up_to_minute(possible)
            yield Problem("DL-4", "window-full" if "from" in values else "window-exceeded", values)
            return


def total(bench: Bench) -> Iterator[Problem]:
    """More doses in all than the episode may have (DL-5)."""
    most = bench.table.total
    if most is None:
        return
    given, others, own = len(bench.ledger.counted), len(bench.others), len(bench.events)
    if given + others + own <= most:
        return
    values: dict[str, Value] = {"given": given, "ordered": others + own, "most": most}
    code = "all-given" if given >= most else "without-end" if is_endless(bench.order) else "total-exceeded"
    yield Problem("DL-5", code, values)


def age(bench: Bench) -> Iterator[Problem]:
    """Below the labelled age when the first dose is due (DL-6)."""
    years = bench.table.age
    if years is not None and is_under_age(bench.situation.facts.birth_date, years, _first_day(bench)):
        yield Problem("DL-6", "under-age", {"years": years})


def _first_day(bench: Bench) -> date:
    return (bench.events[0].time if bench.events else bench.as_of).date()


def route(bench: Bench) -> Iterator[Problem]:
    """A route, or a product of a route, that is not for this use (DL-7)."""
    allowed = bench.table.routes
    for dose in bench.order.doses if allowed else ():
        if dose.route is not Route.UNSPECIFIED and dose.route not in allowed:
            yield Problem("DL-7", "wrong-route", {"route": dose.route.value, "product": bench.order.product})
            return
        if "route-conflict" in dose.problems:
            yield Problem("DL-7", "wrong-product", {"product": bench.order.product})
            return


def weight(bench: Bench) -> Iterator[Problem]:
    """No weight to hold the dose against (DL-8)."""
    found = bench.ledger.weight
    by_weight = any(d.mass is not None and d.mass.unit == "mg/kg" for d in bench.order.doses)
    if not found.reason or not (bench.table.bands or by_weight):
        return
    values: dict[str, Value] = {"reason": found.reason}
    if found.reading is not None:
        values |= {"weight": found.reading.value, "time": found.reading.time}
    if found.other is not None:
        values |= {"other": found.other.value, "other-time": found.other.time}
    code = "weight-left-out" if found.reason == "missing" and _left_out(bench) else "weight-doubtful"
    yield Problem("DL-8", code, values)


def _left_out(bench: Bench) -> bool:
    """A weight is charted that could not be used: implausible, without a unit."""
    return any(i.concept == Concept.WEIGHT and i.left_out for i in bench.situation.facts.issues)


NOT_AMOUNTS = ("rate-", "route-", "timing-")


def readable(bench: Bench) -> Iterator[Problem]:
    """A dose that cannot be read, or a timing or route that is written and not understood (DL-9)."""
    problems = [p for dose in bench.order.doses for p in dose.problems]
    unread = next((p for p in problems if not p.startswith(NOT_AMOUNTS)), None)
    if unread is None and any(dose.mass is None for dose in bench.order.doses):
        unread = "dose-not-convertible"
    timing = next((p for p in problems if p.startswith("timing-")), None)
    strange = "route-not-understood" if "route-not-understood" in problems else None
    needed = (
        "as-needed-without-interval"
        if any(_is_unlimited(d, bench.order) for d in bench.order.doses)
        else None
    )
    for code in (unread, timing, strange, needed):
        if code is not None:
            yield Problem("DL-9", code)


def _is_unlimited(dose: OrderedDose, order: Order) -> bool:
    """As needed with nothing that keeps it apart from the next dose, or from the others of the order.

    An interval does, after one dose that is scheduled: "again after 8 h if needed".
    """
    if not dose.as_needed:
        return False
    others = [other for other in order.doses if other is not dose]
    if dose.interval is None:
        return dose.count != 1 or bool(others)
    return not all(_is_one(other) for other in others)


def _is_one(dose: OrderedDose) -> bool:
    return not dose.as_needed and (dose.count == 1 or (dose.count is None and dose.interval is None))


def duplicates(bench: Bench) -> Iterator[Problem]:
    """The same drug twice in the drafts, or against an active order (DL-11)."""
    if bench.pending:
        authored = min((o.authored for o in bench.pending if o.authored is not None), default=None)
        values: dict[str, Value] = {"authored": authored} if authored else {}
        sure = any(order.status == "active" for order in bench.pending)
        yield Problem("DL-11", "ordered-already" if sure else "ordered-perhaps", values)
    if bench.drafts:
        yield Problem("DL-11", "drafted-twice")


def history(bench: Bench) -> Iterator[Problem]:
    """What was given is not all known: interval and totals cannot be held against it (GR-7)."""
    counts = bench.table.interval or bench.table.total or bench.table.in_window
    if counts and bench.ledger.unknown:
        yield Problem("GR-7", "history-unknown", {"reason": bench.ledger.unknown})


def remarks(bench: Bench) -> Iterator[Problem]:
    """To be known before signing, no limit broken: the age is not known, the label is not confirmed."""
    years, kilograms = bench.table.age, bench.ledger.weight
    known = is_under_age(bench.situation.facts.birth_date, years, _first_day(bench))
    heavy = kilograms.reading is not None and not kilograms.reason and not _is_light(bench)
    if years is not None and known is None and not heavy:
        yield Problem("GR-7", "age-unknown", {"years": years})
    if any(name in bench.order.product for name in bench.table.check_label):
        yield Problem("TX-22", "check-label", {"product": bench.order.product})


def _is_light(bench: Bench) -> bool:
    """In a weight band below the top one: perhaps a small child."""
    edges = [band.below for band in bench.table.bands if band.below is not None]
    return any(bench.ledger.weight.kilograms < edge for edge in edges)
