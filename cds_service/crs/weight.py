"""The weight that a dose or a rate may be computed from, or why none may (DL-8)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from cds_service.crs.guideline import Guideline
from cds_service.crs.timeline import TICK, within
from fhir_mappings.facts import Concept, PatientFacts, Reading


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


def weight_at(facts: PatientFacts, guideline: Guideline, time: datetime) -> Weight:
    """The newest plausible weight charted by ``time``."""
    weights = [r for r in facts.readings.get(Concept.WEIGHT, ()) if r.time <= time]
    if not weights:
        return Weight(None, "missing")
    newest, windows = weights[-1], guideline.windows
    if time - newest.time > windows["weight"]:
        return Weight(newest, "stale")
    near = within(weights, newest.time - windows["weight-pair"], newest.time + TICK)
    other = max(near, key=lambda r: abs(r.value - newest.value))
    limit = guideline.thresholds["weight-difference"] / 100 * min(other.value, newest.value)
    if abs(other.value - newest.value) > limit:
        return Weight(newest, "contradictory", other)
    return Weight(newest, old=time - newest.time > windows["weight-old"])
