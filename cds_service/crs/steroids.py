"""Systemic steroids, and the methylprednisolone course of a grade 4 (TX-7 to TX-12).

What is not known of earlier doses is said: no steroid is offered over a history with a hole in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from cds_service.crs.guideline import Guideline
from cds_service.crs.history import why_unknown
from cds_service.crs.regimen import Step
from fhir_mappings.facts import Administration, DrugGroup, PatientFacts, Route

STEROID = frozenset({DrugGroup.STEROID})
DAY = timedelta(days=1)


class Course(StrEnum):
    """What is known of the methylprednisolone that a grade 4 began."""

    NOT_BEGUN = "not-begun"
    RUNNING = "running"
    INTERRUPTED = "interrupted"  # begun, and the last dose is too long ago
    ESCALATED = "escalated"  # beyond the first step
    UNCLEAR = "unclear"  # given since, in an amount that is not known


class Taper(NamedTuple):
    """The course; ``day`` counts from 1, ``given`` the doses since it began."""

    course: Course
    step: Step
    day: int = 0
    day_of_step: int = 0
    given: int = 0
    begun: datetime | None = None
    last: Administration | None = None


class Steroids(NamedTuple):
    """Doses of the episode, oldest first; ``recent`` has the newest of the last 24 h, by drug."""

    doses: tuple[Administration, ...]
    recent: dict[str, Administration]
    unknown: str = ""
    """Why doses may have been given that are not seen."""

    @property
    def first(self) -> Administration | None:
        return self.doses[0] if self.doses else None


def steroids(facts: PatientFacts, guideline: Guideline, onset: datetime, as_of: datetime) -> Steroids:
    """Systemic doses, also those not fully understood; skin, eye and inhaled ones are none."""
    window = guideline.windows["steroid"]
    doses = [
        a
        for a in facts.administrations
        if a.groups & STEROID and a.start <= as_of and a.route is not Route.LOCAL
    ]
    recent = {dose.drug: dose for dose in doses if as_of - last_given(dose, as_of) <= window}
    unknown = why_unknown(facts, STEROID, "", min(onset, as_of - window))
    return Steroids(tuple(dose for dose in doses if dose.start >= onset), recent, unknown)


def last_given(dose: Administration, now: datetime) -> datetime:
    """When a dose last ran: now if it still runs."""
    if dose.ongoing:
        return now
    return min(dose.end, now) if dose.end else dose.start


def milligrams(dose: Administration) -> Decimal | None:
    return dose.mass.value if dose.mass is not None and dose.mass.unit == "mg" and dose.certain else None


def taper(given: Steroids, guideline: Guideline, since: datetime | None, as_of: datetime) -> Taper:
    """The course since grade 4 was first reached (``since``): from the first dose of its first step on."""
    steps = guideline.regimen.taper
    doses = [d for d in given.doses if d.drug == "methylprednisolone" and since and d.start >= since]
    reach = max(guideline.windows["steroid"], 2 * steps[0].every)
    chain = _from_first_step(doses, steps[0].dose)
    if not chain:
        unclear = any(milligrams(dose) is None for dose in doses)
        last = doses[-1] if doses else None
        return Taper(Course.UNCLEAR if unclear else Course.NOT_BEGUN, steps[0], last=last)
    last, begun = chain[-1], chain[0].start
    day = (as_of - begun) // DAY + 1
    step, day_of_step = step_on(steps, day)
    amount = milligrams(last)
    course = Course.RUNNING
    if as_of - last.start > reach:
        course = Course.INTERRUPTED
    elif amount is None:
        course = Course.UNCLEAR
    elif amount > steps[0].dose:
        course = Course.ESCALATED
    return Taper(course, step, day, day_of_step, len(chain), begun, last)


def _from_first_step(doses: Sequence[Administration], first: Decimal) -> list[Administration]:
    """From the first dose that reaches the first step; what went before was for something else."""
    for index, dose in enumerate(doses):
        amount = milligrams(dose)
        if amount is not None and amount >= first:
            return list(doses[index:])
    return []


def step_on(steps: Sequence[Step], day: int) -> tuple[Step, int]:
    """The step of a day of the course, and the day within it; the last step goes on."""
    before = 0
    for step in steps:
        if step.days is None or day <= before + step.days:
            return step, day - before
        before += step.days
    return steps[-1], day - before + (steps[-1].days or 0)


def doses_left(course: Taper, steps: Sequence[Step]) -> int | None:
    """How many doses of the step are still to be given; None where it has no end."""
    planned = 0
    for step in steps:
        if step.days is None:
            return None
        planned += step.days * DAY // step.every
        if step is course.step:
            break
    return max(planned - course.given, 0)
