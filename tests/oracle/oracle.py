"""A second grader: slow, obvious, and written from the clinical rules alone.

It looks at one instant at a time and at every instant at which anything could change. It shares no line
with the engine, so that where the two agree both have read the rules alike.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from fhir_mappings.facts import BEGINNING, Concept, DrugGroup, PatientFacts, Source
from tests.oracle import limits
from tests.oracle.fever import (
    afebrile_now,
    febrile,
    fever_unknown,
    masked_now,
    masking_doses,
    temperatures,
)
from tests.oracle.gate import anchor_of, given, therapy_anchor
from tests.oracle.limits import FEVER, RESOLUTION_SPAN, RESOLVED_SHOWN, TICK, Span, within, worst
from tests.oracle.oxygen import oxygen_axis
from tests.oracle.pressure import pressure_axis
from tests.oracle.vasopressors import running


class Verdict(NamedTuple):
    status: str
    lowest: int | None = None
    highest: int | None = None
    onset: datetime | None = None


class Course(NamedTuple):
    """The peak with the first instant at which it was reached, and the worst of the last 24 h."""

    peak: tuple[int, datetime] | None
    worst_24h: int | None


class Episode(NamedTuple):
    onset: datetime
    closed: datetime | None


class Chart(NamedTuple):
    """One patient's facts seen from one moment."""

    facts: PatientFacts
    now: datetime
    anchor: datetime
    considered_at: datetime | None = None
    """When the therapy was last in its window, where that is over."""

    def pressure(self, at: datetime) -> Span:
        therapy = therapy_anchor(self.facts, self.considered_at or self.now)
        return pressure_axis(self.facts, at, self.now, self.anchor, therapy)

    def oxygen(self, at: datetime) -> Span:
        return oxygen_axis(
            self.facts, at, self.anchor, therapy_anchor(self.facts, self.considered_at or self.now)
        )

    def signs(self, at: datetime) -> Span:
        """GR-5: the worse of the two axes."""
        return worst([self.pressure(at), self.oxygen(at)])

    def quiet(self, at: datetime) -> bool:
        """No criterion at this instant, and every axis known well enough to say so."""
        return (
            afebrile_now(self.facts, self.anchor, at)
            and self.pressure(at).highest < 2
            and self.oxygen(at).highest < 2
        )

    def perhaps_quiet(self, at: datetime) -> bool:
        """Nothing that is known says that a criterion holds."""
        signs = self.signs(at)
        return afebrile_now(self.facts, self.anchor, at) and signs.lowest < 2

    def stale(self, at: datetime) -> bool:
        """GR-7: nothing at all inside its window."""
        drugs = running(self.facts, DrugGroup.VASOPRESSOR, at, self.now) | running(
            self.facts, DrugGroup.VASOPRESSIN, at, self.now
        )
        return (
            fever_unknown(self.facts, self.anchor, at)
            and not self.pressure(at).known
            and not drugs
            and not self.oxygen(at).known
        )


def changes(facts: PatientFacts) -> Iterator[tuple[datetime, tuple[timedelta, ...]]]:
    """Every charted time, with how long after it an answer can still change because of it."""
    windows = {Concept.TEMPERATURE: (limits.TEMPERATURE_HOLDS, limits.FEVER_WINDOW)}
    for reading in (r for found in facts.readings.values() for r in found):
        yield reading.time, windows.get(reading.concept, (limits.PRESSURE_WINDOW, limits.SATURATION_WINDOW))
    vitals = facts.covered(Source.VITALS).since
    if vitals is not None and vitals > BEGINNING:
        yield vitals, (limits.FEVER_WINDOW,)
    for item in facts.oxygen:
        yield from ((t, (limits.OXYGEN_WINDOW,)) for t in (item.time, item.end) if t is not None)
    for dose in facts.administrations:
        both = (limits.MASKING_WINDOW, limits.POINT_RUNS_ON)
        yield from ((t, both) for t in (dose.start, dose.end) if t is not None)


def instants(chart: Chart, since: datetime) -> list[datetime]:
    """Every instant from ``since`` to now at which any answer can change."""
    days = range((chart.now - since).days + 2)
    midnights = [datetime.combine(since, datetime.min.time(), since.tzinfo) + timedelta(d) for d in days]
    found = {since, chart.now, *midnights}
    for time, windows in changes(chart.facts):
        found |= {time, *(time + window for window in windows), *(time + window + TICK for window in windows)}
    return sorted(t for t in found if since <= t <= chart.now)


def closing(chart: Chart, onset: datetime, surely: bool = True) -> datetime | None:
    """The first instant at which readings without a criterion span 24 h, off masking drugs.

    ``surely`` False: at which they may, for all that is known.
    """
    measured = [r.time for r in temperatures(chart.facts, chart.anchor, chart.now)]
    if max(measured) - onset < RESOLUTION_SPAN:
        return None
    began: datetime | None = None
    for at in instants(chart, onset):
        if not (chart.quiet(at) if surely else chart.perhaps_quiet(at)):
            began = None
            continue
        began = began or at
        inside = [t for t in measured if began <= t <= at]
        spans = bool(inside) and max(inside) - min(inside) >= RESOLUTION_SPAN
        if spans and not masked_now(chart.facts, at):
            return at
    return None


