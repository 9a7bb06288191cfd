"""What holds of this patient now, by the names that the advice of a guideline asks for (TX).

Each condition is computed from the definitions of the guideline table and carries the values that its
sentence shows. Nothing is guessed: what is not known has a condition of its own, or none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cds_service.crs.episode import Episode
from cds_service.crs.evidence import Value
from cds_service.crs.explain import Picture
from cds_service.crs.ledger import Ledger
from cds_service.crs.pressure import baseline_systolic, threshold
from cds_service.crs.steroids import Steroids
from fhir_mappings.facts import (
    Administration,
    Concept,
    Condition,
    ConditionGroup,
    DrugGroup,
    Order,
    PatientFacts,
    Reading,
    Route,
    Source,
    TherapyKind,
)

Values = Mapping[str, Value]
Found = Iterator[tuple[str, Values]]
NOTHING: Values = {}


@dataclass(frozen=True, slots=True)
class Case:
    """One patient in an open episode, with what was given and what is ordered."""

    picture: Picture
    episode: Episode
    grade: int
    ledger: Ledger
    steroids: Steroids

    @property
    def as_of(self) -> datetime:
        return self.picture.as_of

    def window(self, name: str) -> timedelta:
        return self.picture.guideline.windows[name]

    def ordered(self, drug: str, after: datetime | None) -> Order | None:
        """An active order for a drug, for this use of it, that was written after the last dose of it."""
        orders = [o for o in self.picture.facts.orders if o.drug == drug and o.status == "active"]
        mine = [o for o in orders if self._is_this_use(o)]
        return next((o for o in mine if after is None or o.authored is None or o.authored > after), None)

    def _is_this_use(self, order: Order) -> bool:
        """By a route of the drug's table; without routes there, by any that is not local."""
        routes = {dose.route for dose in order.doses} or {Route.UNSPECIFIED}
        allowed = self.picture.guideline.drugs[order.drug].routes or set(Route) - {Route.LOCAL}
        return bool(routes & {*allowed, Route.UNSPECIFIED})


def situation(case: Case) -> dict[str, Values]:
    """Every condition that holds, with its values."""
    parts = (
        _blood(case),
        _grade_one(case),
        _diagnoses(case),
        _tocilizumab(case),
        _steroid(case),
        _labs(case),
    )
    return {name: values for part in parts for name, values in part}


def _newest(case: Case, concept: Concept, window: timedelta) -> Reading | None:
    readings = case.picture.facts.readings.get(concept, ())
    recent = [r for r in readings if case.as_of - window <= r.time <= case.as_of]
    return recent[-1] if recent else None


def _blood(case: Case) -> Found:
    """Neutropenia (TX-2)."""
    newest = _newest(case, Concept.NEUTROPHILS, case.window("neutrophils"))
    if newest is None:
        yield "neutrophils-not-known", {"hours": int(case.window("neutrophils") / timedelta(hours=1))}
    elif newest.value < case.picture.guideline.thresholds["neutropenia"]:
        yield "neutropenic", {"value": newest.value, "time": newest.time}


def _grade_one(case: Case) -> Found:
    """Prolonged, early by product, early by onset (TX-3, TX-4)."""
    since, onset = _mild_since(case.episode), case.episode.onset
    if case.as_of - since > case.window("prolonged"):
        yield "prolonged", {"since": since}
    cells = [e for e in case.picture.opened_by if e.kind is TherapyKind.CAR_T]
    long = case.as_of - onset > case.window("early-product")
    early = [e for e in cells if e.product in case.picture.guideline.regimen.early_products]
    if long and early:
        yield "early-product", {"product": early[0].product or "", "since": onset}
    if long and not early and any(e.product is None for e in cells):
        yield "product-not-named", NOTHING
    if cells and onset - cells[0].time < case.window("early-onset"):
        yield "early-onset", {"after": onset - cells[0].time}
    if cells and case.as_of - cells[0].time <= case.window("proximity"):
        yield "near-cells", NOTHING


def _mild_since(episode: Episode) -> datetime:
    """Since when the lower end of the grade has not been above 1."""
    since = episode.onset
    for before, after in zip(episode.changes, [*episode.changes[1:], None], strict=True):
        if before.grade is not None and before.grade.lowest > 1 and after is not None:
            since = after.time
    return since


def active(facts: PatientFacts, group: ConditionGroup) -> list[Condition]:
    return [c for c in facts.conditions if c.group is group and c.active]


