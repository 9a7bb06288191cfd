"""The fever axis (GR-1) and the drugs that mask it (GR-6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from operator import attrgetter
from typing import NamedTuple

from cds_service.crs.guideline import Guideline
from cds_service.crs.timeline import TICK, Steps, latest, merge
from fhir_mappings.facts import ZONES, Administration, Concept, Coverage, PatientFacts, Reading, Route, Source

BY_TIME_AND_VALUE = attrgetter("time", "value")


class Fever(Enum):
    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class FeverState(NamedTuple):
    """``reading`` is the newest febrile reading of the window, ``newest`` the newest recent one."""

    fever: Fever
    reading: Reading | None
    newest: Reading | None
    refused: bool = False
    """A newer temperature was charted and could not be used."""

    @property
    def afebrile_now(self) -> bool:
        """The newest recent reading is below the threshold."""
        return self.newest is not None and self.newest is not self.reading and not self.refused


def fever_steps(
    facts: PatientFacts, guideline: Guideline, start: datetime, end: datetime
) -> Steps[FeverState]:
    """Fever over time, from readings since the course began (GR-1, GR-7).

    No fever is said only where all readings of the window are at hand.
    """
    readings = temperatures(facts, start, end)
    limit, window = guideline.thresholds["fever"], guideline.windows["fever"]
    febrile = latest([r for r in readings if r.value >= limit], window, start)
    recent = latest(readings, guideline.windows["temperature-charting"], start)
    refused = latest(_refused(facts, start, end), guideline.windows["temperature-charting"], start)
    whole = [(start, False), *_whole_from(facts.covered(Source.VITALS), window, start)]
    return [(time, _state(*values)) for time, values in merge(end, febrile, recent, refused, whole)]


class _Refused(NamedTuple):
    time: datetime


def _refused(facts: PatientFacts, start: datetime, end: datetime) -> list[_Refused]:
    """When a temperature was charted that could not be used: at the latest, where its zone is not known."""
    issues = (i for i in facts.issues if i.left_out and i.concept == Concept.TEMPERATURE)
    times = (min(i.time + ZONES, end) if i.code == "time-without-zone" else i.time for i in issues if i.time)
    return sorted(_Refused(time) for time in times if start <= time <= end)


def temperatures(facts: PatientFacts, start: datetime, end: datetime) -> list[Reading]:
    """The readings of the course; of one time the hottest comes last."""
    charted = [r for r in facts.readings.get(Concept.TEMPERATURE, ()) if start <= r.time <= end]
    return sorted(charted, key=BY_TIME_AND_VALUE)


def _whole_from(coverage: Coverage, window: timedelta, start: datetime) -> Steps[bool]:
    """From when on the search covers the whole window, or all since the course began."""
    if coverage.since is None:
        return []
    return [(start if coverage.since <= start else coverage.since + window, True)]


def _state(hot: Reading | None, newest: Reading | None, refused: _Refused | None, whole: bool) -> FeverState:
    newer = refused is not None and (newest is None or refused.time > newest.time)
    if hot is not None:
        return FeverState(Fever.PRESENT, hot, newest, newer)
    absent = newest is not None and whole and not newer
    return FeverState(Fever.ABSENT if absent else Fever.UNKNOWN, None, newest, newer)


def masking_doses(facts: PatientFacts, guideline: Guideline, end: datetime) -> list[Administration]:
    """Doses that mask fever, by start. A local route (skin, eye, inhaled) does not (GR-6)."""
    return [
        a
        for a in facts.administrations
        if a.groups & guideline.masking
        and a.start <= end
        and a.route is not Route.LOCAL
        and a.status != "on-hold"
    ]


class Masking(NamedTuple):
    """Masking at one instant: whether a dose of the last 24 h still works, surely and perhaps."""

    recent: bool
    last: Administration | None
    perhaps: bool = False


def last_given(dose: Administration, now: datetime) -> datetime:
    """When a dose last ran: its end, now if it still runs, or its start."""
    if dose.ongoing:
        return now
    return min(dose.end, now) if dose.end else dose.start


def masking_steps(
    doses: Sequence[Administration], window: timedelta, start: datetime, end: datetime, unplaced: bool
) -> Steps[Masking]:
    """Whether fever is masked over time, the window after the last dose included.

    Where such a drug was charted and its time is not known (``unplaced``), it may work at any time.
    """
    sure = _masked([d for d in doses if d.certain], window, start, end)
    perhaps = _masked(doses, window, start, end)
    return [
        (time, Masking(certain.recent, certain.last, possible.recent or unplaced))
        for time, (certain, possible) in merge(end, sure, perhaps)
    ]


def _masked(
    doses: Sequence[Administration], window: timedelta, start: datetime, end: datetime
) -> Steps[Masking]:
    pending = sorted(doses, key=lambda d: (d.start, d.reference))
    ends = {id(dose): last_given(dose, end) + window + TICK for dose in pending}
    edges = {start, *(d.start for d in pending), *ends.values()}
    last: Administration | None = None
    steps: Steps[Masking] = []
    for time in sorted(edge for edge in edges if start <= edge <= end):
        while pending and pending[0].start <= time:
            dose = pending.pop(0)
            if last is None or ends[id(dose)] >= ends[id(last)]:
                last = dose
        steps.append((time, Masking(last is not None and ends[id(last)] > time, last)))
    return steps
