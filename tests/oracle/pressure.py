"""The hypotension axis at one instant (GR-2, GR-3, GR-4, GR-9, GR-11)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from fhir_mappings.facts import Concept, DrugGroup, Method, PatientFacts, Reading, Source
from tests.oracle.limits import (
    ADULT_SYSTOLIC,
    BASELINE_LOOKS_BACK,
    BASELINE_MARGIN,
    CUFF_BESIDE,
    DAMPED_BY,
    DOUBTFUL_MEAN,
    LOW_MEAN,
    PRESSURE_WINDOW,
    Span,
    widest,
    within,
)
from tests.oracle.vasopressors import running


def threshold(born: date, today: date) -> int:
    """GR-11: neonate (≤ 28 d) 60, infant 70, 1 to 10 completed years 70 + 2 × age, older 90."""
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if (today - born).days <= 28:
        return 60
    if years < 1:
        return 70
    return 70 + 2 * years if years <= 10 else ADULT_SYSTOLIC


def thresholds(facts: PatientFacts, at: datetime) -> set[int]:
    """Every threshold that the patient's age leaves possible."""
    today = at.astimezone(UTC).date()
    if facts.birth_date is None or facts.birth_date[0] > today:
        return {60, *range(70, 91, 2)}
    first, last = facts.birth_date
    days = range((min(last, today) - first).days + 1)
    return {threshold(first + timedelta(days=d), today) for d in days}


def systolics(facts: PatientFacts, since: datetime, until: datetime) -> list[Reading]:
    return [r for r in facts.readings.get(Concept.SYSTOLIC, ()) if since <= r.time <= until]


def suspect(reading: Reading, facts: PatientFacts, until: datetime) -> bool:
    """A damped arterial line: more than 40 below a cuff value within 60 min."""
    return reading.method is Method.ARTERIAL and any(
        cuff.method is not Method.ARTERIAL
        and abs(cuff.time - reading.time) <= CUFF_BESIDE
        and cuff.value - reading.value > DAMPED_BY
        for cuff in facts.readings.get(Concept.SYSTOLIC, ())
        if cuff.time <= until
    )


def baseline_systolic(facts: PatientFacts, anchor: datetime | None) -> Decimal | None:
    """GR-9: the lowest systolic of the 30 days before the therapy."""
    if anchor is None:
        return None
    before = [
        r.value
        for r in systolics(facts, anchor - BASELINE_LOOKS_BACK, anchor)
        if r.time < anchor and not suspect(r, facts, anchor)
    ]
    return min(before, default=None)


def by_systolic(value: Decimal, limit: int, baseline: Decimal | None) -> Span:
    """GR-2: below the threshold; GR-9: unless it was so before, and is not 5 lower now."""
    if value >= limit:
        return Span(0, 0)
    if baseline is not None and baseline < limit and value >= baseline - BASELINE_MARGIN:
        return Span(0, 0)
    return Span(2, 2)


def refused_since_last(facts: PatientFacts, at: datetime) -> bool:
    """GR-7: a pressure of the last 6 h, newer than any that was read, was refused (artefacts aside)."""
    last = max(r.time for r in systolics(facts, at - PRESSURE_WINDOW, at) if not suspect(r, facts, at))
    return any(
        issue.left_out
        and issue.concept in ("systolic", "mean-pressure")
        and issue.code != "implausible"
        and issue.time is not None
        and max(last, at - PRESSURE_WINDOW) < issue.time <= at
        for issue in facts.issues
    )


def by_mean(facts: PatientFacts, at: datetime) -> Span:
    """The mean pressure, only for who has the adult threshold and no systolic in 6 h."""
    nothing = Span(0, 2, known=False)
    means = [r for r in facts.readings.get(Concept.MEAN_PRESSURE, ()) if within(r.time, PRESSURE_WINDOW, at)]
    if thresholds(facts, at) != {ADULT_SYSTOLIC} or not means:
        return nothing
    confirmed = [
        m
        for m in means
        if m.value >= DOUBTFUL_MEAN or any(o.time != m.time and o.value < LOW_MEAN for o in means)
    ]
    if any(m.value < LOW_MEAN for m in confirmed):
        return Span(2, 2)
    if all(m.value >= ADULT_SYSTOLIC for m in means):
        return Span(0, 0)
    return Span(0, 2)


def without_drugs(facts: PatientFacts, at: datetime, therapy: datetime | None) -> Span:
    """What the pressures alone say (GR-2): the lowest plausible systolic of the last 6 h."""
    charted = systolics(facts, at - PRESSURE_WINDOW, at)
    usable = [r.value for r in charted if not suspect(r, facts, at)]  # where none is left: the mean pressure
    if usable:
        baseline = baseline_systolic(facts, therapy)
        span = widest([by_systolic(min(usable), limit, baseline) for limit in thresholds(facts, at)])
        high = min(usable) >= max(thresholds(facts, at))
        return Span(0, 2) if high and refused_since_last(facts, at) else span
    return by_mean(facts, at)


def pressure_axis(
    facts: PatientFacts, at: datetime, now: datetime, anchor: datetime, therapy: datetime | None
) -> Span:
    """GR-3, GR-4: vasopressors outrank the pressure; an unfinished search leaves 4 open (GR-7)."""
    pressors = len(running(facts, DrugGroup.VASOPRESSOR, at, now))
    vasopressin = bool(running(facts, DrugGroup.VASOPRESSIN, at, now))
    span = without_drugs(facts, at, therapy)
    if pressors or vasopressin:
        grade = 4 if pressors > 1 else 3
        span = Span(grade, grade)
    if not facts.covered(Source.MEDICATIONS).reaches(anchor):
        span = span._replace(highest=4)
    return span
