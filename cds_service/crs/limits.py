"""The limits of an order, each against what was given, what is ordered and the other drafts (DL-1 to DL-12).

Exactly at a limit is allowed. Every check yields the problems it finds; none knows of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

from cds_service.crs.dosing import dose_for
from cds_service.crs.drug_table import DrugTable
from cds_service.crs.evidence import Problem, Value
from cds_service.crs.guideline import Guideline
from cds_service.crs.ledger import Ledger, is_under_age
from cds_service.crs.order_events import Event, events, per_day
from fhir_mappings.facts import Administration, DrugGroup, Order, PatientFacts, Route

HUNDRED = Decimal(100)
VEINS = (Route.INTRAVENOUS, Route.UNSPECIFIED)


@dataclass(frozen=True)
class Bench:
    """One draft order with everything that it is held against."""

    order: Order
    table: DrugTable
    facts: PatientFacts
    guideline: Guideline
    ledger: Ledger
    """Of this drug: doses given that count, weight, age."""
    pending: tuple[Order, ...]
    """Active orders for the same drug of which no dose was charted since."""
    drafts: tuple[Order, ...]
    """The other drafts for the same drug."""
    as_of: datetime

    @cached_property
    def events(self) -> list[Event]:
        return events(self.order, self.ledger.weight, self.as_of)

    @cached_property
    def others(self) -> list[datetime]:
        """When the same drug is due by other orders, active or draft."""
        orders = (*self.pending, *self.drafts)
        return sorted(
            event.time for order in orders for event in events(order, self.ledger.weight, self.as_of)
        )

    @cached_property
    def reference_dose(self) -> Decimal | None:
        """The dose by weight in mg, capped; None where there is none to compare with."""
        reading = self.ledger.weight.reading
        if not self.table.bands or reading is None or self.ledger.weight.reason:
            return None
        exact = dose_for(self.table, reading.value).exact
        return min(exact, self.table.per_dose) if self.table.per_dose is not None else exact


def amounts(bench: Bench) -> Iterator[Problem]:
    """Above the dose by weight, above the limit of one dose, below the dose by weight (DL-1, DL-2, DL-10)."""
    highs = [event.amount.high for event in bench.events if event.amount.high is not None]
    lows = [event.amount.low for event in bench.events if event.amount.low is not None]
    cap, reference, tolerance = (
        bench.table.per_dose,
        bench.reference_dose,
        bench.table.tolerance or Decimal(0),
    )
    high, low = max(highs, default=None), min(lows, default=None)
    if high is not None and cap is not None and high > cap:
        yield Problem("DL-2", "above-cap", {"dose": high, "limit": cap})
    if reference is None:
        yield from _by_rate(bench, tolerance)
        return
    if high is not None and high > reference * (1 + tolerance / HUNDRED):
        yield Problem("DL-1", "above-weight-dose", {"dose": high, "expected": reference})
    if low is not None and low < reference * (1 - tolerance / HUNDRED):
        yield Problem("DL-10", "below-weight-dose", {"dose": low, "expected": reference})


def _by_rate(bench: Bench, tolerance: Decimal) -> Iterator[Problem]:
    """Without a weight an order in mg/kg can still be above every band."""
    if not bench.table.bands:
        return
    most = max(band.per_kg for band in bench.table.bands) * (1 + tolerance / HUNDRED)
    rates = [m.value for d in bench.order.doses for m in (d.mass, d.mass_high) if m and m.unit == "mg/kg"]
    if rates and max(rates) > most:
        yield Problem("DL-1", "above-every-band", {"rate": max(rates), "limit": most})


def interval(bench: Bench) -> Iterator[Problem]:
    """Too soon after a dose given or ordered, or the order's own doses too close (DL-3)."""
    least = bench.table.interval
    if least is None or not bench.events:
        return
    first = bench.events[0].time
    last = bench.ledger.last
    if last is not None and first - last.start < least:
        yield Problem("DL-3", "too-early", {**_last(last), "from": last.start + least, "least": least})
    near = [time for time in bench.others if abs(first - time) < least]
    if near:
        yield Problem("DL-3", "near-another-order", {"time": near[0], "least": least})
    gaps = [later.time - sooner.time for sooner, later in zip(bench.events, bench.events[1:], strict=False)]
    if gaps and min(gaps) < least:
        yield Problem("DL-3", "own-interval", {"interval": min(gaps), "least": least})


def _last(dose: Administration) -> dict[str, Value]:
    mass = dose.mass if dose.mass is not None and dose.mass.unit == "mg" else None
    known: dict[str, Value] = {"given": mass.value} if mass else {}
    return {"last": dose.start, **known}


