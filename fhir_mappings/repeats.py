"""How often and how long ``Timing.repeat`` says: the shortest interval and the most doses that it allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeVar

from fhir_mappings.amounts import read_number
from fhir_mappings.code_systems import plain
from fhir_mappings.codes import CodeBook
from fhir_mappings.resources import Json, record, text
from fhir_mappings.units import Unit

T = TypeVar("T")

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
UNITS: Mapping[str, timedelta] = MappingProxyType(
    {"s": SECOND, "min": timedelta(minutes=1), "h": timedelta(hours=1), "d": DAY, "wk": 7 * DAY}
    | {"mo": 28 * DAY, "a": 365 * DAY}  # the shortest month and year
)
"""``periodUnit`` and units of a Duration, by their UCUM code."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHORTEST, LONGEST = timedelta(minutes=1), 3650 * DAY
MOST_DOSES = 1_000_000
TELLING = frozenset({"period", "count", "timeOfDay", "when", "dayOfWeek"})
"""What tells how often; a frequency without a period does not."""


@dataclass(slots=True)
class Repeat:
    """One ``Timing.repeat`` while it is being read; ``refused`` once a part of it could not be."""

    book: CodeBook
    raw: Json
    refused: bool = False

    @property
    def tells(self) -> bool:
        return not TELLING.isdisjoint(self.raw)

    def count(self) -> int | None:
        """The most doses that the order allows."""
        return max(self._wholes("count", "countMax"), default=None)

    def length(self) -> timedelta | None:
        """How long the course lasts at most."""
        bounds = record(self.raw.get("boundsRange"))
        length = self.raw.get("boundsDuration") or bounds.get("high") or bounds.get("low")
        if length is None:
            return None
        amount = record(length)
        return self._part(amount.get("value"), text(amount.get("code")) or text(amount.get("unit")))

    def interval(self) -> timedelta | None:
        """The shortest time between two doses, by frequency, times of day and days of the week."""
        period, regular = self._frequency()
        days, times = self.days(), self.hours()
        if days:
            gap = _gap([day * DAY + hour for day in days for hour in times or [timedelta()]], 7 * DAY)
            return min(gap, regular) if regular is not None and regular < DAY else gap
        if times:
            gap = _gap(times, max(period or DAY, DAY))
            return gap if regular is None else min(gap, regular)
        return regular if regular is not None else self._around()

    def daily(self) -> int | None:
        """The most doses of a day where hours or days are uneven; None where the interval says all."""
        days, hours = set(self.days()), set(self.hours())
        if not days and not hours:
            return None
        (period, regular), interval = self._frequency(), self.interval()
        often = max(len(hours), -(-DAY // regular) if regular else 1, 1)
        cycle = 7 * DAY if days else max(period or DAY, DAY)
        in_cycle = often * max(len(days), 1)
        return None if interval is None or interval * in_cycle >= cycle else often

    def days(self) -> list[int]:
        """Days of the week, Monday 0."""
        return self._each("dayOfWeek", lambda day: WEEKDAYS.index(day.lower()))

    def hours(self) -> list[timedelta]:
        """Times of the day, since midnight."""
        return self._each("timeOfDay", _time_of_day)

    def cycle(self) -> int:
        """Every how many days."""
        period, _ = self._frequency()
        return max(1, (period or DAY) // DAY)

    def _frequency(self) -> tuple[timedelta | None, timedelta | None]:
        """The period, and the time between two doses in it."""
        raw, often = self.raw, self._wholes("frequency", "frequencyMax")
        if raw.get("period") is None:
            self.refused |= bool(raw.get("periodUnit") or raw.get("periodMax") or (often and not self.tells))
            return None, None
        times = max(often, default=1)
        interval = self._part(raw["period"], text(raw.get("periodUnit")), times)
        return (None if interval is None else min(interval, LONGEST / times) * times), interval

    def _around(self) -> timedelta | None:
        """An event of the day (bedtime, breakfast) comes once a day; of several nobody knows the hours."""
        events = self.raw.get("when")
        if events is None:
            return None
        listed = events if isinstance(events, list) else [events]
        known = self.book.timing_names.get(plain(text(listed[0]))) if len(listed) == 1 else None
        if known is None and self.raw.get("count") is None:
            self.refused = True
        return None if known is None else known.interval

    def _part(self, value: Any, unit: str, parts: int = 1) -> timedelta | None:
        """An amount of time, or a part of it; nothing that no prescription means."""
        number, length = read_number(value), UNITS.get(unit) or self._spelled(unit)
        if number is not None and length is not None:
            seconds = number * (length // SECOND) / parts
            if SHORTEST // SECOND <= seconds <= LONGEST // SECOND:
                return timedelta(microseconds=int(seconds * 1_000_000))
        self.refused = True
        return None

    def _spelled(self, unit: str) -> timedelta | None:
        known = self.book.units.find("", "", unit)
        return UNITS.get(known.code) if isinstance(known, Unit) else None

    def _wholes(self, *keys: str) -> list[int]:
        values = [read_number(self.raw[key]) for key in keys if self.raw.get(key) is not None]
        whole = [int(v) for v in values if v is not None and v == int(v) and 0 < v <= MOST_DOSES]
        self.refused |= len(whole) < len(values)
        return whole

    def _each(self, key: str, read: Callable[[str], T]) -> list[T]:
        found = []
        for value in listed(self.raw.get(key)):
            try:
                found.append(read(text(value)))
            except ValueError:
                self.refused = True
        return found


def listed(values: Any) -> list[Any]:
    """A list as it is; a lone value counts as a list of one."""
    return values if isinstance(values, list) else [] if values is None else [values]


def doses_in(length: timedelta, interval: timedelta, daily: int | None = None) -> int:
    """How many doses a course has at most, the first at its beginning."""
    most = min(-(-length // interval), MOST_DOSES)
    return most if daily is None else min(most, daily * -(-length // DAY))


def _time_of_day(value: str) -> timedelta:
    hour, minute = (int(part) for part in value.split(":")[:2])
    if not (0 <= hour < 24 and 0 <= minute < 60):
        raise ValueError(value)
    return timedelta(hours=hour, minutes=minute)


def _gap(offsets: Iterable[timedelta], cycle: timedelta) -> timedelta:
    """The shortest time between two neighbours on a clock of this length."""
    marks = sorted({offset % cycle for offset in offsets})
    return min(after - before for before, after in pairwise([*marks, marks[0] + cycle]))
