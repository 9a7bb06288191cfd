"""Which vasopressors run when (GR-3, GR-4), whatever way they were charted.

Real charts hold one open period, one administration for every rate change (each already
``completed``), or single events every few hours. All become runs of a drug.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from cds_service.crs.guideline import Guideline
from cds_service.crs.timeline import TICK, Steps
from fhir_mappings.facts import PRESSORS, Administration, DrugGroup, PatientFacts, Route

SYSTEMIC = (Route.INTRAVENOUS, Route.UNSPECIFIED)


class Run(NamedTuple):
    """A drug running from ``start`` to ``end`` (None: still open); its segments in order."""

    drug: str
    counted: bool
    start: datetime
    end: datetime | None
    segments: tuple[Administration, ...]

    def segment_at(self, time: datetime) -> Administration:
        begun = [s for s in self.segments if s.start <= time]
        return begun[-1] if begun else self.segments[0]


class Infusions(NamedTuple):
    runs: tuple[Run, ...]
    uncertain: tuple[Run, ...]
    """May be running: charted in a way that was not fully understood."""
    boluses: tuple[Administration, ...]
    without_end: tuple[Administration, ...]
    """Completed with a start only: cannot be said to run."""


class _Span(NamedTuple):
    start: datetime
    end: datetime | None
    segment: Administration


def infusions(facts: PatientFacts, guideline: Guideline, end: datetime) -> Infusions:
    """Runs and boluses of vasopressors and vasopressin that began by ``end``."""
    by_drug: dict[str, list[Administration]] = defaultdict(list)
    boluses: list[Administration] = []
    for dose in facts.administrations:
        if dose.groups & PRESSORS and dose.start <= end:
            if dose.route in SYSTEMIC:
                by_drug[dose.drug].append(dose)
            elif dose.route is not Route.LOCAL:
                boluses.append(dose)
    runs: list[Run] = []
    perhaps: list[Run] = []
    without_end: list[Administration] = []
    for drug, doses in sorted(by_drug.items()):
        counted = DrugGroup.VASOPRESSOR in doses[0].groups
        certain = [d for d in doses if d.certain]
        spans, single, unended = _spans(certain, guideline)
        runs += _join(drug, counted, spans, guideline)
        if len(certain) < len(doses):
            spans, single, unended = _spans(doses, guideline)
            perhaps += _join(drug, counted, spans, guideline)
        boluses += single
        without_end += unended
    return Infusions(tuple(runs), tuple(perhaps), tuple(boluses), tuple(without_end))


def _is_stop(dose: Administration) -> bool:
    """A rate of 0, a record on hold, or a single event that says "stopped"."""
    halted = dose.status == "on-hold" or (dose.point and dose.status == "stopped")
    return halted or (dose.rate is not None and dose.rate.value == 0)


def _spans(
    doses: Sequence[Administration], guideline: Guideline
) -> tuple[list[_Span], list[Administration], list[Administration]]:
    """Split one drug's records into running spans, single boluses and records without an end."""
    stops = sorted(d.start for d in doses if _is_stop(d))
    running = [d for d in doses if not _is_stop(d)]
    points = [d for d in running if d.point or d.end == d.start]
    spans, boluses = _point_spans(points, guideline, stops)
    without_end = []
    for dose in running:
        if dose.point or dose.end == dose.start:
            continue
        if dose.end is not None:
            spans.append(_Span(dose.start, dose.end, dose))
        elif dose.ongoing:
            spans.append(_Span(dose.start, _next_stop(stops, dose.start), dose))
        else:
            without_end.append(dose)
    return spans, boluses, without_end


def _next_stop(stops: Sequence[datetime], start: datetime) -> datetime | None:
    return next((stop for stop in stops if stop > start), None)


def _point_spans(
    points: Sequence[Administration], guideline: Guideline, stops: Sequence[datetime]
) -> tuple[list[_Span], list[Administration]]:
    """Single events are an infusion when they carry a rate or follow each other closely.

    One of unclear status may be the first of an infusion.
    """
    window = guideline.windows["point-infusion"]
    points = sorted(points, key=lambda p: p.start)
    spans, boluses = [], []
    for index, point in enumerate(points):
        near = any(
            other.start != point.start and abs(other.start - point.start) <= window
            for other in (*points[max(0, index - 8) : index], *points[index + 1 : index + 9])
        )
        if not point.rated and not near and (point.certain or point.status == "completed"):
            boluses.append(point)
            continue
        end = point.start + window + TICK
        stop = _next_stop(stops, point.start)
        spans.append(_Span(point.start, min(end, stop) if stop else end, point))
    return spans, boluses


def _join(drug: str, counted: bool, spans: Sequence[_Span], guideline: Guideline) -> list[Run]:
    """Bridge gaps up to the limit between spans of one drug."""
    gap = guideline.windows["infusion-gap"]
    runs: list[Run] = []
    for span in sorted(spans, key=lambda s: (s.start, s.segment.reference)):
        last = runs[-1] if runs else None
        if last is not None and (last.end is None or span.start - last.end <= gap):
            end = None if last.end is None or span.end is None else max(last.end, span.end)
            runs[-1] = last._replace(end=end, segments=(*last.segments, span.segment))
        else:
            runs.append(Run(drug, counted, span.start, span.end, (span.segment,)))
    return runs


def running_steps(runs: Sequence[Run], start: datetime, end: datetime) -> Steps[tuple[Run, ...]]:
    """The runs that hold at each instant, start included, end not."""
    edges = {start}
    for run in runs:
        edges.update(t for t in (run.start, run.end) if t is not None and start < t <= end)
    return [
        (time, tuple(r for r in runs if r.start <= time and (r.end is None or time < r.end)))
        for time in sorted(edges)
    ]
