"""The weight that a dose or a rate may be computed from, or why none may (DL-8)."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from cds_service.crs.guideline import Guideline
from cds_service.crs.timeline import TICK, within
from fhir_mappings.facts import Concept, PatientFacts, Reading

CENT = Decimal("0.01")


class Weight(NamedTuple):
    """The newest weight (kg); nothing is computed from one with a ``reason``.

    missing | stale | contradictory.
    """

    reading: Reading | None
    reason: str = ""
    other: Reading | None = None
    """The reading that contradicts it."""
    old: bool = False
    """Usable, and old enough to be said."""

    @property
    def kilograms(self) -> Decimal:
        """To 0.01 kg, before any threshold. Raises ValueError where there is no weight."""
        if self.reading is None:
            raise ValueError("there is no weight")
        return self.reading.value.quantize(CENT, ROUND_HALF_EVEN)


def weight_at(facts: PatientFacts, guideline: Guideline, time: datetime) -> Weight:
    """The newest plausible weight charted by ``time``."""
    weights = [r for r in facts.readings.get(Concept.WEIGHT, ()) if r.time <= time]
    if not weights:
        return Weight(None, "missing")
    newest, windows = weights[-1], guideline.windows
    if time - newest.time > windows["weight"]:
        return Weight(newest, "stale")
    for window, limit in (("weight-pair", "weight-difference"), ("weight", "weight-change")):
        near = within(weights, newest.time - windows[window], newest.time + TICK)
        other = max(near, key=lambda r: abs(r.value - newest.value))
        allowed = guideline.thresholds[limit] / 100 * min(other.value, newest.value)
        if abs(other.value - newest.value) > allowed:
            return Weight(newest, "contradictory", other)
    return Weight(newest, old=time - newest.time > windows["weight-old"])
