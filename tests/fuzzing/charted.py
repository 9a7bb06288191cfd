"""What a resource says in numbers and times, read as simply as can be, for the law of provenance.

Nothing here uses the code that is tested. Numbers are fractions; times are read by the grammar of FHIR, and
of ISO 8601 where it is wider (week dates, a decimal comma, no minutes): what a text means may be a fact.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

Json = dict[str, Any]

TIMED = ("effective", "performed", "occurrence", "onset", "timing", "issued", "recordedDate")
DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
DAY = re.compile(r"([0-9]{4})-(?:W([0-9]{2})-([0-9])|([0-9]{2})-([0-9]{2}))")
CLOCK = re.compile(r"([0-9]{2})(?::?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]+))?)?)?")
ZONE = re.compile(r"Z|[+-]([0-9]{2}):?([0-9]{2})(?::?([0-9]{2}))?")
LARGEST, SMALLEST = 10**20, Fraction(1, 10**20)
A_MONTH, A_YEAR = timedelta(31), timedelta(366)


class Number(NamedTuple):
    """A number with the unit texts beside it."""

    value: Fraction
    units: frozenset[str]


def walk(value: Any) -> Iterator[Any]:
    """The value and everything in it, however deep."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        yield each
        if isinstance(each, (dict, list)):
            waiting.extend(each.values() if isinstance(each, dict) else each)


def fraction(value: Any) -> Fraction | None:
    """The number exactly, a float as it is written; None where it is none, or far from any amount."""
    if type(value) not in (int, float, Decimal) or (type(value) is not int and not math.isfinite(value)):
        return None
    if abs(value) > LARGEST:
        return None
    if type(value) is Decimal and value and value.adjusted() < -20:
        return None
    return Fraction(repr(value)) if type(value) is float else Fraction(value)


def numbers(resource: Json) -> list[Number]:
    """Every amount: what stands under ``value`` or ``valueInteger``."""
    found = []
    for each in walk(resource):
        if isinstance(each, dict):
            for key in ("value", "valueInteger"):
                value = fraction(each.get(key))
                if value is not None:
                    texts = (each.get("unit"), each.get("code"))
                    units = frozenset(text.strip() for text in texts if isinstance(text, str))
                    found.append(Number(value, units - {""}))
    return found


def quotients(resource: Json) -> list[tuple[Number, Number]]:
    """The two numbers of every ratio."""
    ratios = [each for each in walk(resource) if isinstance(each, dict) and "numerator" in each]
    return [
        (top, bottom)
        for ratio in ratios
        for top in numbers({"": ratio["numerator"]})
        for bottom in numbers({"": ratio.get("denominator")})
        if bottom.value > 0
    ]


def times(resource: Json) -> set[datetime]:
    """Every time that may be when something was, also in contained resources, and ends of coarse dates."""
    found: set[datetime] = set()
    for holder in walk(resource):
        if isinstance(holder, dict):
            for key in holder:
                if isinstance(key, str) and key.startswith(TIMED):
                    for text in walk(holder[key]):
                        found.update(instants(text))
    return found


def instants(value: Any) -> Iterator[datetime]:
    """The instant of a dateTime, in UTC; the start of a date, and the end of a coarse one."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        if (date := DATE.fullmatch(text)) is not None:
            year, month, day = (int(part) if part else 1 for part in date.groups())
            start = datetime(year, month, day, tzinfo=UTC)
            yield from (start, start + A_MONTH, start + A_YEAR)
        elif text[10:11] in ("T", "t"):
            yield from _instant(text[:10], text[11:])
    except (ValueError, OverflowError):
        return


def _instant(date: str, rest: str) -> Iterator[datetime]:
    clock, zone = re.fullmatch(r"([^Z+-]*)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr] # matches all
    day, time = DAY.fullmatch(date), CLOCK.fullmatch(clock.strip())
    offset = ZONE.fullmatch(zone or "Z")
    if day and time and offset:
        hours, minutes, seconds = (int(part or 0) for part in offset.groups())
        shift = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        local = _day(day) + _length(time)
        yield local + shift if zone.startswith("-") else local - shift


def _day(match: re.Match[str]) -> datetime:
    year, week, weekday, month, day = (int(part or 0) for part in match.groups())
    if week:
        return datetime.fromisocalendar(year, week, weekday).replace(tzinfo=UTC)
    return datetime(year, month, day, tzinfo=UTC)


def _length(match: re.Match[str]) -> timedelta:
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    micro = int((match[4] or "").ljust(6, "0")[:6])
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micro)


def gathered(sources: list[Any]) -> tuple[list[Json], bool]:
    """Every resource in a heap of Bundles, and whether any has a ``fullUrl``."""
    waiting, found, named = list(sources), [], False
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict) and each.get("resourceType") == "Bundle":
            entries = each.get("entry")
            for entry in entries if isinstance(entries, list) else [entries]:
                if isinstance(entry, dict):
                    named = named or "fullUrl" in entry
                    waiting.append(entry.get("resource"))
        elif isinstance(each, dict):
            found.append(each)
    return found, named
