"""Laws of the dose of tocilizumab: its amount, its vials and its time, against slow and obvious answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product
from math import floor

from hypothesis import example, given
from hypothesis import strategies as st

from cds_service.crs.dosing import dose_for, per_kg, whole_vials
from cds_service.crs.ledger import ledger, next_possible
from cds_service.tables import load_guideline
from tests.builders import NOW, at, chart
from tests.unit.crs.treated import tocilizumab_dose, weight

GUIDELINE = load_guideline("astct-2019")
TABLE = GUIDELINE.drugs["tocilizumab"]
MOST, STEP, TENTH = Fraction(800), Fraction(30), Fraction(1, 10)
EIGHT_HOURS, DAY = timedelta(hours=8), timedelta(hours=24)
WEIGHTS = st.integers(30, 40000).map(lambda hundredths: Decimal(hundredths) / 100)
AMOUNTS = st.integers(1, 8000).map(lambda tenths: Decimal(tenths) / 10)


def by_hand(kilograms: Fraction) -> Fraction:
    """The dose in mg before it is rounded (DL-1, DL-2)."""
    rate = 12 if kilograms < STEP else 8
    return min(rate * kilograms, MOST)


def to_a_tenth(amount: Fraction) -> Fraction:
    """Rounded half up."""
    return Fraction(floor(amount / TENTH + Fraction(1, 2))) * TENTH


@given(WEIGHTS)
@example(Decimal("29.9"))
@example(Decimal("29.99"))
@example(Decimal(30))
@example(Decimal("99.99"))
@example(Decimal(100))
@example(Decimal("100.01"))
def test_the_dose_is_what_a_hand_would_compute(kilograms: Decimal) -> None:
    dose, wanted = dose_for(TABLE, kilograms), by_hand(Fraction(kilograms))
    assert Fraction(dose.milligrams) == to_a_tenth(wanted)
    assert dose.capped == (Fraction(kilograms) > 100)
    assert Fraction(dose.exact) == Fraction(per_kg(TABLE, kilograms)) * Fraction(kilograms)


@given(WEIGHTS)
def test_rounding_crosses_no_limit(kilograms: Decimal) -> None:
    dose = dose_for(TABLE, kilograms)
    assert 0 < dose.milligrams <= 800
    assert abs(Fraction(dose.milligrams) - by_hand(Fraction(kilograms))) <= TENTH / 2
    assert abs(dose.milligrams - min(dose.exact, Decimal(800))) / dose.milligrams <= Decimal("0.1")


@given(st.lists(WEIGHTS, min_size=2, max_size=12))
def test_who_weighs_more_is_given_no_less_within_a_band(weights: list[Decimal]) -> None:
    for lighter, heavier in pairwise(sorted(weights)):
        if (lighter < 30) == (heavier < 30):
            assert dose_for(TABLE, lighter).milligrams <= dose_for(TABLE, heavier).milligrams


def test_every_weight_has_exactly_one_rate() -> None:
    rates = [per_kg(TABLE, Decimal(hundredths) / 100) for hundredths in range(30, 40001)]
    assert rates == [12] * (3000 - 30) + [8] * (40001 - 3000)


ALL_VIALS = [
    (80 * few + 200 * some + 400 * many, few + some + many)
    for few, some, many in product(range(11), range(5), range(3))
    if few + some + many and 80 * few + 200 * some + 400 * many <= 800
]
"""What can be dispensed: the sum in mg, and how many vials."""


@given(AMOUNTS)
@example(Decimal("358.8"))
@example(Decimal(800))
@example(Decimal("72.7"))
@example(Decimal("72.8"))
def test_whole_vials_are_the_nearest_that_may_be_given(milligrams: Decimal) -> None:
    found = whole_vials(TABLE, milligrams)
    near = [(abs(total - milligrams), count) for total, count in ALL_VIALS]
    allowed = [pair for pair in near if pair[0] <= milligrams / 10]
    assert bool(found) == bool(allowed)
    if found:
        assert sum(found) <= 800
        assert (abs(sum(found) - milligrams), len(found)) == min(allowed)
        assert list(found) == sorted(found, reverse=True)


SECONDS = st.integers(0, 60 * 3600) | st.sampled_from(
    [h * 3600 + s for h in (7, 8, 15, 16, 23, 24, 32) for s in (-1, 0, 1)]
)
HISTORIES = st.lists(SECONDS, max_size=7).map(lambda ago: sorted(NOW - timedelta(seconds=s) for s in ago))


def allowed_at(time: datetime, given_at: Sequence[datetime]) -> bool:
    """Interval and rolling window, looked at one dose after the other (DL-3, DL-4)."""
    if any(time - before < EIGHT_HOURS for before in given_at):
        return False
    return sum(1 for before in given_at if time - before < DAY) <= 2


@given(HISTORIES)
def test_the_next_possible_time_is_possible_and_a_second_before_is_not(given_at: list[datetime]) -> None:
    doses = [tocilizumab_dose(560, Decimal((t - NOW).total_seconds()) / 3600) for t in given_at]
    found = next_possible(doses, TABLE, NOW)
    times = [dose.start for dose in doses]
    assert found >= NOW
    assert allowed_at(found, times)
    assert found == NOW or not allowed_at(found - timedelta(seconds=1), times)


@given(HISTORIES, st.integers(0, 80))
def test_four_doses_since_the_therapy_leave_no_next_time(given_at: list[datetime], since: int) -> None:
    doses = [tocilizumab_dose(560, Decimal((t - NOW).total_seconds()) / 3600) for t in given_at]
    start = at(-since)
    found = ledger(chart(weight(70, -1), *doses), GUIDELINE, start, NOW)
    counted = [d for d in doses if d.start >= start]
    assert len(found.counted) == len(counted)
    assert (found.next_possible is None) == found.all_given == (len(counted) >= 4)
    assert len(found.recent) == sum(1 for d in doses if NOW - d.start < DAY)


@given(HISTORIES)
def test_waiting_never_makes_a_dose_impossible(given_at: list[datetime]) -> None:
    doses = [tocilizumab_dose(560, Decimal((t - NOW).total_seconds()) / 3600) for t in given_at]
    found = next_possible(doses, TABLE, NOW)
    for later in (found, found + timedelta(hours=1), found + DAY):
        assert next_possible(doses, TABLE, later) == later
