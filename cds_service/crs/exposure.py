"""GR-8: who is considered at all, and from which instant on the course is read."""

from __future__ import annotations

from datetime import datetime, timedelta

from cds_service.crs.evidence import Exposure
from cds_service.crs.guideline import Guideline
from fhir_mappings.facts import ConditionGroup, PatientFacts, Therapy


def exposures(facts: PatientFacts, guideline: Guideline, as_of: datetime) -> tuple[Exposure, ...]:
    """Therapies inside their window and active CRS diagnoses, newest therapy first (GR-8)."""
    therapies = [
        of_therapy(t)
        for t in reversed(facts.therapies)
        if t.time <= as_of <= last_given(t, as_of) + guideline.windows[t.kind]
    ]
    diagnoses = [
        Exposure(None, c.reference, c.onset or as_of)
        for c in facts.conditions
        if c.group is ConditionGroup.CRS and c.active and (c.onset is None or c.onset <= as_of)
    ]
    return tuple(therapies + diagnoses)


def lapsed(facts: PatientFacts, guideline: Guideline, as_of: datetime) -> tuple[Exposure, datetime] | None:
    """The newest therapy whose window is over, and the end of that window.

    No further back than the chart is read: later it is another illness.
    """
    since = as_of - furthest_back(guideline)
    past = [
        (last_given(t, as_of) + guideline.windows[t.kind], t)
        for t in facts.therapies
        if t.time <= as_of and last_given(t, as_of) >= since
    ]
    if not past:
        return None
    end, therapy = max(past, key=lambda p: (p[0], p[1].time, p[1].reference))
    return of_therapy(therapy), end


def of_therapy(therapy: Therapy) -> Exposure:
    return Exposure(therapy.kind, therapy.reference, therapy.time, therapy.product, therapy.certain)


def last_given(therapy: Therapy, as_of: datetime) -> datetime:
    """A window runs from the end of a long infusion."""
    if therapy.ongoing:
        return as_of
    return min(therapy.end, as_of) if therapy.end else therapy.time


def anchor(facts: PatientFacts, guideline: Guideline, as_of: datetime) -> tuple[datetime, bool]:
    """Where the course begins, and whether a therapy marks it.

    Step-up doses form one chain: the baseline lies before the first of them, or the
    reaction to dose one would pass as the baseline of dose two.
    """
    chain: Therapy | None = None
    for therapy in reversed([t for t in facts.therapies if t.time <= as_of]):
        reach = chain.time if chain else as_of
        if last_given(therapy, as_of) + guideline.windows[therapy.kind] >= reach:
            chain = therapy
    if chain is None:
        return as_of - guideline.windows["diagnosis"], False
    return chain.time, True


def furthest_back(guideline: Guideline) -> timedelta:
    """How old a charted fact can be and still matter: the baseline before the oldest therapy considered."""
    windows = guideline.windows
    return max(windows["car-t"], windows["t-cell-engager"], windows["diagnosis"]) + windows["baseline"]
