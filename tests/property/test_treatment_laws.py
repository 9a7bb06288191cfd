"""Laws of the advice: what is offered is safe, equal facts get equal answers, a milder state no more."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.cards.document import assessment_document
from cds_service.cards.grading import grading_card
from cds_service.crs.assess import assess
from cds_service.crs.evidence import Assessment, Status
from cds_service.crs.regimen import CONDITIONS, Advice
from fhir_mappings.facts import DrugGroup, PatientFacts, ProposedOrder, Route, Source
from tests.builders import NOW, at
from tests.property.agreement import GUIDELINE
from tests.property.charts import Told, charts, courses, hours
from tests.property.treated import Treated, by_weight, treated
from tests.spec.treatment.reading import VECTORS, map_chart, resources

REGIMEN = GUIDELINE.regimen


def orders_of(assessment: Assessment) -> list[ProposedOrder]:
    return [order for row in assessment.recommendations for order in row.orders]


def bytes_of(facts: PatientFacts) -> bytes:
    return msgspec.json.encode(assessment_document(assess(facts, GUIDELINE, NOW), GUIDELINE))


def counted(facts: PatientFacts) -> list[timedelta]:
    """How long ago each dose by the vein was given, the newest first."""
    given_at = [
        a.start
        for a in facts.administrations
        if DrugGroup.TOCILIZUMAB in a.groups
        and a.status != "on-hold"
        and a.route in (Route.INTRAVENOUS, Route.UNSPECIFIED)
    ]
    return sorted(NOW - start for start in given_at)


@settings(max_examples=400)
@given(treated())
def test_an_offered_dose_of_tocilizumab_keeps_every_limit(case: Treated) -> None:
    """DL-1 to DL-6, DL-8."""
    assessment = assess(case.facts, GUIDELINE, NOW)
    offered = [order for order in orders_of(assessment) if order.id == "tocilizumab"]
    assert len(offered) <= 1
    if not offered:
        return
    ago, table = counted(case.facts), GUIDELINE.drugs["tocilizumab"]
    assert all(passed >= timedelta(hours=8) for passed in ago)
    assert sum(passed < timedelta(hours=24) for passed in ago) <= 2
    assert assessment.tocilizumab is not None
    assert len(assessment.tocilizumab.doses) <= 3
    assert case.facts.birth_date is not None
    assert all(born.replace(year=born.year + 2) <= NOW.date() for born in case.facts.birth_date)
    (order,) = offered
    assert order.dose is not None
    assert assessment.tocilizumab.weight is not None
    exact = by_weight(Decimal(assessment.tocilizumab.weight.value))
    assert order.dose.unit == "mg"
    assert order.dose.value <= 800
    assert abs(order.dose.value - exact) <= Decimal("0.05")
    assert order.duration == table.infusion
    assert case.facts.covered(Source.MEDICATIONS).reaches(at(-96))
    assert not assessment.tocilizumab.reasons


@settings(max_examples=300)
@given(treated())
def test_nothing_is_offered_that_is_ordered(case: Treated) -> None:
    assessment = assess(case.facts, GUIDELINE, NOW)
    for order in orders_of(assessment):
        drug = order.id.partition("-")[0]
        active = [o for o in case.facts.orders if o.drug == drug and o.status == "active"]
        if drug in ("dexamethasone", "methylprednisolone"):
            assert all(dose.route is Route.LOCAL for o in active for dose in o.doses)


@settings(max_examples=200)
@given(treated())
def test_the_grade_is_what_the_patient_was_made_to_have(case: Treated) -> None:
    """Else the laws of this file would speak of other patients."""
    assessment = assess(case.facts, GUIDELINE, NOW)
    assert assessment.grade is not None
    assert assessment.grade.lowest == case.grade


@given(treated())
def test_each_advice_is_said_once_and_each_drug_offered_once(case: Treated) -> None:
    assessment = assess(case.facts, GUIDELINE, NOW)
    ids = [row.id for row in assessment.recommendations]
    assert len(ids) == len(set(ids))
    drugs = [order.codings for order in orders_of(assessment) if order.dose is not None]
    assert len(drugs) == len(set(drugs))


@given(charts() | courses(), hours(-36, 8))
def test_advice_is_given_only_with_a_grade_in_an_open_episode(case: Told, when: Any) -> None:
    assessment = assess(case.facts, GUIDELINE, at(when))
    if assessment.recommendations or assessment.tocilizumab is not None:
        assert assessment.status is Status.ACTIVE
        assert assessment.grade is not None
    for row in assessment.recommendations:
        advice = next(a for a in REGIMEN.advice if a.id == row.id)
        assert assessment.grade is not None
        assert assessment.grade.lowest in advice.grades


@given(treated())
def test_the_same_facts_give_the_same_bytes(case: Treated) -> None:
    assert bytes_of(case.facts) == bytes_of(case.facts)


@settings(max_examples=150)
@given(st.sampled_from(sorted(VECTORS)), st.randoms(use_true_random=False))
def test_the_order_of_resources_changes_no_byte_of_the_advice(vector: str, chance: Any) -> None:
    chart = resources(VECTORS[vector])
    shuffled = list(chart)
    chance.shuffle(shuffled)
    unknown = VECTORS[vector].unknown
    assert bytes_of(map_chart(shuffled, unknown)) == bytes_of(map_chart(chart, unknown))


@settings(max_examples=200)
@given(treated())
def test_a_card_says_every_advice_with_its_rule(case: Treated) -> None:
    assessment = assess(case.facts, GUIDELINE, NOW)
    card = grading_card(assessment, GUIDELINE)
    assert card is not None
    assert all(f"*({row.rule})*" in card["detail"] for row in assessment.recommendations)
    assert card["detail"].count("\n") < 25
    assert len(card["summary"]) < 140


# ------------------------------------------------------------------ a milder state gets no more drugs

TAPER_STARTS, TAPER_FAILS = "taper-not-begun", "taper-not-improving"
STATES = sorted(
    name for name in CONDITIONS if name.startswith("tocilizumab-") and name != "tocilizumab-advised"
)
FREE = sorted(CONDITIONS - {*STATES, TAPER_STARTS, "tocilizumab-advised"})
IMPLIED = {
    TAPER_FAILS: "taper-running",
    "taper-running": "on-methylprednisolone",
    "on-methylprednisolone": "on-steroid",
    "on-dexamethasone": "on-steroid",
}


@st.composite
def situations(draw: st.DrawFn) -> frozenset[str]:
    """Conditions that can hold together, with one state of tocilizumab."""
    found = set(draw(st.sets(st.sampled_from(FREE)))) | {draw(st.sampled_from(STATES))}
    for name, other in IMPLIED.items():
        found |= {other} if name in found else set()
    return frozenset(found)


def at_grade(grade: int, holds: frozenset[str]) -> frozenset[str]:
    """Methylprednisolone is begun, or found wanting, at grade 4 only."""
    if grade < 4:
        return holds - {TAPER_FAILS}
    return holds if "taper-running" in holds else holds | {TAPER_STARTS}


def drug_of(row: Advice) -> str:
    if row.order in REGIMEN.steroids:
        return REGIMEN.steroids[row.order].drug
    return {"taper": "methylprednisolone", "tocilizumab": "tocilizumab"}.get(row.order, "")


def drugs_at(grade: int, holds: frozenset[str]) -> set[str]:
    known = at_grade(grade, holds)
    rows = [a for a in REGIMEN.advice if grade in a.grades and a.when <= known and not a.unless & known]
    return {drug_of(row) for row in rows} - {""}


@settings(max_examples=2000)
@given(situations())
def test_a_lower_grade_never_advises_more_drugs_than_a_higher_one(holds: frozenset[str]) -> None:
    for low, high in combinations(range(5), 2):
        assert not drugs_at(low, holds) > drugs_at(high, holds), (low, high)


@pytest.mark.parametrize(
    ("grade", "drugs"),
    [
        (0, set()),
        (1, set()),
        (2, {"tocilizumab"}),
        (3, {"tocilizumab", "dexamethasone"}),
        (4, {"tocilizumab", "methylprednisolone"}),
    ],
)
def test_the_drugs_of_each_grade_at_the_beginning(grade: int, drugs: set[str]) -> None:
    assert drugs_at(grade, frozenset({"tocilizumab-first"})) == drugs
