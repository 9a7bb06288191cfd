"""The hypoxia axis (GR-2, GR-3, GR-4): what the oxygen state means, and when none is known (GR-7, GR-9)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from cds_service.crs.guideline import Guideline
from cds_service.crs.oxygen import State, bands_for, interval, oxygen_states
from cds_service.crs.timeline import TICK, Steps, at, coalesce, latest, merge
from fhir_mappings.facts import Concept, OxygenDevice, PatientFacts, Reading, Source

OXYGEN_SOURCES = (Source.OXYGEN, Source.VITALS, Source.PROCEDURES)
"""A flow may come as a component of pulse oximetry, a device as a procedure."""


class Hypoxia(NamedTuple):
    """The hypoxia axis at one instant, and what decided it.

    ``basis``: device | baseline | reason | assumed-room-air | stale | not-charted | unsettled | ended
    | not-available.
    """

    lowest: int
    highest: int
    basis: str
    state: State | None = None
    spo2: Reading | None = None

    @property
    def known(self) -> bool:
        return self.basis in ("device", "baseline", "reason", "assumed-room-air")


class HypoxiaAxis:
    """Judges the axis at any instant; ``steps`` gives it over the whole course."""

    def __init__(
        self, facts: PatientFacts, guideline: Guideline, anchor: datetime, has_therapy: bool, end: datetime
    ) -> None:
        self.guideline, self.anchor, self.end = guideline, anchor, end
        states = oxygen_states(facts.oxygen, guideline, end)
        self.since = [s for s in states if s.time >= anchor]
        self.before = [s for s in states if s.time < anchor]
        falling = sorted(facts.readings.get(Concept.SPO2, ()), key=attrgetter("value"), reverse=True)
        self.spo2 = sorted(falling, key=attrgetter("time"))  # of one time the lowest is the newest
        self.complete = all(facts.covered(source).reaches(anchor) for source in OXYGEN_SOURCES)
        recent = [s for s in self.before if s.time >= anchor - guideline.windows["baseline"]]
        self.baseline = recent if has_therapy else []

    def steps(self) -> Steps[Hypoxia]:
        """What decides at each change, and at the end with the newest SpO2."""
        spo2 = latest(self.spo2, self.guideline.windows["spo2"], self.anchor)
        limit = self.guideline.thresholds["room-air-spo2"]
        telling = coalesce(spo2, lambda reading: reading and reading.value >= limit)
        states = self._state_steps()
        changes = merge(self.end, states, telling)
        steps = [(time, self._judge(time, state, reading)) for time, (state, reading) in changes]
        return [*steps, (self.end, self._judge(self.end, at(states, self.end), at(spo2, self.end)))]

    def _state_steps(self) -> Steps[State | None]:
        """The newest state at each instant, with the instant at which it goes stale."""
        window = self.guideline.windows["oxygen"]
        first = self.before[-1] if self.before else None
        steps: Steps[State | None] = [(self.anchor, first)]
        if first is not None:
            steps += [(t, first) for t in _edges(first, window) if t > self.anchor]
        for state in self.since:
            steps.append((state.time, state))
            steps += [(t, state) for t in _edges(state, window)]
        steps.sort(key=lambda s: (s[0], s[1].time if s[1] else self.anchor))
        return _newest_only(steps)

    def _judge(self, time: datetime, state: State | None, spo2: Reading | None) -> Hypoxia:
        open_end = self.guideline.unknown.hypoxia
        window = self.guideline.windows["oxygen"]
        holds = state is not None and state.holds(time, window)
        if state is not None and holds and state.settled:
            flow = state.flow_at(time, window)
            return self._by_state(state if flow == state.flow else state._replace(flow=flow), spo2)
        if self._room_air_assumed(state, spo2):
            return Hypoxia(0, 0, "assumed-room-air", state, spo2)
        if state is None:
            return Hypoxia(0, open_end, "not-charted" if self.complete else "not-available", None, spo2)
        if not holds:
            return Hypoxia(0, open_end, "stale", state, spo2)
        ended = state.items[0].end is not None and state.time == state.items[0].end
        return Hypoxia(0, open_end, "ended" if ended else "unsettled", state, spo2)

    def _room_air_assumed(self, state: State | None, spo2: Reading | None) -> bool:
        """Site policy: a good SpO2 and nothing charted since the therapy, or room air the last word."""
        if spo2 is None or not self.complete or spo2.value < self.guideline.thresholds["room-air-spo2"]:
            return False
        if state is None or state.time < self.anchor:
            return True
        return state.settled and state.device is OxygenDevice.ROOM_AIR

    def _by_state(self, state: State, spo2: Reading | None) -> Hypoxia:
        low, high = interval(bands_for(self.guideline, state.device, state.flow))
        if state.partial:
            high = self.guideline.unknown.hypoxia
        if high == 0:
            return Hypoxia(0, 0, "device", state, spo2)
        if state.reasons and state.reasons <= self.guideline.baseline.reasons_not_counted:
            return Hypoxia(0, 0, "reason", state, spo2)
        covered = self._covered_by_baseline(state)
        if covered is True:
            return Hypoxia(0, 0, "baseline", state, spo2)
        if covered is None:
            return Hypoxia(0, high, "baseline", state, spo2)
        return Hypoxia(low, high, "device", state, spo2)

    def _covered_by_baseline(self, state: State) -> bool | None:
        """Whether the same support was there before the therapy; None where a flow is missing (GR-9)."""
        if not self.baseline:
            return False
        newest = self.baseline[-1]
        rules = self.guideline.baseline
        if state.device is not None and state.device in rules.positive_pressure:
            worn = [s for s in self.baseline if s.device in rules.home_devices]
            worn += [] if newest.invasive else [newest]  # also where it was taken off before the therapy
            before = max((rules.positive_pressure.get(s.device, 0) for s in worn if s.device), default=0)
            return not state.invasive and rules.positive_pressure[state.device] <= before
        return _same_or_less_oxygen(state, newest, rules.oxygen_order) if newest.settled else False


def _same_or_less_oxygen(state: State, before: State, order: tuple[OxygenDevice, ...]) -> bool | None:
    """Compare with the oxygen given before; of unknown flow or device nobody can say."""
    if before.device not in order[1:]:
        return False
    if state.device is not None:
        if state.device not in order or order.index(state.device) > order.index(before.device):
            return False
        if state.flow is not None and before.flow is not None:
            return state.flow <= before.flow
    return None if _no_more(state.flow, before.flow) else False


def _no_more(flow: Decimal | None, than: Decimal | None) -> bool:
    return flow is None or than is None or flow <= than


def _edges(state: State, window: timedelta) -> list[datetime]:
    """When a state, or its flow, goes stale."""
    return sorted({t + window + TICK for t in (state.time, state.flow_time) if t is not None})


def _newest_only(steps: Steps[State | None]) -> Steps[State | None]:
    """Drop steps at which an older state would take over from a newer one."""
    kept: Steps[State | None] = []
    newest: State | None = None
    for time, state in steps:
        if newest is None or (state is not None and state.time >= newest.time):
            newest = state
        if kept and kept[-1][0] == time:
            kept.pop()
        kept.append((time, newest))
    return kept
