"""FHIR dates as half-open ranges, and how a search compares them (R4 search, section date)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cds_service.sandbox.elements import Json
from cds_service.sandbox.fhir_refusal import FhirRefusalError

FOREVER = datetime.max.replace(tzinfo=UTC)
NEVER = datetime.min.replace(tzinfo=UTC)
LAST_YEAR = FOREVER.year

SHAPE = re.compile(
    r"(?P<prefix>[a-z]{2})?(?P<date>(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)(T.+)?)?)?)", re.ASCII
)
PREFIXES = ("eq", "gt", "ge", "lt", "le")


class Range(NamedTuple):
    """From ``low`` up to, and not including, ``high``."""

    low: datetime
    high: datetime


def parse_range(text: str) -> Range:
    """The range that a FHIR date covers: a whole year, month or day, or one second.

    Raises ValueError for anything else. A time needs its zone.
    """
    found = SHAPE.fullmatch(text)
    if found is None or found["prefix"]:
        raise ValueError(f"not a FHIR date: {text!r}")
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    if "T" in text:
        return _moment(text)
    start = datetime(year, month, day, tzinfo=UTC)
    if found["day"]:
        return Range(start, _later(start, timedelta(days=1)))
    if year == LAST_YEAR and (month == 12 or not found["month"]):
        return Range(start, FOREVER)
    if found["month"]:
        return Range(start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC))
    return Range(start, datetime(year + 1, 1, 1, tzinfo=UTC))


def _moment(text: str) -> Range:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"a time needs its zone: {text!r}")
    try:
        low = time.astimezone(UTC)
    except OverflowError:  # within a day of an end of the calendar
        low = NEVER if time.year == 1 else FOREVER
    length = timedelta(seconds=1) if not low.microsecond else timedelta(milliseconds=1)
    return Range(low, _later(low, length))


def _later(time: datetime, by: timedelta) -> datetime:
    """As far as the calendar goes."""
    return time + by if FOREVER - time > by else FOREVER


def range_of(resource: Json, stem: str) -> Range | None:
    """The time of a resource: ``<stem>DateTime``, ``<stem>Period``, ``<stem>`` itself, or None."""
    for name in (f"{stem}DateTime", f"{stem}Instant", f"{stem}Date", stem):
        value = resource.get(name)
        if isinstance(value, str):
            return parse_range(value)
    period = resource.get(f"{stem}Period", resource.get(stem))
    if not isinstance(period, dict):
        return None
    return Range(
        parse_range(period["start"]).low if "start" in period else NEVER,
        parse_range(period["end"]).high if "end" in period else FOREVER,
    )


def parse_condition(name: str, text: str) -> tuple[str, Range]:
    """The prefix and range of a search value such as ``ge2026-01-31``. Raises FhirRefusalError 400."""
    found = SHAPE.fullmatch(text)
    prefix = (found["prefix"] if found else None) or "eq"
    try:
        if found is None or prefix not in PREFIXES:
            raise ValueError(text)
        return prefix, parse_range(found["date"])
    except ValueError:
        hint = "; a plus sign is written %2B in an address" if " " in text else ""
        reason = f"{name}={text}: not a date with one of the prefixes {', '.join(PREFIXES)}{hint}"
        raise FhirRefusalError(400, "value", reason) from None


def holds(prefix: str, wanted: Range, found: Range) -> bool:
    """Whether the time of a resource meets a condition, as R4 defines the prefixes for ranges."""
    inside = wanted.low <= found.low and found.high <= wanted.high
    if prefix == "eq":
        return inside
    if prefix in ("gt", "ge"):
        return found.high > wanted.high or (prefix == "ge" and inside)
    return found.low < wanted.low or (prefix == "le" and inside)
