"""What holds of tocilizumab and steroids: given, due, running, not enough (TX-5 to TX-15, TX-22)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from cds_service.crs.case import NOTHING, Case, Found, Values
from cds_service.crs.evidence import Grade, Value
from cds_service.crs.ledger import Ledger
from cds_service.crs.pressure import baseline_systolic, threshold
from cds_service.crs.steroids import Course, milligrams
from fhir_mappings.facts import Administration, DrugGroup, Reading, TherapyKind


def tocilizumab(case: Case) -> Found:
    """One of the tocilizumab conditions, and what is to be said beside it."""
    yield _state(case)
    yield from _cytopenia(case)
    newest = case.picture.opened_by[0].kind if case.picture.opened_by else None
    if case.grade < 3 or newest is not TherapyKind.CAR_T:
        yield "off-label", NOTHING
    refractory = _refractory(case)
    if refractory is not None:
        yield "refractory", refractory


def _state(case: Case) -> tuple[str, Values]:
    barred = _barred(case.ledger)
    if barred is not None:
        return barred
    given, as_of = case.ledger, case.as_of
    order = case.ordered("tocilizumab")
    if order is not None:
        told: dict[str, Value] = {"authored": order.authored} if order.authored else {}
        return "tocilizumab-ordered", told | ({"held": True} if order.status == "on-hold" else {})
    if given.next_possible is not None and given.next_possible > as_of:
        return "tocilizumab-later", {"from": given.next_possible}
    last = given.counted[-1] if given.counted else None
    if last is None or last.start < case.episode.onset:
        return "tocilizumab-first", NOTHING
    course, change = course_since(case, last), compare(case, last)
    if as_of - last.start < _time_to_improve(case) or change == "better":
        return "tocilizumab-improving", course
    return f"tocilizumab-{'repeat' if change == 'no better' else 'undecided'}", course


def _time_to_improve(case: Case) -> timedelta:
    """No longer than the interval between doses: a site that repeats sooner judges sooner."""
    window, interval = case.window("no-improvement"), case.picture.guideline.drugs["tocilizumab"].interval
    return window if interval is None else min(window, interval)


def _barred(given: Ledger) -> tuple[str, Values] | None:
    """Why no dose is to be given at all; four seen are four, whatever else there was."""
    if given.all_given:
        return "tocilizumab-all-given", {"allowed": given.allowed, "doubtful": given.doubtful}
    if given.unknown:
        return "tocilizumab-history-unknown", {"reason": given.unknown}
    return ("tocilizumab-under-age", NOTHING) if given.under_age else None


def course_since(case: Case, dose: Administration) -> dict[str, Value]:
    """The grade at a dose and now, as in "grade 2 → 2, 8 h 20 min after dose 1"."""
    before = case.episode.grade_at(dose.start)
    known: dict[str, Value] = {"before": _span(before)} if before else {}
    return {**known, "now": _span(case.present), "since": dose.start}


def _span(grade: Grade) -> str:
    return str(grade.lowest) if grade.lowest == grade.highest else f"{grade.lowest} to {grade.highest}"


def compare(case: Case, dose: Administration) -> str:
    """``better``, ``no better``, or ``unknown`` where the intervals of the grade overlap."""
    before, now = case.episode.grade_at(dose.start), case.present
    if before is None:
        return "unknown"
    since = [c.grade for c in case.episode.changes if c.time > dose.start and c.grade is not None]
    if now.highest < before.lowest:
        return "better" if now.lowest <= min(g.lowest for g in (*since, now)) else "unknown"
    return "no better" if now.lowest >= before.highest else "unknown"


def _refractory(case: Case) -> Values | None:
    """Grade 3 or 4, no lower long after steroid and tocilizumab; or every dose given (TX-13)."""
    first, given = case.steroids.first, len(case.ledger.counted)
    if case.ledger.all_given and not case.ledger.doubtful:
        return {"doses": given}
    enough = given >= case.picture.guideline.thresholds["refractory-doses"]
    if case.grade < 3 or first is None or not enough:
        return None
    long = case.as_of - first.start >= case.window("refractory")
    no_better = compare(case, first) == "no better"
    return {"doses": given, **course_since(case, first)} if long and no_better else None


def _cytopenia(case: Case) -> Found:
    """Counts below what the label names for rheumatoid arthritis: shown, no bar."""
    limits = case.picture.guideline.drugs["tocilizumab"].information or {}
    low: dict[str, Value] = {}
    for concept, below in limits.items():
        newest = case.newest(concept, case.window("neutrophils"))
        if newest is not None and newest.value < below:
            low[concept.value] = newest.value
    if low:
        yield "cytopenia", low


def steroid(case: Case) -> Found:
    """What is running, and whether hypotension persists."""
    if case.steroids.unknown:
        yield "steroids-not-known", {"reason": case.steroids.unknown}
    recent = case.steroids.recent
    if recent:
        last = max(recent.values(), key=lambda dose: dose.start)
        yield "on-steroid", {"drug": last.drug, "time": last.start}
    yield from _dexamethasone(case)
    yield from _methylprednisolone(case)
    ordered = [drug for drug in ("dexamethasone", "methylprednisolone") if case.ordered(drug) is not None]
    if ordered:
        yield "steroid-ordered", {"drugs": tuple(ordered)}
    low = _persistent_hypotension(case)
    if low is not None:
        yield "persistent-hypotension", {"value": low.value, "time": low.time}


def _dexamethasone(case: Case) -> Found:
    """On it at all, and at the dose of grade 3."""
    last, order = case.steroids.recent.get("dexamethasone"), case.ordered("dexamethasone")
    if last is not None:
        yield "on-dexamethasone", _last(last)
        if _at_regimen(case):
            yield "dexamethasone-at-regimen", _last(last)
    every = case.picture.guideline.regimen.steroids["dexamethasone-every-6-h"].every
    if order is not None or (last is not None and case.as_of - last.start <= 2 * every):
        yield "dexamethasone-standing", NOTHING


def _at_regimen(case: Case) -> bool:
    last = case.steroids.recent.get("dexamethasone")
    regimen = case.picture.guideline.regimen.steroids["dexamethasone-every-6-h"]
    amount = milligrams(last) if last is not None else None
    if last is None or amount is None:
        return False
    return amount >= regimen.dose and case.as_of - last.start <= 2 * regimen.every


def _methylprednisolone(case: Case) -> Found:
    """The course of a grade 4, and what is given besides.

    One dose, or less than the last step of the course, is no treatment of CRS.
    """
    least = case.picture.guideline.regimen.taper[-1].dose
    doses = [d for d in case.steroids.last_day if d.drug == "methylprednisolone"]
    known = [(d, milligrams(d)) for d in doses]
    repeated = len([d for d, amount in known if amount is None or amount >= least]) > 1
    in_course = case.taper.course in (Course.RUNNING, Course.ESCALATED, Course.UNCLEAR)
    if doses and (in_course or (repeated and not _at_regimen(case))):
        yield "on-methylprednisolone", _last(doses[-1])
    yield from _taper(case)


def _taper(case: Case) -> Found:
    taper = case.taper
    values: dict[str, Value] = _last(taper.last) if taper.last is not None else {}
    if taper.course is Course.NOT_BEGUN:
        if case.grade == 4:
            yield "taper-not-begun", values
        return
    if taper.course is Course.UNCLEAR and taper.begun is None and case.grade == 4:
        yield "taper-not-begun", NOTHING
    if taper.course is not Course.RUNNING:
        yield f"taper-{taper.course.value}", values
    else:
        over = taper_over(case)
        shown: dict[str, Value] = {"day": taper.day, "dose": taper.step.dose, "every": taper.step.every}
        yield "taper-running", {**values, **shown, **({"over": over} if over else {})}
    days = case.picture.guideline.regimen.taper[0].days
    given = taper.begun is not None and taper.course in (Course.RUNNING, Course.ESCALATED)
    long = days is not None and taper.begun is not None and case.as_of - taper.begun >= timedelta(days=days)
    if case.grade == 4 and given and long and taper.begun is not None:
        yield "taper-not-improving", {**values, "since": taper.begun}


def taper_over(case: Case) -> str:
    """Why the taper may end: ``grade-1`` is surely reached in the last step, or its ``days`` are over."""
    step = case.taper.step
    if step.days is None:
        return "grade-1" if case.present.highest <= 1 else ""
    return "days" if case.taper.day_of_step > step.days else ""


def _last(dose: Administration) -> dict[str, Value]:
    amount = milligrams(dose)
    known: dict[str, Value] = {"given": amount} if amount is not None else {}
    return {"last": dose.start, **known}


def _persistent_hypotension(case: Case) -> Reading | None:
    """The newest low systolic of the window, after a fluid bolus and a dose of tocilizumab."""
    first = next(_boluses(case), None)
    first_dose = next((d for d in case.ledger.counted if d.start >= case.episode.onset), None)
    if first_dose is None or first is None:
        return None
    after = max(first.start, first_dose.start)
    since = case.as_of - case.window("persistent-hypotension")
    low = [r for r in case.picture.readings.usable if r.time > after and r.time >= since and _is_low(case, r)]
    return low[-1] if low else None


def _boluses(case: Case) -> Iterator[Administration]:
    """Fluids given in one go since the onset: a slow infusion is maintenance."""
    longest = case.window("fluid-bolus")
    for dose in case.picture.facts.administrations:
        lasted = dose.end - dose.start if dose.end is not None else timedelta(0)
        quick = not dose.ongoing and lasted <= longest and dose.status != "on-hold"
        if DrugGroup.FLUID in dose.groups and dose.start >= case.episode.onset and quick:
            yield dose


def _is_low(case: Case, reading: Reading) -> bool:
    """Below the limit for the age, and below what was there before the therapy (GR-9, GR-11)."""
    picture, guideline = case.picture, case.picture.guideline
    has_therapy = any(e.kind is not None for e in picture.opened_by)
    base = baseline_systolic(picture.facts, picture.readings.usable, guideline, picture.anchor, has_therapy)
    excused = base is not None and reading.value >= base.value - guideline.thresholds["baseline-pressure"]
    limit = threshold(guideline, picture.facts.birth_date, reading.time.date())[0]
    return reading.value < limit and not excused
