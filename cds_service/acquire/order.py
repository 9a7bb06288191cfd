"""How far back a search that was cut off is still complete.

A server that sorts newest first and stops has given everything newer than its
last item. Whether it really sorted is read from the items, not taken on trust:
a server may ignore ``_sort``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cds_service.acquire.queries import Query

Resource = Any
"""A resource as parsed JSON, or an everyday Observation as decoded by itself."""

_LATEST = datetime.max.replace(tzinfo=UTC)
_WEST = timedelta(hours=12)  # local time may be this far behind UTC
_EAST = timedelta(hours=14)  # or this far ahead
_JUST_AFTER = timedelta(microseconds=1)

_DISTINCT_TIMES_NEEDED = 3
"""Fewer times in falling order may well be chance."""

_TIME_ELEMENTS = {
    "Observation": ("effectiveDateTime", "effectiveInstant", "effectivePeriod"),
    "MedicationAdministration": ("effectiveDateTime", "effectivePeriod"),
    "Procedure": ("performedDateTime", "performedPeriod"),
    "Immunization": ("occurrenceDateTime",),
}


@dataclass(frozen=True, slots=True)
class _Moment:
    """A charted time, as the earliest and latest instant that it can mean."""

    earliest: datetime
    latest: datetime


_OPEN_END = _Moment(_LATEST, _LATEST)


class _Falling:
    """Watches whether the moments of a listing fall (equal ones are fine)."""

    __slots__ = ("_distinct", "_floor", "_last", "holds")

    def __init__(self) -> None:
        self.holds = True
        self._floor = _LATEST
        self._last: _Moment | None = None
        self._distinct = 0

    def add(self, moment: _Moment) -> None:
        self.holds = self.holds and moment.earliest <= self._floor
        self._floor = min(self._floor, moment.latest)
        self._distinct += moment != self._last
        self._last = moment

    def bound(self) -> datetime | None:
        """No item left out can lie after this, or None where the order proves nothing."""
        if not self.holds or self._last is None or self._distinct < _DISTINCT_TIMES_NEEDED:
            return None
        return self._last.latest


class NewestFirst:
    """Follows the items of one search in the order in which the server gave them.

    Servers sort periods by start or by end, and do not say which. The listing
    must fall by one of the two; where it falls by both, the later bound counts.
    """

    def __init__(self, query: Query) -> None:
        self._elements = _TIME_ELEMENTS.get(query.resource_type, ())
        self._proven = query.newest_first and bool(self._elements)
        self._lasting = query.lasting
        self._periods = query.lasting_always
        self._newest: datetime | None = None
        self._starts = _Falling()
        self._ends = _Falling()

    def add(self, resources: Sequence[Resource]) -> None:
        for resource in resources:
            if not self._proven:
                return
            self._add(resource)

    def _add(self, resource: Resource) -> None:
        span = _span(resource, self._elements)
        if span is None:  # nobody knows where a server sorts an item without a time
            self._proven = False
            return
        start, end = span
        self._periods = self._periods or start is not end
        if self._newest is None or start.latest > self._newest:
            self._newest = start.latest
        self._starts.add(start)
        self._ends.add(end)

    def complete_since(self) -> datetime | None:
        """From when on everything is at hand; None where nothing is known to be.

        Items of the very time of the last one may be cut off with the rest, so
        the time itself is left out.
        """
        bounds = [bound for order in (self._starts, self._ends) if (bound := order.bound()) is not None]
        if not self._proven or self._newest is None or not bounds or max(bounds) >= self._newest:
            return None
        margin = self._lasting if self._periods else timedelta(0)
        try:
            since = max(bounds) + margin + _JUST_AFTER
        except OverflowError:
            return None
        return since if since <= self._newest else None


def _span(resource: Mapping[str, Any], elements: tuple[str, ...]) -> tuple[_Moment, _Moment] | None:
    """Start and end (the same object for an instant), or None without a readable time."""
    for element in elements:
        value = resource.get(element)
        if isinstance(value, str):
            moment = _moment(value)
            return None if moment is None else (moment, moment)
        if isinstance(value, dict):
            return _period(value)
    return None


def _period(value: Mapping[str, Any]) -> tuple[_Moment, _Moment] | None:
    start = _moment(value.get("start"))
    end = _OPEN_END if value.get("end") is None else _moment(value["end"])
    return None if start is None or end is None else (start, end)


def _moment(text: object) -> _Moment | None:
    if not isinstance(text, str):
        return None
    text = text.strip()
    try:
        if len(text) <= len("2026-11-22"):
            return _day(text)
        return _instant(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _instant(time: datetime) -> _Moment:
    if time.tzinfo is None:
        utc = time.replace(tzinfo=UTC)
        return _Moment(utc - _EAST, utc + _WEST)
    utc = time.astimezone(UTC)
    return _Moment(utc, utc)


def _day(text: str) -> _Moment | None:
    """A date, anywhere on Earth. Less than a date (a year, a month) says too little."""
    if len(text) != len("2026-11-22"):
        return None
    midnight = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return _Moment(midnight - _EAST, midnight + timedelta(days=1) + _WEST)
