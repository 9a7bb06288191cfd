"""Fever and the drugs that mask it, at one instant (GR-1, GR-6)."""

from datetime import datetime

from fhir_mappings.facts import Administration, Concept, DrugGroup, PatientFacts, Reading, Route, Source
from tests.oracle.limits import FEVER, FEVER_WINDOW, MASKING_WINDOW, TEMPERATURE_HOLDS, within
from tests.oracle.vasopressors import NEVER_GIVEN

MASKING = {DrugGroup.ANTIPYRETIC, DrugGroup.ANTICYTOKINE, DrugGroup.TOCILIZUMAB, DrugGroup.STEROID}


def temperatures(facts: PatientFacts, anchor: datetime, until: datetime) -> list[Reading]:
    """What was measured since the therapy."""
    return [r for r in facts.readings.get(Concept.TEMPERATURE, ()) if anchor <= r.time <= until]


def febrile(facts: PatientFacts, anchor: datetime, at: datetime) -> bool:
    """GR-1: any reading of 38.0 °C or more in the last 24 h."""
    return any(r.value >= FEVER and within(r.time, FEVER_WINDOW, at) for r in temperatures(facts, anchor, at))


def fever_unknown(facts: PatientFacts, anchor: datetime, at: datetime) -> bool:
    """GR-7: no fever is said only with a reading in the last 8 h, and all of the window at hand."""
    recent = [r for r in temperatures(facts, anchor, at) if within(r.time, TEMPERATURE_HOLDS, at)]
    whole = facts.covered(Source.VITALS).reaches(max(anchor, at - FEVER_WINDOW))
    return not febrile(facts, anchor, at) and not (recent and whole)


def afebrile_now(facts: PatientFacts, anchor: datetime, at: datetime) -> bool:
    """The newest reading is at most 8 h old and below 38.0 °C."""
    past = temperatures(facts, anchor, at)
    newest = [r for r in past if r.time == max(p.time for p in past)]
    return bool(newest) and all(r.value < FEVER and within(r.time, TEMPERATURE_HOLDS, at) for r in newest)


def last_dose(item: Administration, at: datetime) -> datetime:
    """The last moment, up to ``at``, at which the drug was going in."""
    if item.ongoing:
        return at
    return item.start if item.end is None else min(item.end, at)


def masking_doses(facts: PatientFacts, at: datetime) -> list[datetime]:
    """GR-6: antipyretic, anticytokine drug or steroid, given so far; a local steroid is none."""
    return [
        last_dose(a, at)
        for a in facts.administrations
        if a.groups & MASKING and a.start <= at and a.route is not Route.LOCAL and a.status not in NEVER_GIVEN
    ]


def masked_now(facts: PatientFacts, at: datetime) -> bool:
    """The last dose masks for 24 h."""
    return any(within(dose, MASKING_WINDOW, at) for dose in masking_doses(facts, at))
