"""The hypoxia axis (GR-2, GR-3, GR-4): what the oxygen state means, and when none is known (GR-7, GR-9)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from cds_service.crs.guideline import Guideline
from cds_service.crs.oxygen import State, bands_for, interval, oxygen_states
from cds_service.crs.timeline import TICK, Steps, change_times, cursor, latest
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
        # Of one time the lowest is the newest.
        self.spo2 = sorted(facts.readings.get(Concept.SPO2, ()), key=lambda r: (r.time, -r.value))
        self.complete = all(facts.covered(source).reaches(anchor) for source in OXYGEN_SOURCES)
        recent = [s for s in self.before if s.time >= anchor - guideline.windows["baseline"]]
        self.baseline = recent if has_therapy else []

    def steps(self) -> Steps[Hypoxia]:
        spo2 = latest(self.spo2, self.guideline.windows["spo2"], self.anchor)
        read_spo2 = cursor(spo2)
        states = self._state_steps()
        read_state = cursor(states)
        return [
            (t, self._judge(t, read_state(t), read_spo2(t))) for t in change_times(self.end, spo2, states)
        ]

    def _state_steps(self) -> Steps[State | None]:
        """The newest state at each instant, with the instant at which it goes stale."""
        window = self.guideline.windows["oxygen"]
        first = self.before[-1] if self.before else None
        steps: Steps[State | None] = [(self.anchor, first)]
        if first is not None and first.time + window + TICK > self.anchor:
            steps.append((first.time + window + TICK, first))
        for state in self.since:
            steps.append((state.time, state))
            steps.append((state.time + window + TICK, state))
        steps.sort(key=lambda s: (s[0], s[1].time if s[1] else self.anchor))
        return _newest_only(steps)

    def _judge(self, time: datetime, state: State | None, spo2: Reading | None) -> Hypoxia:
        open_end = self.guideline.unknown.hypoxia
        holds = state is not None and (state.ongoing or time <= state.time + self.guideline.windows["oxygen"])
        if state is not None and holds and state.settled:
            return self._by_state(state, spo2)
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
        rules = self.guideline.baseline
        if not self.baseline:
            return False
        newest = self.baseline[-1]
        if state.device in rules.positive_pressure:
            return newest.device in rules.positive_pressure or any(
                s.device in rules.home_devices for s in self.baseline
            )
        order = rules.oxygen_order
        if not newest.settled or newest.device not in order[1:] or state.device not in order:
            return False
        if order.index(state.device) > order.index(newest.device):
            return False
        if state.flow is None or newest.flow is None:
            return None
        return state.flow <= newest.flow


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
