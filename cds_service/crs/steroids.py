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

    last_day: tuple[Administration, ...] = ()
    """All doses of the last 24 h, also from before the episode."""

    @property
    def first(self) -> Administration | None:
        return self.doses[0] if self.doses else None


def steroids(facts: PatientFacts, guideline: Guideline, onset: datetime, as_of: datetime) -> Steroids:
    """Systemic doses, also those not fully understood; skin, eye and inhaled ones are none, nor held ones."""
    window = guideline.windows["steroid"]
    doses = [
        a
        for a in facts.administrations
        if a.groups & STEROID and a.start <= as_of and a.route is not Route.LOCAL and a.status != "on-hold"
    ]
    recent = {dose.drug: dose for dose in doses if as_of - last_given(dose, as_of) <= window}
    unknown = why_unknown(facts, STEROID, "", min(onset, as_of - window))
    of_episode = tuple(dose for dose in doses if dose.start >= onset)
    last_day = tuple(dose for dose in doses if as_of - last_given(dose, as_of) <= window)
    return Steroids(of_episode, recent, unknown, last_day)


def last_given(dose: Administration, now: datetime) -> datetime:
    """When a dose last ran: now if it still runs."""
    if dose.ongoing:
        return now
    return min(dose.end, now) if dose.end else dose.start


def milligrams(dose: Administration) -> Decimal | None:
    return dose.mass.value if dose.mass is not None and dose.mass.unit == "mg" and dose.certain else None


def taper(given: Steroids, guideline: Guideline, since: datetime | None, as_of: datetime) -> Taper:
    """The course of the grade 4 that was reached at ``since``: from its first full dose on."""
    steps, window = guideline.regimen.taper, guideline.windows["steroid"]
    doses = [d for d in given.doses if d.drug == "methylprednisolone" and since and d.start >= since - window]
    reach = max(window, 2 * steps[0].every)
    chain = _from_first_step(doses, steps[0])
    if not chain:
        recent = [dose for dose in doses if as_of - dose.start <= reach]
        unclear = any(milligrams(dose) is None for dose in recent)
        last = doses[-1] if doses else None
        return Taper(Course.UNCLEAR if unclear else Course.NOT_BEGUN, steps[0], last=last)
    last, begun = chain[-1], chain[0].start
    day, count = (as_of - begun) // DAY + 1, _times_given(chain, steps[0].every)
    step, day_of_step = _step_of(steps, day, count)
    amounts = [milligrams(dose) for dose in chain]
    course = Course.RUNNING
    if as_of - last.start > reach:
        course = Course.INTERRUPTED
    elif amounts[-1] is None:
        course = Course.UNCLEAR
    elif any(amount > steps[0].dose for amount in amounts if amount is not None):
        course = Course.ESCALATED
    return Taper(course, step, day, day_of_step, count, begun, last)


def _from_first_step(doses: Sequence[Administration], first: Step) -> list[Administration]:
    """From when the doses of one interval reach the first step; what went before was for something else."""
    for index, dose in enumerate(doses):
        parts = [d for d in doses[: index + 1] if dose.start - d.start < first.every]
        if total(parts) >= first.dose:
            return list(doses[index + 1 - len(parts) :])
    return []


def total(doses: Sequence[Administration]) -> Decimal:
    """The amounts that are known, together (mg)."""
    return sum((amount for amount in map(milligrams, doses) if amount is not None), Decimal(0))


def _times_given(chain: Sequence[Administration], every: timedelta) -> int:
    """How often a dose was given; parts of one that follow within half the interval are one."""
    count, last = 0, None
    for dose in chain:
        if last is None or dose.start - last > every / 2:
            count, last = count + 1, dose.start
    return count


def _step_of(steps: Sequence[Step], day: int, given: int) -> tuple[Step, int]:
    """The step of the day, or the next one where all doses of this one are given."""
    step, day_of_step = step_on(steps, day)
    while planned(step, steps) == given and step is not steps[-1]:
        step, day_of_step = steps[steps.index(step) + 1], 1
    return step, day_of_step


def step_on(steps: Sequence[Step], day: int) -> tuple[Step, int]:
    """The step of a day of the course, and the day within it; the last step goes on."""
    before = 0
    for step in steps:
        if step.days is None or day <= before + step.days:
            return step, day - before
        before += step.days
    return steps[-1], day - before + (steps[-1].days or 0)


def planned(until: Step, steps: Sequence[Step]) -> int | None:
    """How many doses the course has up to the end of a step; None where it has no end."""
    count = 0
    for step in steps:
        if step.days is None:
            return None
        count += step.days * DAY // step.every
        if step is until:
            break
    return count


def doses_left(course: Taper, steps: Sequence[Step]) -> int | None:
    """How many doses of the step are still to be given, and fit into its days; None where it has no end."""
    all_doses = planned(course.step, steps)
    if all_doses is None or course.step.days is None:
        return None
    days = course.step.days - max(course.day_of_step, 1) + 1
    return max(min(all_doses - course.given, days * DAY // course.step.every), 0)
