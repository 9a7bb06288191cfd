"""When an ordered drug is due: from ``Dosage.timing`` and ``asNeeded[x]``, never from free text.

Where an order leaves room, the shorter interval and the higher count are taken: a dose limit then errs
towards speaking.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from fhir_mappings.chart import Chart
from fhir_mappings.code_systems import plain
from fhir_mappings.datetimes import Moment, read_time
from fhir_mappings.listed_hours import at_hours, upcoming
from fhir_mappings.meanings import Schedule
from fhir_mappings.repeats import DAY, Repeat, doses_in, listed
from fhir_mappings.resources import Json, codings, record, texts_of

NOT_UNDERSTOOD = "timing-not-understood"
CONFLICT = "timing-conflict"


@dataclass(frozen=True, slots=True)
class When:
    """What a Dosage says of time; None where it does not say."""

    start: datetime | None = None
    until: datetime | None = None
    interval: timedelta | None = None
    count: int | None = None
    times: tuple[datetime, ...] = ()
    daily: int | None = None
    as_needed: bool = False
    problems: frozenset[str] = frozenset()


def read_when(dosage: Json, chart: Chart) -> When:
    """When a Dosage is due."""
    needed = dosage.get("asNeededBoolean") is True or bool(dosage.get("asNeededCodeableConcept"))
    timing = dosage.get("timing")
    if isinstance(timing, dict):
        return _Timing(chart, timing).when(needed)
    return When(as_needed=needed, problems=frozenset([NOT_UNDERSTOOD] if timing else []))


@dataclass(slots=True)
class _Timing:
    """One Timing while it is being read."""

    chart: Chart
    raw: Json
    problems: set[str] = field(default_factory=set)

    def when(self, needed: bool) -> When:
        repeat = Repeat(self.chart.book, record(self.raw.get("repeat")))
        schedule = self._named(repeat)
        events = sorted(moment.time for moment in self._moments(self.raw.get("event")))
        start, until = self._bounds(repeat.raw.get("boundsPeriod"))
        times = self._times(repeat, events, start)
        start = times[0] if times else start
        interval, count, daily = repeat.interval(), repeat.count(), repeat.daily()
        if interval is None and count is None and schedule is None:
            interval, count = _of_events(events)
        interval, count = self._with_name(schedule, interval, count, daily)
        length = repeat.length()
        if length is not None:
            until = until or _later(start, length)
            count = count or (doses_in(length, interval, daily) if interval else None)
        if repeat.refused or not isinstance(self.raw.get("repeat", {}), dict):
            self.problems.add(NOT_UNDERSTOOD)
        needed = needed or (schedule is not None and schedule.as_needed)
        if count == 1:
            interval, daily = None, None
        return When(start, until, interval, count, times, daily, needed, frozenset(self.problems))

    def _times(self, repeat: Repeat, events: list[datetime], start: datetime | None) -> tuple[datetime, ...]:
        """The times that the order lists; hours of the day need a zone."""
        if events:
            return upcoming(dict.fromkeys(events), self.chart.as_of)
        hours = repeat.hours()
        if hours and self.chart.zone is None:
            self.problems.add(NOT_UNDERSTOOD)
        if not hours or self.chart.zone is None:
            return ()
        begin = start or self.chart.as_of
        found = at_hours(hours, repeat.days(), repeat.cycle(), begin, self.chart.as_of, self.chart.zone)
        return upcoming(found, self.chart.as_of)

    def _named(self, repeat: Repeat) -> Schedule | None:
        """By code, else by exact text; a code that is not known matters only where nothing else tells."""
        concept = self.raw.get("code")
        meaning = self.chart.book.meaning(concept)
        if isinstance(meaning, Schedule):
            return meaning
        for words in texts_of(concept):
            known = self.chart.book.timing_names.get(plain(words))
            if known is not None:
                return known
        if (texts_of(concept) or codings(concept)) and not (repeat.tells or self.raw.get("event")):
            self.problems.add(NOT_UNDERSTOOD)
        return None

    def _with_name(
        self, schedule: Schedule | None, interval: timedelta | None, count: int | None, daily: int | None
    ) -> tuple[timedelta | None, int | None]:
        """Code and repeat are two ways to say the same; where they differ the shorter interval holds."""
        if schedule is None:
            return interval, count
        if schedule.once and (count == 1 or (count is None and interval is None)):
            return None, 1
        # Three times a day and three uneven hours are the same, told twice.
        if daily is not None and schedule.interval is not None and schedule.interval * daily == DAY:
            return interval, count
        if schedule.once or (schedule.interval and interval and schedule.interval != interval):
            self.problems.add(CONFLICT)
        return min(filter(None, (schedule.interval, interval)), default=None), count

    def _bounds(self, period: Any) -> tuple[datetime | None, datetime | None]:
        """First and last instant of the course."""
        bounds = record(period)
        starts, ends = self._moments(bounds.get("start")), self._moments(bounds.get("end"))
        start = starts[0].time if starts else None
        until = ends[0].latest if ends else None
        if start is not None and until is not None and until < start:
            self.problems.add(NOT_UNDERSTOOD)
            until = None
        return start, until

    def _moments(self, values: Any) -> list[Moment]:
        moments = [read_time(value, self.chart.zone) for value in listed(values)]
        read = [moment for moment in moments if isinstance(moment, Moment)]
        if len(read) < len(moments):
            self.problems.add(NOT_UNDERSTOOD)
        return read


def _of_events(events: list[datetime]) -> tuple[timedelta | None, int | None]:
    times = sorted(set(events))
    gap = min((after - before for before, after in pairwise(times)), default=None)
    return gap, len(times) or None


def _later(start: datetime | None, length: timedelta) -> datetime | None:
    return None if start is None else start + length
