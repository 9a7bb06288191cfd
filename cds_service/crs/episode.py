"""The episode over time (GR-10): when it opens, its grade at every change, when it closes.

Fever opens an episode (GR-1). While it is open, hypotension and hypoxia grade it, freed from
fever once a masking drug was given in it (GR-6). The worse axis decides (GR-5).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from operator import attrgetter, itemgetter
from typing import NamedTuple

from cds_service.crs.evidence import Change, Grade, Peak
from cds_service.crs.fever import Fever, FeverState, Masking
from cds_service.crs.guideline import Guideline
from cds_service.crs.hypoxia import Hypoxia
from cds_service.crs.pressure import Pressure
from cds_service.crs.timeline import Steps, at, coalesce, merge
from fhir_mappings.facts import Administration, Reading


class Moment(NamedTuple):
    """All axes at one instant."""

    time: datetime
    fever: FeverState
    pressure: Pressure
    hypoxia: Hypoxia
    masking: Masking

    @property
    def blind(self) -> bool:
        """No input of any axis inside its window: no live grade."""
        return self.fever.fever is Fever.UNKNOWN and not self.pressure.known and not self.hypoxia.known

    @property
    def clear(self) -> bool:
        """Readings say that no criterion holds, whatever is masked."""
        return self.fever.afebrile_now and self.pressure.highest < 2 and self.hypoxia.highest < 2


@dataclass(slots=True)
class Episode:
    """One episode from onset to resolution (None while open)."""

    onset: datetime
    changes: list[Change] = field(default_factory=list)
    resolved: datetime | None = None
    masked: bool = False
    """A masking drug was given since the onset."""

    def record(self, time: datetime, grade: Grade | None) -> None:
        if not self.changes or self.changes[-1].grade != grade:
            self.changes.append(Change(time, grade))

    def grade_at(self, time: datetime) -> Grade | None:
        held = [c for c in self.changes if c.time <= time]
        return held[-1].grade if held else None

    def peak(self) -> Peak | None:
        """The first instant of the highest lower end."""
        graded = [(c.grade.lowest, c.time) for c in self.changes if c.grade]
        if not graded:
            return None
        top = max(lowest for lowest, _ in graded)
        return Peak(top, next(time for lowest, time in graded if lowest == top))

    def worst_since(self, since: datetime) -> int | None:
        """The highest lower end that held at or after an instant."""
        later = [c for c in self.changes if c.time >= since]
        before = [c for c in self.changes if c.time < since][-1:]
        return max((c.grade.lowest for c in (*before, *later) if c.grade), default=None)


def moments(
    fever: Steps[FeverState],
    pressure: Steps[Pressure],
    hypoxia: Steps[Hypoxia],
    masking: Steps[Masking],
    end: datetime,
) -> list[Moment]:
    """The axes at every instant at which the grade may change, and in full at ``end``."""
    last = Moment(end, at(fever, end), at(pressure, end), at(hypoxia, end), at(masking, end))
    changes = merge(
        end,
        coalesce(fever, attrgetter("fever", "afebrile_now")),
        coalesce(pressure, itemgetter(0, 1, 2)),
        coalesce(hypoxia, itemgetter(0, 1, 2)),
        masking,
    )
    return [*(Moment(time, *values) for time, values in changes if time < end), last]


def grade(moment: Moment, masked: bool, guideline: Guideline) -> Grade | None:
    """The grade interval of an open episode at one instant (GR-1 to GR-7). None: nothing to grade by."""
    if moment.blind:
        return None
    _, fever, pressure, hypoxia, masking = moment
    return _grade(
        fever.fever,
        masked,
        masking.recent,
        max(pressure.lowest, hypoxia.lowest),
        max(pressure.highest, hypoxia.highest),
        guideline.unknown.fever,
    )


@cache
def _grade(fever: Fever, masked: bool, recent: bool, low: int, high: int, unknown: int) -> Grade:
    """Masked: a masking drug was given in the episode; recent: one still works."""
    base = 1 if fever is Fever.PRESENT or (recent and masked) else 0
    open_top = max(base, unknown) if fever is Fever.UNKNOWN else base
    if fever is Fever.PRESENT or masked:
        return Grade(max(base, low), max(open_top, high))
    return Grade(0, max(open_top, high))


def episodes(
    course: Sequence[Moment],
    temperatures: Sequence[Reading],
    doses: Sequence[Administration],
    guideline: Guideline,
) -> list[Episode]:
    """Walk the course once, opening and closing episodes. ``temperatures`` are those of the course."""
    found: list[Episode] = []
    current: Episode | None = None
    masked_from: datetime | None = None
    window = guideline.windows["resolution"]
    stretch = _ClearStretch(window, temperatures)
    for moment, following in zip(course, [*course[1:], None], strict=True):
        if current is None and moment.fever.reading is not None and not moment.fever.afebrile_now:
            current = Episode(moment.fever.reading.time)
            found.append(current)
            masked_from = _masked_from(doses, current.onset)
            stretch = _ClearStretch(window, temperatures)
        if current is None:
            continue
        current.masked = masked_from is not None and masked_from <= moment.time
        current.record(moment.time, grade(moment, current.masked, guideline))
        current.resolved = stretch.closes(moment, following.time if following else None)
        if current.resolved is not None:
            current = None
    return found


def _masked_from(doses: Sequence[Administration], onset: datetime) -> datetime | None:
    """The first instant of the episode at which a masking drug was given or still ran."""
    still = any(d.start < onset and (d.ongoing or (d.end is not None and d.end > onset)) for d in doses)
    return onset if still else min((d.start for d in doses if d.start >= onset), default=None)


class _ClearStretch:
    """The stretch without a criterion; temperatures inside it must span the whole window."""

    def __init__(self, window: timedelta, temperatures: Sequence[Reading]) -> None:
        self.window = window
        self.temperatures = temperatures
        self.first: datetime | None = None
        self.begun: datetime | None = None

    def closes(self, moment: Moment, until: datetime | None) -> datetime | None:
        """When the episode closes between ``moment`` and ``until``, if it does."""
        if not moment.clear:
            self.begun = self.first = None
            return None
        self.begun = self.begun or moment.time
        self.first = self.first or self._from(self.begun)
        if self.first is None or moment.masking.recent:
            return None
        spanned = self._from(self.first + self.window)
        closed = max(spanned, moment.time) if spanned else None
        return closed if closed and (until is None or closed < until) else None

    def _from(self, time: datetime) -> datetime | None:
        """The first temperature at or after an instant."""
        index = bisect_left(self.temperatures, time, key=attrgetter("time"))
        return self.temperatures[index].time if index < len(self.temperatures) else None
