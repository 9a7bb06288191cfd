"""Which vasopressors run at one instant (GR-3, GR-4)."""

from datetime import datetime

from fhir_mappings.facts import Administration, DrugGroup, PatientFacts, Route
from tests.oracle.limits import BRIDGED_GAP, POINT_RUNS_ON, TICK

NEVER_GIVEN = {"entered-in-error", "not-done", "cancelled"}
SYSTEMIC_INFUSION = {Route.INTRAVENOUS, Route.UNSPECIFIED}


def paused(item: Administration) -> bool:
    """Rate 0 and on-hold do not run."""
    return item.status == "on-hold" or (item.rate is not None and item.rate.value == 0)


def is_event(item: Administration) -> bool:
    """Charted as a single moment, also as a period without length."""
    return item.point or item.end == item.start


def is_infusion_point(point: Administration, points: list[Administration]) -> bool:
    """A single event is part of an infusion where it has a rate, or another lies within 6 h of it."""
    if point.rated:
        return True
    others = [p for p in points if p is not point and p.start != point.start]
    return any(abs(p.start - point.start) <= POINT_RUNS_ON for p in others)


def stretches(items: list[Administration], now: datetime) -> list[tuple[datetime, datetime]]:
    """When one drug ran, as half-open times, from everything charted so far.

    A rate of 0 ends what was left open before it: an infusion without an end, the hours after an event.
    """
    points = [i for i in items if is_event(i) and not paused(i) and i.status != "stopped"]
    stops = [i.start for i in items if i.rate is not None and i.rate.value == 0]
    found = []
    for item in items:
        until = item.end
        if item in points and is_infusion_point(item, points):
            until = min([item.start + POINT_RUNS_ON + TICK, *(s for s in stops if s > item.start)])
        elif item.ongoing and item.status != "stopped":
            until = min([now + TICK, *(s for s in stops if s > item.start)])
        if until is not None and not paused(item):
            found.append((item.start, until))
    return found


def runs(items: list[Administration], at: datetime, now: datetime) -> bool:
    """Whether one drug runs at ``at``, seen from ``now``.

    A gap of at most 60 min counts as running where the next segment is known by ``now``.
    """
    times = stretches([i for i in items if i.start <= now], now)
    if any(start <= at < end for start, end in times):
        return True
    before = [end for _, end in times if end <= at]
    after = [start for start, _ in times if at < start]
    return bool(before and after) and min(after) - max(before) <= BRIDGED_GAP


def running(facts: PatientFacts, group: DrugGroup, at: datetime, now: datetime) -> set[str]:
    """The drugs of a group that run at ``at``; IM or SC doses are not vasopressor support."""
    usable = [
        a
        for a in facts.administrations
        if group in a.groups and a.route in SYSTEMIC_INFUSION and a.status not in NEVER_GIVEN
    ]
    drugs = {a.drug for a in usable}
    return {drug for drug in drugs if runs([a for a in usable if a.drug == drug], at, now)}
