"""When and how much an order would give: single events, exact in mg where weight and unit allow (DL-9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from cds_service.crs.weight import Weight
from fhir_mappings.facts import Order, OrderedDose, Quantity

DAY = timedelta(days=1)
OPEN_ENDED = 20
"""Doses looked at of an order that goes on without an end: more than any limit counts."""


class Amount(NamedTuple):
    """From ``low`` to ``high`` mg (equal but for a range); None where weight or unit does not tell."""

    low: Decimal | None
    high: Decimal | None


class Event(NamedTuple):
    """One time at which the order gives something; doses of one time are one event."""

    time: datetime
    amount: Amount


def events(order: Order, weight: Weight, as_of: datetime, spacing: timedelta = DAY) -> list[Event]:
    """The order's doses by time, none before ``as_of``; ``spacing`` where several have no interval."""
    found: dict[datetime, list[Amount]] = {}
    for dose in order.doses:
        for time in () if dose.as_needed else _times(dose, as_of, spacing):
            found.setdefault(time, []).append(amount_of(dose, weight))
    scheduled = [Event(time, _sum(found[time])) for time in sorted(found)]
    return sorted([*scheduled, *_as_needed(order, weight, as_of, spacing)], key=lambda event: event.time)


def _as_needed(order: Order, weight: Weight, as_of: datetime, spacing: timedelta) -> Iterator[Event]:
    """Doses of their own, never a part of one that is scheduled; without a start, after the one that is."""
    scheduled = [time for dose in order.doses if not dose.as_needed for time in _times(dose, as_of, spacing)]
    for dose in order.doses:
        if dose.as_needed:
            after = [time + (dose.interval or spacing) for time in scheduled if dose.start is None]
            first = replace(dose, start=max(after)) if after else dose
            for time in _times(first, as_of, spacing):
                yield Event(time, amount_of(dose, weight))


def _times(dose: OrderedDose, as_of: datetime, spacing: timedelta) -> Iterator[datetime]:
    most = dose.count or (1 if dose.interval is None else OPEN_ENDED)
    if dose.times:
        held = (max(time, as_of) for time in dose.times if dose.until is None or time <= dose.until)
        yield from islice(dict.fromkeys(held), most)
        return
    start = max(dose.start or as_of, as_of)
    for number in range(min(most, OPEN_ENDED)):
        time = start + number * (dose.interval or spacing)
        if number and dose.until is not None and time > dose.until:
            return
        yield time


def amount_of(dose: OrderedDose, weight: Weight) -> Amount:
    low = _capped(dose.mass, dose, weight)
    is_range = dose.mass_high is not None or dose.high is not None
    high = _capped(dose.mass_high, dose, weight) if is_range else low
    also = _capped(dose.also, dose, weight)
    # Told in mg and in mg/kg: what is dispensed may be either, so the larger is held against the limits.
    return Amount(low, max((each for each in (high, also) if each is not None), default=None))


def _capped(mass: Quantity | None, dose: OrderedDose, weight: Weight) -> Decimal | None:
    """A dose by weight is no more than the most that the order allows; an amount in mg is what is ordered."""
    found = milligrams(mass, weight)
    if found is None or mass is None or mass.unit == "mg" or dose.most is None:
        return found
    return min(found, dose.most.value)


def milligrams(mass: Quantity | None, weight: Weight) -> Decimal | None:
    """A mass in mg; by weight only where the weight is not doubtful (DL-8)."""
    if mass is None or mass.unit == "mg":
        return mass.value if mass else None
    if mass.unit != "mg/kg" or weight.reading is None or weight.reason:
        return None
    return mass.value * weight.kilograms


def _sum(amounts: Sequence[Amount]) -> Amount:
    """Doses given at one time are one dose, however the order splits them."""
    lows = [a.low for a in amounts if a.low is not None]
    highs = [a.high for a in amounts if a.high is not None]
    whole = len(lows) == len(highs) == len(amounts)
    # Parts that are known already speak where they alone exceed a limit.
    return Amount(sum(lows, Decimal(0)) if whole else None, sum(highs, Decimal(0)) if highs else None)


def is_endless(order: Order) -> bool:
    """Goes on without an end that the order states."""
    return any(d.interval is not None and d.count is None and d.until is None for d in order.doses)


def per_day(order: Order, weight: Weight) -> Decimal | None:
    """mg in 24 h by the order's own intervals, as far as amounts are known; None where none is."""
    told = [(amount_of(dose, weight).high, times_a_day(dose)) for dose in order.doses]
    known = [high * times for high, times in told if high is not None]
    return sum(known, Decimal(0)) if known else None


def times_a_day(dose: OrderedDose) -> int:
    """How many doses any 24 h can hold: at 0, 8 and 16 h, not at 24."""
    if dose.times:
        most = max(sum(time <= other < time + DAY for other in dose.times) for time in dose.times)
    elif not dose.interval:
        return 1
    else:
        most = min(-(-DAY // dose.interval), dose.daily or OPEN_ENDED * OPEN_ENDED)
    return int(min(most, dose.count)) if dose.count else int(most)