def cells_ordered(facts: PatientFacts) -> Order | None:
    """An active order for a cell product."""
    return next((o for o in facts.orders if DrugGroup.CAR_T in o.groups and o.status == "active"), None)


def _diagnoses(case: Case) -> Found:
    """Comorbidity (TX-3), infection (TX-16, TX-17), ICANS (TX-18)."""
    for name, group in (("comorbidity", ConditionGroup.COMORBIDITY), ("infection", ConditionGroup.INFECTION)):
        found = active(case.picture.facts, group)
        if found:
            yield name, {"diagnosis": found[0].display}
    ice = _newest(case, Concept.ICE_SCORE, case.window("ice-score"))
    if ice is not None and ice.value < case.picture.guideline.thresholds["ice-normal"]:
        yield "icans", {"score": ice.value, "time": ice.time}
    elif active(case.picture.facts, ConditionGroup.ICANS) or case.picture.moment.hypoxia.basis == "reason":
        yield "icans", NOTHING
    cells = cells_ordered(case.picture.facts)
    if cells is not None:
        yield "cells-ordered", {"product": cells.drug}


def _tocilizumab(case: Case) -> Found:
    """One of the tocilizumab conditions, and what is to be said beside it (TX-5, TX-6, TX-22)."""
    yield _tocilizumab_state(case)
    yield from _cytopenia(case)
    if case.grade < 3 or any(e.kind is TherapyKind.T_CELL_ENGAGER for e in case.picture.opened_by[:1]):
        yield "off-label", NOTHING
    refractory = _refractory(case)
    if refractory is not None:
        yield "refractory", refractory


def _tocilizumab_state(case: Case) -> tuple[str, Values]:
    barred = _barred(case.ledger)
    if barred is not None:
        return barred
    given, as_of = case.ledger, case.as_of
    last = given.last.start if given.last else None
    order = case.ordered("tocilizumab", last)
    if order is not None:
        return "tocilizumab-ordered", {"authored": order.authored} if order.authored else NOTHING
    if given.next_possible is not None and given.next_possible > as_of:
        return "tocilizumab-later", {"from": given.next_possible, **_course_since(case, given.last)}
    if last is None or not given.counted:
        return "tocilizumab-first", NOTHING
    course = _course_since(case, given.last)
    if as_of - last >= _time_to_improve(case) and _not_lower(course):
        return "tocilizumab-repeat", {"last": last, "number": len(given.counted), **course}
    return "tocilizumab-improving", course


def _time_to_improve(case: Case) -> timedelta:
    """No longer than the interval between doses: a site that repeats sooner judges sooner."""
    window, interval = case.window("no-improvement"), case.picture.guideline.drugs["tocilizumab"].interval
    return window if interval is None else min(window, interval)


def _barred(given: Ledger) -> tuple[str, Values] | None:
    """Why no dose is to be given at all."""
    if given.unknown:
        return "tocilizumab-history-unknown", {"reason": given.unknown}
    if given.all_given:
        return "tocilizumab-all-given", {"allowed": given.allowed}
    return ("tocilizumab-under-age", NOTHING) if given.under_age else None


def _course_since(case: Case, dose: Administration | None) -> dict[str, Value]:
    """The grade at a dose and now, as in "grade 2 → 2, 8 h 20 min after dose 1"."""
    at_dose = case.episode.grade_at(dose.start) if dose else None
    if dose is None:
        return {}
    known: dict[str, Value] = {"before": at_dose.lowest} if at_dose else {}
    return {**known, "now": case.grade, "since": dose.start}


def _not_lower(course: Values) -> bool:
    """Whether the grade is no lower than it was; unknown then counts as no improvement seen."""
    before, now = course.get("before"), course.get("now")
    return not (isinstance(before, int) and isinstance(now, int)) or now >= before


def _refractory(case: Case) -> Values | None:
    """Grade 3 or 4, no lower long after steroid and tocilizumab; or every dose given (TX-13)."""
    first, given = case.steroids.first, len(case.ledger.counted)
    if case.ledger.all_given:
        return {"doses": given}
    enough = given >= case.picture.guideline.thresholds["refractory-doses"]
    if case.grade < 3 or first is None or not enough:
        return None
    long = case.as_of - first.start >= case.window("refractory")
    course = _course_since(case, first)
    return {"doses": given, **course} if long and _not_lower(course) else None