def rolling_window(bench: Bench) -> Iterator[Problem]:
    """More doses in the rolling window than allowed (DL-4)."""
    rule = bench.table.in_window
    if rule is None:
        return
    given = [dose.start for dose in (*bench.ledger.counted, *bench.ledger.recent)]
    known = sorted({*given})
    for event in bench.events:
        before = [t for t in (*known, *bench.others) if timedelta(0) <= event.time - t < rule.window]
        own = [e.time for e in bench.events if timedelta(0) <= event.time - e.time < rule.window]
        if len(before) + len(own) > rule.most:
            yield Problem(
                "DL-4", "window-full", {"count": len(before), "most": rule.most, "window": rule.window}
            )
            return


def history(bench: Bench) -> Iterator[Problem]:
    """What was given is not all known: interval and totals cannot be held against it (GR-7)."""
    counts = bench.table.interval or bench.table.total or bench.table.in_window
    if counts and bench.ledger.unknown:
        yield Problem("GR-7", "history-unknown", {"reason": bench.ledger.unknown})


def total(bench: Bench) -> Iterator[Problem]:
    """More doses in all than the episode may have (DL-5)."""
    most = bench.table.total
    if most is None:
        return
    given, ordered = len(bench.ledger.counted), len(bench.others)
    if given + ordered + len(bench.events) > most:
        yield Problem("DL-5", "total-exceeded", {"given": given, "ordered": ordered, "most": most})


def age(bench: Bench) -> Iterator[Problem]:
    """Below the labelled age (DL-6)."""
    years = bench.table.age
    if years is not None and is_under_age(bench.facts.birth_date, years, bench.as_of.date()):
        yield Problem("DL-6", "under-age", {"years": years})


def route(bench: Bench) -> Iterator[Problem]:
    """A route, or a product of a route, that is not for this use (DL-7)."""
    allowed = bench.table.routes
    for dose in bench.order.doses if allowed else ():
        if dose.route is not Route.UNSPECIFIED and dose.route not in allowed:
            product = {"product": bench.order.product} if bench.order.product else {}
            yield Problem("DL-7", "wrong-route", {"route": dose.route.value, **product})
            return


def weight(bench: Bench) -> Iterator[Problem]:
    """No weight to hold the dose against (DL-8)."""
    found = bench.ledger.weight
    if bench.table.bands and found.reason:
        values: dict[str, Value] = {"reason": found.reason}
        if found.reading is not None:
            values |= {"weight": found.reading.value, "time": found.reading.time}
        if found.other is not None:
            values |= {"other": found.other.value, "other-time": found.other.time}
        yield Problem("DL-8", "weight-doubtful", values)


NOT_AMOUNTS = ("rate-", "route-", "timing-")


def readable(bench: Bench) -> Iterator[Problem]:
    """A dose that cannot be read, or a timing that hides when it is due (DL-9)."""
    problems = [p for dose in bench.order.doses for p in dose.problems]
    unread = [p for p in problems if not p.startswith(NOT_AMOUNTS)]
    if unread:
        yield Problem("DL-9", unread[0])
    elif not unread and any(dose.mass is None for dose in bench.order.doses):
        yield Problem("DL-9", "dose-not-convertible", _charted(bench.order))
    timing = next((p for p in problems if p.startswith("timing-")), None)
    if timing is not None:
        yield Problem("DL-9", timing)


def _charted(order: Order) -> dict[str, Value]:
    dose = next((d.dose for d in order.doses if d.dose is not None), None)
    return {"dose": dose.value, "unit": dose.unit} if dose else {}


def duplicates(bench: Bench) -> Iterator[Problem]:
    """The same drug twice in the drafts, or against an active order (DL-11)."""
    if bench.pending:
        authored = bench.pending[0].authored
        yield Problem("DL-11", "ordered-already", {"authored": authored} if authored else {})
    if bench.drafts:
        yield Problem("DL-11", "drafted-twice")


def steroid(bench: Bench) -> Iterator[Problem]:
    """A steroid beyond every regimen of the guideline (DL-12)."""
    highs = [event.amount.high for event in bench.events if event.amount.high is not None]
    most, daily = bench.table.per_dose, bench.table.per_day
    if highs and most is not None and max(highs) > most:
        yield Problem("DL-12", "steroid-dose", {"dose": max(highs), "limit": most})
    amount = per_day(bench.order, bench.ledger.weight)
    if amount is not None and daily is not None and amount > daily:
        yield Problem("DL-12", "steroid-day", {"dose": amount, "limit": daily})


def is_steroid(order: Order) -> bool:
    return DrugGroup.STEROID in order.groups
