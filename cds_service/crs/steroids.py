"""Systemic steroids of the episode, and the day of the methylprednisolone taper (TX-7 to TX-12)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from cds_service.crs.guideline import Guideline
from cds_service.crs.regimen import Step
from fhir_mappings.facts import Administration, DrugGroup, PatientFacts, Route

STEROID = frozenset({DrugGroup.STEROID})
DAY = timedelta(days=1)


class Taper(NamedTuple):
    """A running course of methylprednisolone: the day of it (from 1), and the step of that day."""

    begun: datetime
    day: int
    step: Step
    day_of_step: int
    last: Administration


class Steroids(NamedTuple):
    """Doses of the episode, oldest first; ``recent`` are those of the last 24 h by drug, the newest each."""

    doses: tuple[Administration, ...]
    recent: dict[str, Administration]
    taper: Taper | None

    @property
    def first(self) -> Administration | None:
        return self.doses[0] if self.doses else None


def steroids(facts: PatientFacts, guideline: Guideline, onset: datetime, as_of: datetime) -> Steroids:
    """Systemic doses from the onset on; skin, eye and inhaled ones are none."""
    doses = tuple(
        a
        for a in facts.administrations
        if a.groups & STEROID
        and onset <= a.start <= as_of
        and a.certain
        and a.route is not Route.LOCAL
        and a.status != "on-hold"
    )
    window = guideline.windows["steroid"]
    recent = {dose.drug: dose for dose in doses if as_of - dose.start <= window}
    methylprednisolone = [dose for dose in doses if dose.drug == "methylprednisolone"]
    return Steroids(doses, recent, _taper(methylprednisolone, guideline, as_of))


def _taper(doses: Sequence[Administration], guideline: Guideline, as_of: datetime) -> Taper | None:
    """The course that still runs: doses that follow each other within the window, the last of them recent."""
    window = guideline.windows["steroid"]
    if not doses or as_of - doses[-1].start > window:
        return None
    begun = doses[-1].start
    for dose in reversed(doses):
        if begun - dose.start > window:
            break
        begun = dose.start
    day = (as_of - begun) // DAY + 1
    step, day_of_step = step_on(guideline.regimen.taper, day)
    return Taper(begun, day, step, day_of_step, doses[-1])


def step_on(steps: Sequence[Step], day: int) -> tuple[Step, int]:
    """The step of a day of the course, and the day within it; the last step goes on."""
    before = 0
    for step in steps:
        if step.days is None or day <= before + step.days:
            return step, day - before
        before += step.days
    return steps[-1], day - before + (steps[-1].days or 0)
