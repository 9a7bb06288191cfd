"""One patient in an open episode, with what was given and what is ordered: what advice is made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cds_service.crs.counting import counted_since
from cds_service.crs.episode import Episode
from cds_service.crs.evidence import Grade, Value
from cds_service.crs.explain import Picture
from cds_service.crs.guideline import Guideline
from cds_service.crs.ledger import CLOSE, Ledger, is_under_age, ledger
from cds_service.crs.steroids import Course, Steroids, Taper, steroids, taper
from fhir_mappings.facts import Administration, Concept, Order, Reading, Route

STANDING = ("active", "on-hold")
Values = Mapping[str, Value]
Found = Iterator[tuple[str, Values]]
"""Conditions that hold, each with the values that its sentence shows."""
NOTHING: Values = {}


@dataclass(frozen=True, slots=True)
class Case:
    picture: Picture
    episode: Episode
    present: Grade
    ledger: Ledger
    steroids: Steroids
    taper: Taper
    is_adult: bool
    """Old enough for the doses of adults; false where the age is not known."""

    @property
    def grade(self) -> int:
        """What is sure: the lower end."""
        return self.present.lowest

    @property
    def as_of(self) -> datetime:
        return self.picture.as_of

    def window(self, name: str) -> timedelta:
        return self.picture.guideline.windows[name]

    def newest(self, concept: Concept, window: timedelta) -> Reading | None:
        readings = self.picture.facts.readings.get(concept, ())
        recent = [r for r in readings if self.as_of - window <= r.time <= self.as_of]
        return recent[-1] if recent else None

    def ordered(self, drug: str) -> Order | None:
        """A standing order for this use of a drug that is not carried out yet."""
        given = [a for a in self.picture.facts.administrations if a.drug == drug]
        orders = (o for o in self.picture.facts.orders if o.drug == drug and o.status in STANDING)
        return next((o for o in orders if self._is_this_use(o) and not is_spent(o, given)), None)

    def _is_this_use(self, order: Order) -> bool:
        """Of this episode, by a route of the drug's table (without one: not local), and not as needed."""
        began = min(self.episode.onset, self.picture.anchor)
        if order.authored is not None and order.authored < began:
            return False
        routes = {dose.route for dose in order.doses} or {Route.UNSPECIFIED}
        allowed = self.picture.guideline.drugs[order.drug].routes or set(Route) - {Route.LOCAL}
        needed = bool(order.doses) and all(dose.as_needed for dose in order.doses)
        return bool(routes & {*allowed, Route.UNSPECIFIED}) and not needed


def is_spent(order: Order, given: Sequence[Administration]) -> bool:
    """Every dose that it asks for was given since it was written, or just before it was."""
    told = [a for a in given if a.status != "on-hold"]
    since = [a for a in told if order.authored is not None and a.start >= order.authored - CLOSE]
    counts = [dose.count if dose.interval is not None else 1 for dose in order.doses] or [1]
    asked = None if None in counts else sum(count for count in counts if count is not None)
    return asked is not None and len(since) >= asked


def case_of(picture: Picture, episode: Episode, now: Grade) -> Case:
    facts, guideline, as_of = picture.facts, picture.guideline, picture.as_of
    since = counted_since(facts, guideline, as_of, episode.onset)
    given = steroids(facts, guideline, episode.onset, as_of)
    adult = int(guideline.thresholds["adult-dose"])
    return Case(
        picture=picture,
        episode=episode,
        present=now,
        ledger=ledger(facts, guideline, since, as_of),
        steroids=given,
        taper=_course(taper(given, guideline, _four_since(episode), as_of), guideline, now),
        is_adult=is_under_age(facts.birth_date, adult, as_of.date()) is False,
    )


def _four_since(episode: Episode) -> datetime | None:
    """When grade 4 was reached; again, where grade 2 or less lay between."""
    since, has_been_mild = None, False
    for change in episode.changes:
        if change.grade is not None and change.grade.lowest == 4 and (since is None or has_been_mild):
            since, has_been_mild = change.time, False
        has_been_mild = has_been_mild or (change.grade is not None and change.grade.highest <= 2)
    return since


def _course(found: Taper, guideline: Guideline, now: Grade) -> Taper:
    """At grade 4 a course that was interrupted begins anew."""
    if found.course is Course.INTERRUPTED and now.lowest == 4:
        return Taper(Course.NOT_BEGUN, guideline.regimen.taper[0], last=found.last)
    return found
