"""Vasopressor support as norepinephrine equivalents: for the trend, never for the grade (GR-3).

In ug/kg/min, where rate, unit and weight of every running drug allow it. A drug whose part
cannot be computed is named, and there is then no sum: part of a sum would look like weaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from cds_service.crs.guideline import Guideline
from cds_service.crs.infusions import Run
from cds_service.crs.timeline import Steps, coalesce, merge
from cds_service.crs.weight import Weight
from fhir_mappings.facts import Administration, Quantity

BY_WEIGHT = {"ug/kg/min": "ug/min", "U/kg/min": "U/min"}


class Equivalent(NamedTuple):
    """``value`` in ug/kg/min; None where a part is not known, and ``lacking`` says which drug and why."""

    value: Decimal | None
    lacking: tuple[tuple[str, str], ...] = ()


Part = Decimal | str
"""What one drug adds, or why that is not known."""


def equivalents(
    runs: Sequence[Run], weight: Weight, guideline: Guideline, start: datetime, end: datetime
) -> Steps[Equivalent]:
    """The sum over the running drugs at every instant from ``start`` to ``end`` at which a rate changes."""
    drugs = [run.drug for run in runs]
    merged = merge(end, *(_track(run, weight, guideline, start) for run in runs))
    return coalesce([(time, _sum(drugs, parts)) for time, parts in merged], lambda found: found)


def _sum(drugs: Sequence[str], parts: Sequence[Part]) -> Equivalent:
    lacking = tuple((drug, part) for drug, part in zip(drugs, parts, strict=True) if isinstance(part, str))
    known = [part for part in parts if isinstance(part, Decimal)]
    return Equivalent(None if lacking else sum(known, Decimal(0)), lacking)


def _track(run: Run, weight: Weight, guideline: Guideline, start: datetime) -> Steps[Part]:
    """The part of one run of a drug at every change; the last rate holds through a bridged gap."""
    slips = {id(segment) for segment in outliers(run, guideline)}
    parts = {id(s): "rate-outlier" if id(s) in slips else _part(s, weight, guideline) for s in run.segments}
    spans = list(_spans(run))
    steps: Steps[Part] = [(start, Decimal(0))]
    last: Part = Decimal(0)
    for time in sorted({t for begin, finish, _ in spans for t in (begin, finish) if t is not None}):
        if run.end is not None and time >= run.end:
            break
        active = {id(s): parts[id(s)] for begin, finish, s in spans if _holds(begin, finish, time)}
        last = _one_of(list(active.values())) if active else last
        steps.append((max(time, start), last))
    return [*steps, (run.end, Decimal(0))] if run.end is not None else steps


def _holds(begin: datetime, finish: datetime | None, time: datetime) -> bool:
    return begin <= time and (finish is None or time < finish)


def _one_of(parts: Sequence[Part]) -> Part:
    """The part of what runs at once; of two rates nobody knows whether they are one pump or two."""
    return parts[0] if all(part == parts[0] for part in parts) else "rates-overlap"


def _spans(run: Run) -> Iterator[tuple[datetime, datetime | None, Administration]]:
    """When each segment holds: a single event until the next record."""
    for segment, following in zip(run.segments, [*run.segments[1:], None], strict=True):
        single = segment.point or segment.end == segment.start
        later = following.start if following is not None else run.end
        yield segment.start, later if single else segment.end, segment


def _part(segment: Administration, weight: Weight, guideline: Guideline) -> Part:
    factor = guideline.equivalents.get(segment.drug)
    if factor is None:
        return "no-equivalent"
    if not segment.certain:
        return "not-understood"
    if segment.per_minute is None:
        return "rate-not-charted" if segment.rate is None else "rate-not-convertible"
    rate = _in(segment.per_minute, factor.unit, weight)
    return rate if isinstance(rate, str) else rate * factor.value


def _in(rate: Quantity, unit: str, weight: Weight) -> Part:
    """A rate by the minute in ``unit``, which differs from its own by the body weight at most."""
    if rate.unit == unit:
        return rate.value
    if weight.reading is None or weight.reason:
        return f"weight-{weight.reason}"
    if BY_WEIGHT.get(unit) == rate.unit:
        return rate.value / weight.reading.value
    return rate.value * weight.reading.value if BY_WEIGHT.get(rate.unit) == unit else "rate-not-convertible"


def outliers(run: Run, guideline: Guideline) -> tuple[Administration, ...]:
    """Segments whose rate is far above both neighbours: likely a slip; the drug runs all the same."""
    return tuple(_outliers(run, guideline.thresholds["rate-outlier"]))


def _outliers(run: Run, limit: Decimal) -> Iterator[Administration]:
    rated = [s for s in run.segments if s.rate is not None]
    for before, segment, after in zip(rated, rated[1:], rated[2:], strict=False):
        rates = [s.rate for s in (before, segment, after) if s.rate]
        same_unit = len({rate.unit for rate in rates}) == 1
        if same_unit and rates[1].value > limit * max(rates[0].value, rates[2].value):
            yield segment
