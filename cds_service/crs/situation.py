"""What holds of this patient now, by the names that the advice of a guideline asks for (TX).

Each condition is computed from the definitions of the guideline table and carries the values that its
sentence shows. Nothing is guessed: what is not known has a condition of its own, or none.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cds_service.crs.case import NOTHING, Case, Found, Values
from cds_service.crs.episode import Episode
from cds_service.crs.situation_drugs import steroid, tocilizumab
from fhir_mappings.facts import (
    Concept,
    Condition,
    ConditionGroup,
    DrugGroup,
    Order,
    PatientFacts,
    Source,
    TherapyKind,
)


def situation(case: Case) -> dict[str, Values]:
    """Every condition that holds, with its values."""
    parts = (
        _blood(case),
        _grade_one(case),
        _diagnoses(case),
        tocilizumab(case),
        steroid(case),
        _labs(case),
    )
    return {name: values for part in parts for name, values in part}


def _blood(case: Case) -> Found:
    """Neutropenia (TX-2)."""
    newest = case.newest(Concept.NEUTROPHILS, case.window("neutrophils"))
    if newest is None:
        yield "neutrophils-not-known", {"hours": int(case.window("neutrophils") / timedelta(hours=1))}
    elif newest.value < case.picture.guideline.thresholds["neutropenia"]:
        yield "neutropenic", {"value": newest.value, "time": newest.time}


def _grade_one(case: Case) -> Found:
    """Prolonged, early by product, early by onset (TX-3, TX-4)."""
    since, onset = _mild_since(case.episode, case.window("mild-gap")), case.episode.onset
    if case.as_of - since > case.window("prolonged"):
        yield "prolonged", {"since": since}
    cells = [e for e in case.picture.opened_by if e.kind is TherapyKind.CAR_T]
    long = case.as_of - onset > case.window("early-product")
    early = [e for e in cells if e.product in case.picture.guideline.regimen.early_products]
    if long and early:
        yield "early-product", {"product": early[0].product or "", "since": onset}
    if long and not early and any(e.product is None for e in cells):
        yield "product-not-named", NOTHING
    if cells and onset - cells[0].time < case.window("early-onset"):
        yield "early-onset", {"after": onset - cells[0].time}
    if cells and case.as_of - cells[0].time <= case.window("proximity"):
        yield "near-cells", NOTHING
    if cells and case.as_of - cells[0].time <= case.window("proximity-short"):
        yield "just-after-cells", NOTHING


def _mild_since(episode: Episode, gap: timedelta) -> datetime:
    """Since when the lower end has not been above 1, nor for a whole ``gap`` below it."""
    since = episode.onset
    for before, after in zip(episode.changes, episode.changes[1:], strict=False):
        lowest = before.grade.lowest if before.grade is not None else 0
        if lowest > 1 or (lowest < 1 and after.time - before.time >= gap):
            since = after.time
    return since


def active(facts: PatientFacts, group: ConditionGroup) -> list[Condition]:
    return [c for c in facts.conditions if c.group is group and c.active]


def cells_ordered(facts: PatientFacts) -> Order | None:
    """An active order for a cell product, written since cells were last given."""
    given = max((t.time for t in facts.therapies if t.kind is TherapyKind.CAR_T), default=None)
    orders = (o for o in facts.orders if DrugGroup.CAR_T in o.groups and o.status == "active")
    return next((o for o in orders if _is_newer(o.authored, given)), None)


def _is_newer(authored: datetime | None, given: datetime | None) -> bool:
    return given is None or (authored is not None and authored > given)


def _diagnoses(case: Case) -> Found:
    """Comorbidity (TX-3), infection (TX-16, TX-17), ICANS (TX-18)."""
    for name, group in (("comorbidity", ConditionGroup.COMORBIDITY), ("infection", ConditionGroup.INFECTION)):
        found = active(case.picture.facts, group)
        if found:
            yield name, {"diagnosis": found[0].display}
    ice = case.newest(Concept.ICE_SCORE, case.window("ice-score"))
    if ice is not None and ice.value < case.picture.guideline.thresholds["ice-normal"]:
        yield "icans", {"score": ice.value, "time": ice.time}
    elif active(case.picture.facts, ConditionGroup.ICANS):
        yield "icans", {"charted": 1}
    elif case.picture.moment.hypoxia.basis == "reason":
        yield "icans", NOTHING
    cells = cells_ordered(case.picture.facts)
    if cells is not None:
        yield "cells-ordered", {"product": cells.drug}


def _labs(case: Case) -> Found:
    """Daily tests that were not resulted (TX-14); a refused result was resulted all the same."""
    since = case.as_of - case.window("labs")
    if not case.picture.facts.covered(Source.LABS).reaches(since):
        yield "labs-not-known", NOTHING
        return
    panels = case.picture.guideline.regimen.labs
    lacking = [panel.id for panel in panels if not _resulted(case, panel.concepts, since)]
    if lacking:
        yield "labs-not-resulted", {"tests": tuple(lacking)}


def _resulted(case: Case, concepts: frozenset[Concept], since: datetime) -> bool:
    facts = case.picture.facts
    if any(case.newest(concept, case.as_of - since) for concept in concepts):
        return True
    return any(i.concept in concepts and i.time is not None and i.time >= since for i in facts.issues)