def _cytopenia(case: Case) -> Found:
    """Counts below what the label names for rheumatoid arthritis: shown, no bar."""
    limits = case.picture.guideline.drugs["tocilizumab"].information or {}
    low: dict[str, Value] = {}
    for concept, below in limits.items():
        newest = _newest(case, concept, case.window("neutrophils"))
        if newest is not None and newest.value < below:
            low[concept.value] = newest.value
    if low:
        yield "cytopenia", low


def _steroid(case: Case) -> Found:
    """What is running, and whether hypotension persists (TX-7, TX-9, TX-11, TX-12, TX-15)."""
    recent = case.steroids.recent
    if recent:
        last = max(recent.values(), key=lambda dose: dose.start)
        yield "on-steroid", {"drug": last.drug, "time": last.start}
    for drug in ("dexamethasone", "methylprednisolone"):
        if drug in recent:
            yield f"on-{drug}", {"last": recent[drug].start, **_given(recent[drug])}
    yield from _taper(case)
    low = _persistent_hypotension(case)
    if low is not None:
        yield "persistent-hypotension", {"value": low.value, "time": low.time}


def _given(dose: Administration) -> dict[str, Value]:
    mass = dose.mass if dose.mass is not None and dose.mass.unit == "mg" else None
    return {"given": mass.value} if mass else {}


def _taper(case: Case) -> Found:
    """The course of methylprednisolone that a grade 4 began."""
    taper, peak = case.steroids.taper, case.episode.peak()
    if peak is None or peak.grade < 4:
        return
    if taper is None:
        if case.grade == 4:
            yield "taper-not-begun", NOTHING
        return
    step = taper.step
    values: dict[str, Value] = {
        "day": taper.day,
        "dose": step.dose,
        "every": step.every,
        "last": taper.last.start,
    }
    over = taper_over(case)
    values |= _given(taper.last) | ({"over": over} if over else {})
    yield "taper-running", values
    first = case.picture.guideline.regimen.taper[0]
    if case.grade == 4 and first.days is not None and case.as_of - taper.begun >= timedelta(days=first.days):
        yield "taper-not-improving", {**values, "since": taper.begun}


def taper_over(case: Case) -> str:
    """Why the taper may end: ``grade-1`` is reached in a step without an end, or its ``days`` are over."""
    taper = case.steroids.taper
    if taper is None:
        return ""
    if taper.step.days is None:
        return "grade-1" if case.grade <= 1 else ""
    return "days" if taper.day_of_step > taper.step.days else ""


def _persistent_hypotension(case: Case) -> Reading | None:
    """The newest low systolic of the window, after a fluid bolus and a dose of tocilizumab."""
    last = case.ledger.last
    given = [a for a in case.picture.facts.administrations if a.status != "on-hold"]
    fluids = [a for a in given if DrugGroup.FLUID in a.groups]
    first = next((a for a in fluids if a.start >= case.episode.onset), None)
    if last is None or first is None:
        return None
    first_dose = next((d for d in case.ledger.counted if d.start >= case.episode.onset), last)
    after = max(first.start, first_dose.start)
    since = case.as_of - case.window("persistent-hypotension")
    low = [r for r in case.picture.readings.usable if r.time > after and r.time >= since and _is_low(case, r)]
    return low[-1] if low else None


def _is_low(case: Case, reading: Reading) -> bool:
    """Below the limit for the age, and below what was there before the therapy (GR-9, GR-11)."""
    picture, guideline = case.picture, case.picture.guideline
    has_therapy = any(e.kind is not None for e in picture.opened_by)
    base = baseline_systolic(picture.facts, picture.readings.usable, guideline, picture.anchor, has_therapy)
    excused = base is not None and reading.value >= base.value - guideline.thresholds["baseline-pressure"]
    limit = threshold(guideline, picture.facts.birth_date, reading.time.date())[0]
    return reading.value < limit and not excused


def _labs(case: Case) -> Found:
    """Daily tests that were not resulted (TX-14); a refused result was resulted all the same."""
    since = case.as_of - case.window("labs")
    if not case.picture.facts.covered(Source.LABS).reaches(since):
        yield "labs-not-known", NOTHING
        return
    panels = case.picture.guideline.regimen.labs
    lacking = [panel.id for panel in panels if not _resulted(case, panel.concepts, since)]
    if lacking:
        yield "labs-not-resulted", {"tests": tuple(lacking)}


def _resulted(case: Case, concepts: frozenset[Concept], since: datetime) -> bool:
    facts = case.picture.facts
    if any(_newest(case, concept, case.as_of - since) for concept in concepts):
        return True
    names = {concept.value for concept in concepts}
    return any(i.concept in names and i.time is not None and i.time >= since for i in facts.issues)
