"""FHIR times: full and partial, with and without a zone, points, periods and timings."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mappings.datetimes import (
    EFFECTIVE,
    Moment,
    Precision,
    Span,
    read_date,
    read_span,
    read_time,
)
from fhir_mappings.issues import Refusal

CHICAGO = ZoneInfo("America/Chicago")


def test_a_time_with_a_zone_becomes_utc() -> None:
    moment = read_time("2111-11-14T00:00:00-05:00")
    assert moment == Moment(datetime(2111, 11, 14, 5, 0, tzinfo=UTC))


def test_a_time_without_a_zone_is_refused_unless_the_site_has_one() -> None:
    assert read_time("2026-03-10T08:00:00") == Refusal("time-without-zone")
    assert read_time("2026-03-10T08:00:00", CHICAGO) == Moment(datetime(2026, 3, 10, 13, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "precision"),
    [("2026-03-10", Precision.DAY), ("2026-03", Precision.MONTH), ("2026", Precision.YEAR)],
)
def test_a_partial_date_stands_for_its_first_moment(text: str, precision: Precision) -> None:
    moment = read_time(text)
    assert isinstance(moment, Moment)
    assert moment.precision is precision
    assert moment.time.date() == date(
        2026, 3 if precision < Precision.YEAR else 1, 10 if len(text) > 7 else 1
    )


def test_a_date_begins_when_the_day_begins_at_the_site() -> None:
    assert read_time("2026-03-10", CHICAGO) == Moment(datetime(2026, 3, 10, 5, 0, tzinfo=UTC), Precision.DAY)


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "2026-13-01",
        "2026-02-30T08:00:00Z",
        "20260310",
        "2026-W11-2",
        "10/03/2026",
        7,
        {},
        "٢٠٢٦",
    ],
)
def test_what_is_not_a_fhir_time_is_refused(value: Any) -> None:
    assert read_time(value) == Refusal("time-not-understood")


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_the_ends_of_the_calendar_do_not_raise(value: str) -> None:
    assert read_time(value) == Refusal("time-not-understood")


@given(st.text())
def test_no_text_makes_reading_a_time_raise(text: str) -> None:
    assert isinstance(read_time(text, CHICAGO), (Moment, Refusal))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1961-05-04", date(1961, 5, 4), date(1961, 5, 4)),
        ("1961-02", date(1961, 2, 1), date(1961, 2, 28)),
        ("1960-12", date(1960, 12, 1), date(1960, 12, 31)),
        ("1961", date(1961, 1, 1), date(1961, 12, 31)),
    ],
)
def test_a_partial_birth_date_spans_the_days_it_may_mean(text: str, first: date, last: date) -> None:
    assert read_date(text) == (first, last)


def span_of(**resource: Any) -> Span | Refusal:
    return read_span(resource, EFFECTIVE, None)


def utc(hour: int) -> datetime:
    return datetime(2026, 3, 10, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    "resource",
    [
        {"effectiveDateTime": "2026-03-10T08:00:00Z"},
        {"effectiveInstant": "2026-03-10T08:00:00Z"},
        {"effectivePeriod": {"start": "2026-03-10T08:00:00Z", "end": "2026-03-10T09:00:00Z"}},
        {"effectiveTiming": {"event": ["2026-03-10T07:00:00Z", "2026-03-10T08:00:00Z"]}},
        {"effectiveTiming": {"repeat": {"boundsPeriod": {"start": "2026-03-10T08:00:00Z"}}}},
    ],
)
def test_every_form_of_effective_gives_its_start(resource: dict[str, Any]) -> None:
    span = span_of(**resource)
    assert isinstance(span, Span)
    assert span.start == Moment(utc(8))


def test_a_period_is_open_only_when_it_names_no_end() -> None:
    open_period = span_of(effectivePeriod={"start": "2026-03-10T08:00:00Z"})
    bad_end = span_of(effectivePeriod={"start": "2026-03-10T08:00:00Z", "end": "later"})
    assert isinstance(open_period, Span)
    assert isinstance(bad_end, Span)
    assert (open_period.open, bad_end.open, bad_end.issue) == (True, False, "time-not-understood")


def test_an_end_before_the_start_is_not_used() -> None:
    span = span_of(effectivePeriod={"start": "2026-03-10T08:00:00Z", "end": "2026-03-10T07:00:00Z"})
    assert isinstance(span, Span)
    assert (span.end, span.issue) == (None, "period-reversed")


def test_no_time_at_all_is_said() -> None:
    assert span_of() == Refusal("time-missing")
    assert span_of(effectivePeriod={"end": "2026-03-10T08:00:00Z"}) == Refusal("time-missing")
