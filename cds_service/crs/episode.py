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

    @property
    def perhaps_clear(self) -> bool:
        """Nothing known says that a criterion holds."""
        return self.fever.afebrile_now and self.pressure.lowest < 2 and self.hypoxia.lowest < 2


@dataclass(slots=True)
class Episode:
    """One episode from onset to resolution (None while open)."""

    onset: datetime
    changes: list[Change] = field(default_factory=list)
    resolved: datetime | None = None
    masked: bool = False
    """A masking drug was given since the onset."""
    surely_masked: bool = False
    """Also if the episode had ended, unseen for want of data, and begun again with a later fever."""

    def record(self, time: datetime, grade: Grade | None) -> None:
        if not self.changes or self.changes[-1].grade != grade:
            self.changes.append(Change(time, grade))

    def floor_since(self) -> datetime | None:
        """Since when the lower end is what it is now."""
        since = None
        for change in reversed(self.changes):
            if change.grade is None or change.grade.lowest != (self.changes[-1].grade or change.grade).lowest:
                break
            since = change.time
        return since

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


def grade(moment: Moment, episode: Episode, guideline: Guideline) -> Grade | None:
    """The grade interval of an open episode at one instant (GR-1 to GR-7). None: nothing to grade by."""
    if moment.blind:
        return None
    _, fever, pressure, hypoxia, masking = moment
    return _grade(
        fever.fever,
        (episode.surely_masked, episode.masked),
        (masking.recent, masking.perhaps),
        max(pressure.lowest, hypoxia.lowest),
        max(pressure.highest, hypoxia.highest),
        guideline.unknown.fever,
    )


@cache
def _grade(
    fever: Fever,
    masked: tuple[bool, bool],
    recent: tuple[bool, bool],
    low: int,
    high: int,
    unknown: int,
) -> Grade:
    """``masked`` in the episode, and whether a masking drug still works: surely, and perhaps.

    The signs count with fever, or once a masking drug was given in the episode.
    """
    present = fever is Fever.PRESENT
    surely, perhaps = (present or flag for flag in masked)
    bases = [1 if present or (works and flag) else 0 for works, flag in zip(recent, masked, strict=True)]
    lowest = max(bases[0], low) if surely else 0
    return Grade(lowest, max(bases[1] if perhaps else 0, unknown if fever is Fever.UNKNOWN else 0, high))


def episodes(
    course: Sequence[Moment],
    temperatures: Sequence[Reading],
    doses: Sequence[Administration],
    guideline: Guideline,
) -> list[Episode]:
    """Walk the course once, opening and closing episodes. ``temperatures`` are those of the course."""
    walk = _Walk(temperatures, doses, guideline)
    for moment, following in zip(course, [*course[1:], None], strict=True):
        walk.step(moment, following.time if following else None)
    return walk.found


class _Walk:
    """The episodes found so far, and the one that is open."""

    def __init__(
        self, temperatures: Sequence[Reading], doses: Sequence[Administration], guideline: Guideline
    ) -> None:
        self.temperatures, self.doses, self.guideline = temperatures, doses, guideline
        self.found: list[Episode] = []
        self.current: Episode | None = None
        self.masked_from: datetime | None = None
        self.surely_masked_from: datetime | None = None
        self.perhaps_closed = False
        self.stretch = self._new_stretch()
        self.perhaps = self._new_stretch()

    def _new_stretch(self) -> _ClearStretch:
        return _ClearStretch(self.guideline.windows["resolution"], self.temperatures)

    def step(self, moment: Moment, until: datetime | None) -> None:
        febrile = moment.fever.reading
        if febrile is not None and not moment.fever.afebrile_now:
            if self.current is None:
                self._open(febrile.time)
            elif self.perhaps_closed:
                self._begin_again(febrile.time)
        if self.current is None:
            return
        self._mask(self.current, moment.time)
        self.current.record(moment.time, grade(moment, self.current, self.guideline))
        clear = moment.clear and not moment.masking.perhaps
        self.current.resolved = self.stretch.closes(moment, moment.clear, clear, until)
        perhaps_clear = moment.perhaps_clear and not moment.masking.recent
        perhaps = self.perhaps.closes(moment, moment.perhaps_clear, perhaps_clear, until)
        if self.current.resolved is not None:
            self.current = None
        elif perhaps is not None and not self.perhaps_closed:
            self.perhaps_closed = True
            self._lose_certainty(self.current, moment, perhaps)

    def _open(self, onset: datetime) -> None:
        self.current = Episode(onset)
        self.found.append(self.current)
        self.masked_from = _masked_from(self.doses, onset)
        self.stretch = self._new_stretch()
        self._begin_again(onset)

    def _begin_again(self, onset: datetime) -> None:
        """From here on the episode is the same, whether or not it had ended before."""
        self.surely_masked_from = _masked_from([d for d in self.doses if d.certain], onset)
        self.perhaps = self._new_stretch()
        self.perhaps_closed = False

    def _lose_certainty(self, episode: Episode, moment: Moment, since: datetime) -> None:
        episode.surely_masked = False
        episode.record(since, grade(moment, episode, self.guideline))

    def _mask(self, episode: Episode, time: datetime) -> None:
        episode.masked = self.masked_from is not None and self.masked_from <= time
        sure = self.surely_masked_from
        episode.surely_masked = not self.perhaps_closed and sure is not None and sure <= time


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

    def closes(self, moment: Moment, clear: bool, unmasked: bool, until: datetime | None) -> datetime | None:
        """When the episode closes between ``moment`` and ``until``: clear so long, and off masking drugs."""
        if not clear:
            self.begun = self.first = None
            return None
        self.begun = self.begun or moment.time
        self.first = self.first or self._from(self.begun)
        if self.first is None or not unmasked:
            return None
        spanned = self._from(self.first + self.window)
        closed = max(spanned, moment.time) if spanned else None
        return closed if closed and (until is None or closed < until) else None

    def _from(self, time: datetime) -> datetime | None:
        """The first temperature at or after an instant."""
        index = bisect_left(self.temperatures, time, key=attrgetter("time"))
        return self.temperatures[index].time if index < len(self.temperatures) else None