def episodes(chart: Chart) -> list[Episode]:
    """GR-10: a fever opens an episode; after its closing a new fever opens the next."""
    fevers = [t.time for t in temperatures(chart.facts, chart.anchor, chart.now) if t.value >= FEVER]
    found: list[Episode] = []
    for fever in sorted(fevers):
        closed = found[-1].closed if found else None
        if not found or (closed is not None and fever > closed):
            found.append(Episode(fever, closing(chart, fever)))
    return found


def certain_onset(chart: Chart, onset: datetime, at: datetime) -> datetime | None:
    """GR-7: the fever from which the episode runs even if it had ended unseen; None: it may be over."""
    fevers = sorted(t.time for t in temperatures(chart.facts, chart.anchor, at) if t.value >= FEVER)
    begun: datetime | None = onset
    while begun is not None:
        over = closing(chart, begun, surely=False)
        if over is None or over > at:
            return begun
        begun = next((fever for fever in fevers if fever > over), None)
    return None


def grade_of_open(chart: Chart, onset: datetime, at: datetime) -> Span:
    """The interval of an open episode at ``at``."""
    facts, anchor = chart.facts, chart.anchor
    signs = chart.signs(at)
    hot = febrile(facts, anchor, at)
    unknown = fever_unknown(facts, anchor, at)
    masked = any(dose >= onset for dose in masking_doses(facts, at))
    certain = certain_onset(chart, onset, at)
    surely = certain is not None and any(dose >= certain for dose in masking_doses(facts, at))
    working = masked_now(facts, at)
    lowest = max(1 if hot or working else 0, signs.lowest) if hot or surely else 0  # GR-1, GR-6
    base = 1 if hot or (masked and working) else 0
    return Span(lowest, max(base, signs.highest, 1 if unknown else 0))


def without_episode(chart: Chart, closed: datetime | None) -> str:
    """What is said where no episode is open."""
    searched = (chart.facts.covered(s).reaches(chart.anchor) for s in (Source.VITALS, Source.MEDICATIONS))
    hidden = masked_now(chart.facts, chart.now) or not all(searched)
    if hidden and chart.signs(chart.now).lowest >= 2:
        return "not-gradable"
    if closed is not None and within(closed, RESOLVED_SHOWN, chart.now):
        return "resolved"
    return "not-gradable" if fever_unknown(chart.facts, chart.anchor, chart.now) else "no-episode"


def judge(facts: PatientFacts, now: datetime) -> Verdict:
    """Status and grade of one patient at one instant."""
    anchor = anchor_of(facts, now)
    if anchor is None:
        return begun_before(facts, now)
    chart = Chart(facts, now, anchor)
    past = episodes(chart)
    if not past or past[-1].closed is not None:
        status = without_episode(chart, past[-1].closed if past else None)
        return Verdict(status, onset=past[-1].onset if past and status == "resolved" else None)
    onset = past[-1].onset
    if chart.stale(now):
        return Verdict("not-gradable", onset=onset)
    grade = grade_of_open(chart, onset, now)
    return Verdict("active", grade.lowest, grade.highest, onset)


def begun_before(facts: PatientFacts, now: datetime) -> Verdict:
    """GR-8: no therapy in its window any more; an open episode that began in it is graded on."""
    ends = [time + window for time, window in given(facts, now)]
    if not ends:
        return Verdict("not-considered")
    end = max(ends)
    anchor = therapy_anchor(facts, end)
    assert anchor is not None
    chart = Chart(facts, now, anchor, end)
    past = episodes(chart)
    if not past or past[-1].closed is not None or past[-1].onset > end or chart.stale(now):
        return Verdict("not-considered")
    grade = grade_of_open(chart, past[-1].onset, now)
    return Verdict("active", grade.lowest, grade.highest, past[-1].onset)


def course(facts: PatientFacts, now: datetime) -> Course:
    """GR-10: the peak of the last episode and the worst of its last 24 h, by the lower end."""
    anchor = anchor_of(facts, now)
    past = episodes(Chart(facts, now, anchor)) if anchor is not None else []
    if anchor is None or not past:
        return Course(None, None)
    chart = Chart(facts, now, anchor)
    last = past[-1]
    held = [at for at in instants(chart, last.onset) if last.closed is None or at < last.closed]
    ends = [*held[1:], last.closed or now + TICK]
    graded = [
        (grade_of_open(chart, last.onset, at).lowest, at, end)
        for at, end in zip(held, ends, strict=True)
        if not chart.stale(at)
    ]
    peak = max((grade for grade, _, _ in graded), default=None)
    first = next(((grade, at) for grade, at, _ in graded if grade == peak), None)
    since = now - timedelta(hours=24)
    return Course(first, max((grade for grade, _, end in graded if end > since), default=None))
