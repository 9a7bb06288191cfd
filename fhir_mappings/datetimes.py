"""FHIR dates and times as aware UTC datetimes, with how precisely they are known.

A time of day without a zone is read in the zone given, and refused without one.
A date stands for the start of that day in the zone given, or in UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import IntEnum
from typing import Any, NamedTuple

from fhir_mappings.issues import Refusal

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
FIRST_YEAR, LAST_YEAR = 1850, 2300
_TIME_MARK = ("T", "t")


class Precision(IntEnum):
    TIME = 0
    DAY = 1
    MONTH = 2
    YEAR = 3


class Moment(NamedTuple):
    """A point in time (UTC) and how precisely it was charted."""

    time: datetime
    precision: Precision = Precision.TIME

    @property
    def latest(self) -> datetime:
        """The last instant that is meant, to the day."""
        return self.time + timedelta(days=(0, 1, 31, 366)[self.precision])


class Span(NamedTuple):
    """When something happened: a single time, or a period (perhaps still open)."""

    start: Moment
    end: Moment | None = None
    period: bool = False
    open: bool = False
    issue: str = ""
    """Set where the times were used, but not quite as charted."""


@dataclass(frozen=True, slots=True)
class TimeKeys:
    """The names of one choice element, such as ``effective[x]``."""

    point: str
    instant: str
    period: str
    timing: str

    @classmethod
    def of(cls, element: str) -> TimeKeys:
        return cls(f"{element}DateTime", f"{element}Instant", f"{element}Period", f"{element}Timing")


EFFECTIVE = TimeKeys.of("effective")
PERFORMED = TimeKeys.of("performed")
OCCURRENCE = TimeKeys.of("occurrence")
TIMING = TimeKeys.of("timing")


def read_time(value: Any, zone: tzinfo | None = None) -> Moment | Refusal:
    """A FHIR ``date``, ``dateTime`` or ``instant``."""
    if not isinstance(value, str):
        return Refusal("time-missing" if value is None else "time-not-understood")
    text = value.strip()
    if text[10:11] not in _TIME_MARK:
        return _read_date(text, zone)
    if text[7] != "-":  # a week date, which ISO 8601 knows and FHIR does not
        return Refusal("time-not-understood")
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            if zone is None:
                return Refusal("time-without-zone")
            time = time.replace(tzinfo=zone)
        return _bounded(Moment(time.astimezone(UTC)))
    except (ValueError, OverflowError):
        return Refusal("time-not-understood")


def _read_date(text: str, zone: tzinfo | None) -> Moment | Refusal:
    days = read_date(text)
    if days is None:
        return Refusal("time-missing" if not text else "time-not-understood")
    first = days[0]
    try:
        start = datetime(first.year, first.month, first.day, tzinfo=zone or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return Refusal("time-not-understood")
    return _bounded(Moment(start, {10: Precision.DAY, 7: Precision.MONTH, 4: Precision.YEAR}[len(text)]))


def _bounded(moment: Moment) -> Moment | Refusal:
    """Some systems send 0001-01-01 or 9999-12-31 for "no time": no patient was charted then."""
    return moment if FIRST_YEAR <= moment.time.year < LAST_YEAR else Refusal("time-not-understood")


def read_date(value: Any) -> tuple[date, date] | None:
    """The first and last day that a full or partial FHIR ``date`` may mean."""
    match = _DATE.fullmatch(value) if isinstance(value, str) and value.isascii() else None
    if match is None:
        return None
    year, month, day = (int(part) if part else 0 for part in match.groups())
    try:
        if day:
            return (date(year, month, day),) * 2
        if month:
            first = date(year, month, 1)
            return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        return date(year, 1, 1), date(year, 12, 31)
    except (ValueError, OverflowError):
        return None


def read_span(resource: dict[str, Any], keys: TimeKeys, zone: tzinfo | None) -> Span | Refusal:
    """The time of a resource from whichever form of the choice element it uses."""
    point = resource.get(keys.point)
    if point is None:
        point = resource.get(keys.instant)
    if point is not None:
        moment = read_time(point, zone)
        return moment if isinstance(moment, Refusal) else Span(moment)
    period = resource.get(keys.period)
    if isinstance(period, dict):
        return read_period(period, zone)
    timing = resource.get(keys.timing)
    return _read_timing(timing, zone) if isinstance(timing, dict) else Refusal("time-missing")


def read_span_of(resource: dict[str, Any], zone: tzinfo) -> Span | Refusal:
    """The time of a resource of any type."""
    for keys in (EFFECTIVE, PERFORMED, OCCURRENCE):
        span = read_span(resource, keys, zone)
        if isinstance(span, Span) or span.code != "time-missing":
            return span
    return Refusal("time-missing")


def read_period(period: dict[str, Any], zone: tzinfo | None) -> Span | Refusal:
    start = read_time(period.get("start"), zone)
    if isinstance(start, Refusal):
        return start
    if period.get("end") is None:
        return Span(start, period=True, open=True)
    end = read_time(period["end"], zone)
    if isinstance(end, Refusal):
        return Span(start, period=True, issue=end.code)
    if end.precision is not Precision.TIME and start.precision is Precision.TIME:
        return Span(start, period=True, issue="time-too-coarse")
    if end.time < start.time:
        return Span(start, period=True, issue="period-reversed")
    return Span(start, end, period=True)


def _read_timing(timing: dict[str, Any], zone: tzinfo | None) -> Span | Refusal:
    """The last listed event, or the bounds of the repetition."""
    events = timing.get("event")
    moments = [read_time(event, zone) for event in events] if isinstance(events, list) else []
    read = [moment for moment in moments if isinstance(moment, Moment)]
    if read:
        return Span(max(read, key=lambda moment: moment.time))
    refused = [moment for moment in moments if isinstance(moment, Refusal)]
    if refused:
        return refused[0]
    repeat = timing.get("repeat")
    bounds = repeat.get("boundsPeriod") if isinstance(repeat, dict) else None
    return read_period(bounds, zone) if isinstance(bounds, dict) else Refusal("time-missing")
