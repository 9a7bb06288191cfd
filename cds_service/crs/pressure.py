"""The hypotension axis (GR-2, GR-3, GR-4), with age bands (GR-11) and the baseline (GR-9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from cds_service.crs.guideline import Guideline, PressureBand
from cds_service.crs.infusions import Infusions, Run, running_steps
from cds_service.crs.timeline import TICK, Steps, at, coalesce, lowest, merge, newest, within
from fhir_mappings.facts import PRESSORS, Concept, Method, PatientFacts, Reading, Source

CHILD_YEARS = 18
"""Beyond this age no band can change any more; only saves work."""


class Pressure(NamedTuple):
    """The hypotension axis at one instant, and what decided it.

    ``basis``: vasopressor | systolic | baseline | mean | unknown. ``systolic`` is the lowest
    of the window, ``mean`` the lowest mean pressure where no systolic is there.
    """

    lowest: int
    highest: int
    basis: str
    systolic: Reading | None = None
    mean: Reading | None = None
    running: tuple[Run, ...] = ()
    age_decides: bool = False
    unread: datetime | None = None
    """A pressure charted since the newest that could be read, which could not be used."""
    uncertain: tuple[Run, ...] = ()
    """Vasopressors that may be running beside those that surely are."""

    @property
    def known(self) -> bool:
        """Something inside its window speaks for or against hypotension."""
        return self.basis != "unknown"


class Readings(NamedTuple):
    """Systolic readings sorted out once: usable, suspect, and the means that stand in for them."""

    usable: list[Reading]
    suspect: list[tuple[Reading, Reading]]
    """A suspect arterial reading with the cuff reading that speaks against it."""
    means: list[Reading]
    means_refused: list[Reading]


def sort_out(facts: PatientFacts, guideline: Guideline, end: datetime) -> Readings:
    """Set apart damped arterial lines and means that contradict the systolic of the same time."""
    systolic = [r for r in facts.readings.get(Concept.SYSTOLIC, ()) if r.time <= end]
    cuffs = [r for r in systolic if r.method is not Method.ARTERIAL]
    usable, suspect = [], []
    for reading in systolic:
        cuff = _contradicting_cuff(reading, cuffs, guideline) if reading.method is Method.ARTERIAL else None
        if cuff is None:
            usable.append(reading)
        else:
            suspect.append((reading, cuff))
    means: list[Reading] = []
    refused: list[Reading] = []
    margin = guideline.thresholds["mean-below-systolic"]
    for mean in facts.readings.get(Concept.MEAN_PRESSURE, ()):
        if mean.time > end:
            continue
        beside = within(systolic, mean.time, mean.time)
        agreeing = not beside or any(mean.value < s.value - margin for s in beside)
        (means if agreeing else refused).append(mean)
    return Readings(usable, suspect, means, refused)


def _contradicting_cuff(arterial: Reading, cuffs: Sequence[Reading], guideline: Guideline) -> Reading | None:
    near = guideline.windows["arterial-pairing"]
    limit = arterial.value + guideline.thresholds["arterial-suspect"]
    found = [c for c in within(cuffs, arterial.time - near, arterial.time + near) if c.value > limit]
    return max(found, key=lambda c: (c.value, c.time, c.reference), default=None)


def threshold(guideline: Guideline, birth: tuple[date, date] | None, day: date) -> tuple[Decimal, Decimal]:
    """The systolic limits that the age allows: (lowest, highest possible) (GR-11)."""
    bands = guideline.pressure_bands
    if birth is not None and birth[0] <= day:
        limits = [_limit(bands, born, day) for born in birth]
    else:
        limits = [b.base + b.per_year * years for b in bands for years in (0, (b.below_years or 1) - 1)]
    return min(limits), max(limits)


def _limit(bands: tuple[PressureBand, ...], born: date, day: date) -> Decimal:
    days = (day - born).days
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    for band in bands:
        young = band.below_days is not None and days < band.below_days
        if young or (band.below_years is not None and years < band.below_years):
            return band.base + band.per_year * years
    return bands[-1].base + bands[-1].per_year * years


def baseline_systolic(
    facts: PatientFacts, usable: Sequence[Reading], guideline: Guideline, anchor: datetime, has_therapy: bool
) -> Reading | None:
    """The lowest systolic before the therapy, where it was already hypotensive (GR-9)."""
    if not has_therapy:
        return None
    before = [r for r in usable if anchor - guideline.windows["baseline"] <= r.time < anchor]
    low = min(before, key=lambda r: (r.value, r.time), default=None)
    if low is None or low.value >= threshold(guideline, facts.birth_date, low.time.date())[0]:
        return None
    return low


def refused_pressures(facts: PatientFacts, end: datetime) -> list[datetime]:
    """When a pressure was charted that could not be used; the artefacts of a line tell nothing."""
    concepts = (Concept.SYSTOLIC, Concept.MEAN_PRESSURE)
    issues = (i for i in facts.issues if i.left_out and i.concept in concepts and i.code != "implausible")
    return sorted(i.time for i in issues if i.time is not None and i.time <= end)


def vasopressors_known(facts: PatientFacts, anchor: datetime) -> bool:
    """Whether all that was given since is at hand, and none of it without a place in time."""
    return facts.covered(Source.MEDICATIONS).reaches(anchor) and not facts.unplaced_since(PRESSORS, anchor)


class PressureAxis:
    """Judges the axis at any instant; ``steps`` gives it over the whole course."""

    def __init__(
        self, facts: PatientFacts, guideline: Guideline, anchor: datetime, has_therapy: bool, end: datetime
    ) -> None:
        self.facts, self.guideline, self.end, self.anchor = facts, guideline, end, anchor
        self.readings = sort_out(facts, guideline, end)
        self.baseline = baseline_systolic(facts, self.readings.usable, guideline, anchor, has_therapy)
        self.refused = refused_pressures(facts, end)
        self._limits_by_day: dict[date, tuple[Decimal, Decimal]] = {}
        grown = facts.birth_date is not None and anchor.year - facts.birth_date[1].year > CHILD_YEARS
        self._for_good = threshold(guideline, facts.birth_date, anchor.date()) if grown else None
        self.medications_complete = vasopressors_known(facts, anchor)

    def steps(self, flows: Infusions) -> Steps[Pressure]:
        """What decides at each change, and at the end with the lowest reading of its window."""
        low = lowest(self.readings.usable, self.guideline.windows["pressure"], self.anchor)
        running = running_steps(flows.runs, self.anchor, self.end)
        perhaps = running_steps(flows.uncertain, self.anchor, self.end)
        telling = coalesce(low, self._kind_below(self._for_good[1])) if self._for_good else low
        changes = merge(self.end, telling, running, perhaps, self._edges())
        steps = [(time, self._judge(time, *values[:3])) for time, values in changes]
        last = (at(low, self.end), at(running, self.end), at(perhaps, self.end))
        return [*steps, (self.end, self._judge(self.end, *last))]

    def _kind_below(self, limit: Decimal) -> Callable[[Reading | None], object]:
        """Readings of one kind are judged alike; only for a limit that does not change with the age."""
        if self.baseline is None:
            return lambda reading: reading and reading.value < limit
        return lambda reading: reading and (reading.value < limit, self._excused(reading))

    def _excused(self, reading: Reading) -> bool:
        """As low as before the therapy, and no lower (GR-9)."""
        base = self.baseline
        return (
            base is not None and reading.value >= base.value - self.guideline.thresholds["baseline-pressure"]
        )

    def _limits(self, time: datetime) -> tuple[Decimal, Decimal]:
        if self._for_good is not None:
            return self._for_good
        day = time.date()
        if day not in self._limits_by_day:
            self._limits_by_day[day] = threshold(self.guideline, self.facts.birth_date, day)
        return self._limits_by_day[day]

    def _edges(self) -> list[tuple[datetime, None]]:
        """Instants at which a mean pressure enters or leaves its window, or a child's limit may change."""
        window = self.guideline.windows["pressure"] + TICK
        edges = {t for m in self.readings.means for t in (m.time, m.time + window) if t > self.anchor}
        for time in self.refused:
            after = (r.time for r in self.readings.usable if r.time >= time)
            edges.update(t for t in (time, time + window, next(after, self.end)) if t > self.anchor)
        if self._for_good is None:
            midnight = self.anchor.replace(hour=0, minute=0, second=0, microsecond=0)
            edges.update(midnight + timedelta(days=d) for d in range(1, (self.end - midnight).days + 1))
        return [(self.anchor, None), *((t, None) for t in sorted(edges))]

    def _judge(
        self, time: datetime, systolic: Reading | None, running: tuple[Run, ...], perhaps: tuple[Run, ...]
    ) -> Pressure:
        sign = self._sign(time, systolic)
        on = {run.drug for run in running}
        uncertain = tuple(run for run in perhaps if run.drug not in on)
        if running:
            counted = sum(1 for run in running if run.counted)
            bands = self.guideline.vasopressors
            band = bands[min(counted, len(bands)) - 1] if counted else self.guideline.vasopressin_alone
            sign = Pressure(
                band.grade, band.grade, "vasopressor", sign.systolic, sign.mean, running, sign.age_decides
            )
        if uncertain or not self.medications_complete:
            top = max(sign.highest, self.guideline.unknown.pressure)
            return sign._replace(highest=top, uncertain=uncertain)
        return sign

    def _sign(self, time: datetime, systolic: Reading | None) -> Pressure:
        """Hypotension by the readings alone: no vasopressor looked at."""
        low, high = self._limits(time)
        grade = self.guideline.hypotension_grade
        if systolic is None:
            return self._by_mean(time, high)
        if systolic.value >= high:
            unread = self._newer_refused(time)
            return Pressure(0, grade if unread else 0, "systolic", systolic, unread=unread)
        if self._excused(systolic):
            return Pressure(0, 0, "baseline", systolic)
        if systolic.value < low:
            return Pressure(grade, grade, "systolic", systolic)
        return Pressure(0, grade, "systolic", systolic, age_decides=True)

    def _newer_refused(self, time: datetime) -> datetime | None:
        """A refused pressure of the window, newer than every reading: it may have been low (GR-7)."""
        if not self.refused:
            return None
        last = newest(self.readings.usable, time)
        since = max(time - self.guideline.windows["pressure"], last.time + TICK if last else time)
        return next((t for t in reversed(self.refused) if since <= t <= time), None)

    def _by_mean(self, time: datetime, limit: Decimal) -> Pressure:
        """A mean pressure speaks only where no systolic does, and only where the adult limit holds."""
        grade = self.guideline.hypotension_grade
        means = within(self.readings.means, time - self.guideline.windows["pressure"], time)
        unknown = self.guideline.unknown.pressure_without_vasopressor
        adult = self.guideline.pressure_bands[-1].base
        if not means or self._limits(time)[0] < adult:
            return Pressure(0, unknown, "unknown")
        mean_limit = self.guideline.thresholds["mean-pressure"]
        below = [m for m in means if m.value < mean_limit]
        second = self.guideline.thresholds["mean-pressure-second"]
        sure = [m for m in below if m.value >= second]
        lowest_mean = min(means, key=lambda m: (m.value, m.time))
        if sure or len({m.time for m in below}) > 1:
            return Pressure(grade, grade, "mean", mean=lowest_mean)
        if lowest_mean.value >= limit:
            return Pressure(0, 0, "mean", mean=lowest_mean)
        return Pressure(0, grade, "mean", mean=lowest_mean)
