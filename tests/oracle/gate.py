"""GR-8: who is considered, and from when on a fever belongs to the therapy."""

from datetime import datetime, timedelta

from fhir_mappings.facts import ConditionGroup, PatientFacts, TherapyKind
from tests.oracle.limits import CAR_T_WINDOW, DIAGNOSIS_LOOKS_BACK, ENGAGER_WINDOW, within

WINDOW = {TherapyKind.CAR_T: CAR_T_WINDOW, TherapyKind.T_CELL_ENGAGER: ENGAGER_WINDOW}


def given(facts: PatientFacts, now: datetime) -> list[tuple[datetime, timedelta]]:
    """Every therapy given so far, with how long after its start it can cause the syndrome.

    The window runs from the end of a long infusion.
    """
    found = []
    for t in facts.therapies:
        if t.time <= now:
            last = now if t.ongoing else min(t.end or t.time, now)
            found.append((t.time, last - t.time + WINDOW[t.kind]))
    return found


def diagnosed(facts: PatientFacts, now: datetime) -> bool:
    """GR-8: an active CRS diagnosis."""
    return any(
        c.group is ConditionGroup.CRS and c.active and (c.onset is None or c.onset <= now)
        for c in facts.conditions
    )


def therapy_anchor(facts: PatientFacts, now: datetime) -> datetime | None:
    """When the chain of therapies that reaches ``now`` began; None without a therapy in its window.

    One therapy is in the chain where its window reaches a later one that is.
    """
    therapies = given(facts, now)
    chain = [(time, window) for time, window in therapies if within(time, window, now)]
    if not chain:
        return None
    while True:
        start = min(time for time, _ in chain)
        earlier = [(time, window) for time, window in therapies if time < start <= time + window]
        if not earlier:
            return start
        chain += earlier


def anchor_of(facts: PatientFacts, now: datetime) -> datetime | None:
    """From when on fever is looked for; None: not considered (GR-8)."""
    anchor = therapy_anchor(facts, now)
    if anchor is not None:
        return anchor
    return now - DIAGNOSIS_LOOKS_BACK if diagnosed(facts, now) else None
