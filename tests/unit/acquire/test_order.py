"""How far back a listing that was cut off is complete."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from cds_service.acquire.order import NewestFirst
from tests.unit.acquire.charts import BY_KEY, NOON, administration, at, hourly, observation

DAYS = 24


def since(key: str, *resources: dict[str, Any]) -> datetime | None:
    order = NewestFirst(BY_KEY[key])
    order.add(resources)
    return order.complete_since()


def timed(value: object, element: str = "effectiveDateTime") -> dict[str, Any]:
    return {"resourceType": "Observation", element: value}


def ago(hours: float) -> datetime:
    return NOON - timedelta(hours=hours)


def assert_complete_from(found: datetime | None, time: datetime) -> None:
    assert found is not None
    assert time < found <= time + timedelta(milliseconds=1)


def test_pages_count_together() -> None:
    order = NewestFirst(BY_KEY["vitals"])
    order.add(hourly(4))
    assert_complete_from(order.complete_since(), ago(3))
    order.add([observation(n, n) for n in range(4, 9)])
    assert_complete_from(order.complete_since(), ago(8))


def test_a_rise_between_pages_takes_the_proof_away() -> None:
    order = NewestFirst(BY_KEY["vitals"])
    order.add(hourly(4))
    order.add([observation(4, 2)])
    assert order.complete_since() is None


def test_equal_times_are_in_order() -> None:
    assert_complete_from(since("vitals", *(observation(n, n // 3) for n in range(12))), ago(3))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_different_times_prove_no_order(count: int) -> None:
    assert since("vitals", *hourly(count), *hourly(count)[-1:] * 5) is None


def test_zones_are_told_apart() -> None:
    """14:30+05:00 is 09:30 UTC: after 09:00Z, although its digits read later than 13:00Z."""
    day = "2026-11-20T"
    falling = [timed(f"{day}13:00:00Z"), timed(f"{day}14:30:00+05:00"), timed(f"{day}09:00:00.123Z")]
    rising = [timed(f"{day}14:30:00+05:00"), timed(f"{day}13:00:00Z"), timed(f"{day}09:00:00Z")]
    assert since("vitals", *falling) is not None
    assert since("vitals", *rising) is None


def test_a_date_or_a_time_without_zone_at_the_end_is_taken_at_its_latest() -> None:
    readings = hourly(4 * DAYS)
    by_date = since("vitals", *readings, timed("2026-11-15"))
    without_zone = since("vitals", *readings, timed("2026-11-15T08:00:00"))
    assert_complete_from(by_date, datetime.fromisoformat("2026-11-16T12:00:00Z"))
    assert_complete_from(without_zone, datetime.fromisoformat("2026-11-15T20:00:00Z"))


@pytest.mark.parametrize(
    "odd",
    [
        {"resourceType": "Observation", "issued": at(9)},
        timed("2026"),
        timed("2026-11"),
        timed("yesterday"),
        timed(""),
        timed({"event": [at(9)]}, "effectiveTiming"),
        timed({"end": at(9)}, "effectivePeriod"),
        timed({"start": at(10), "end": 7}, "effectivePeriod"),
        timed("0001-01-01"),
    ],
)
def test_an_item_without_a_readable_time_takes_the_proof_away(odd: dict[str, Any]) -> None:
    assert since("vitals", *hourly(9)) is not None
    assert since("vitals", *hourly(9), odd) is None


def measured(start: float, end: float | None) -> dict[str, Any]:
    period = {"start": at(start), **({} if end is None else {"end": at(end)})}
    return timed(period, "effectivePeriod")


def test_periods_leave_room_for_one_that_began_before_and_still_ran() -> None:
    found = since("vitals", *(measured(n, n - 0.5) for n in range(72)))
    assert_complete_from(found, ago(70.5 - 24))


def test_an_open_period_of_oxygen_may_have_begun_weeks_before() -> None:
    assert since("oxygen", *hourly(20 * DAYS), measured(20 * DAYS, None)) is None
    assert since("oxygen", *hourly(40 * DAYS), measured(40 * DAYS, None)) is not None


def test_an_infusion_that_began_before_the_page_may_still_run() -> None:
    """Unseen items began before the page's oldest; a week is taken off, so a page of days proves nothing."""
    assert since("medications", *(administration(n, n) for n in range(6 * DAYS))) is None
    found = since("medications", *(administration(n, n) for n in range(10 * DAYS)))
    assert_complete_from(found, ago(10 * DAYS - 2 - 7 * DAYS))


def test_single_doses_prove_nothing_of_infusions_either() -> None:
    doses = [{"resourceType": "MedicationAdministration", "effectiveDateTime": at(n)} for n in range(100)]
    assert since("medications", *doses) is None


def test_a_server_that_sorts_by_end_is_recognised() -> None:
    by_end = [administration(0, 300, effectivePeriod={"start": at(300)})]
    by_end += [administration(n, n) for n in range(1, 400)]
    assert_complete_from(since("medications", *by_end), ago(398 - 7 * DAYS))


def test_nothing_is_claimed_where_start_and_end_both_rise() -> None:
    assert since("medications", *(administration(n, n) for n in reversed(range(400)))) is None


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_times_at_the_end_of_the_calendar_do_no_harm(time: str) -> None:
    first, last = timed("9999-12-31T23:59:59.9Z"), timed("0001-01-02T00:00:00Z")
    assert since("vitals", first, timed(time), last, measured(9, None)) is None
