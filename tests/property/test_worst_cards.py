"""The longest cards that can come: grade 4 with everything at once is still read in one look."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.cards.grading import grading_card
from cds_service.crs.assess import assess
from fhir_mappings.facts import (
    Administration,
    Concept,
    Condition,
    ConditionGroup,
    DrugGroup,
    MappingIssue,
    Method,
    Order,
    OxygenDevice,
    PatientFacts,
    Route,
    Source,
)
from tests.builders import (
    NOW,
    Fact,
    Json,
    at,
    car_t,
    chart,
    infusion,
    mean_pressure,
    oxygen,
    point,
    saturation,
    systolic,
    temperature,
    uncovered,
)
from tests.property.agreement import GUIDELINE
from tests.property.charts import FACTS
from tests.property.treated import STEROIDS, TREATMENTS
from tests.unit.crs.treated import laboratory, weight

PRESSORS = ("norepinephrine", "epinephrine", "phenylephrine", "dopamine", "vasopressin")
LONG = "Pneumonia due to *methicillin* susceptible Staphylococcus aureus, right lower lobe, with effusion"


def running(drug: str, start: int) -> Administration:
    return replace(infusion("norepinephrine", start), drug=drug, reference=f"MedicationAdministration/{drug}")


def more_pressors() -> list[Fact]:
    """Those beyond the builders' own, long names among them."""
    return [running(drug, -3) for drug in ("angiotensin-ii", "metaraminol")]


ISSUES = st.lists(
    st.builds(
        MappingIssue,
        st.sampled_from(["implausible", "future-time", "unit-missing", "time-without-zone"]),
        st.integers(0, 99).map(lambda n: f"Observation/a-very-long-identifier-of-an-observation-{n}"),
        st.sampled_from(["temperature", "systolic", "oxygen-flow", "weight"]),
        st.just("329"),
        st.just("mm[Hg]"),
        st.integers(-20, 0).map(at),
        left_out=st.just(True),
    ),
    max_size=40,
)
REMARKABLE: list[Fact] = [
    systolic(118, -1, Method.CUFF),
    systolic(60, -1, Method.ARTERIAL),
    systolic(84, -2, Method.ARTERIAL),
    systolic(110, -2, Method.CUFF),
    mean_pressure(117, -1),
    mean_pressure(109, -2),
    mean_pressure(84, "-1.5"),
    saturation(81, 0),
    point("phenylephrine", -2),
    point("phenylephrine", -3),
    point("epinephrine", -4, route=Route.INTRAMUSCULAR),
    infusion("dopamine", -9, -4),
    infusion("vasopressin", -9, -2),
    infusion("milrinone", -5),
    point("acetaminophen", -3),
    laboratory(Concept.NEUTROPHILS, "0.1", -4),
    laboratory(Concept.PLATELETS, 12, -4),
    laboratory(Concept.ICE_SCORE, 3, -2),
]
DIAGNOSES = [
    Condition(ConditionGroup.INFECTION, True, "Condition/i", display=LONG),
    Condition(ConditionGroup.COMORBIDITY, True, "Condition/c", display=LONG),
    Condition(ConditionGroup.ICANS, True, "Condition/n", display=LONG),
]
CELLS = Order(
    "tisagenlecleucel",
    frozenset({DrugGroup.CAR_T}),
    "MedicationRequest/cells",
    status="active",
    intent="order",
)


@st.composite
def worst(draw: st.DrawFn) -> PatientFacts:
    """Grade 4: two to seven vasopressors and often a ventilator, whatever else may be said beside it."""
    found: list[Fact] = [car_t(-90, draw(st.sampled_from(["tisagenlecleucel", None]))), *more_pressors()]
    found += [temperature(40, hour) for hour in range(-80, 1, 10)]
    found += [infusion(drug, -3) for drug in draw(st.sets(st.sampled_from(PRESSORS)))]
    found += [oxygen(draw(st.sampled_from(OxygenDevice)), draw(st.integers(-3, 0)), flow=5)]
    found += draw(st.lists(st.sampled_from(REMARKABLE), max_size=len(REMARKABLE), unique=True))
    found += draw(st.lists(st.sampled_from(DIAGNOSES), max_size=3, unique=True))
    found += draw(TREATMENTS) + draw(st.lists(STEROIDS, max_size=8)) + draw(st.lists(FACTS, max_size=8))
    found += draw(st.lists(st.just(weight(70, -5)), max_size=1))
    facts = uncovered(chart(*found), *draw(st.sets(st.sampled_from([Source.LABS, Source.MEDICATIONS]))))
    return replace(
        facts, issues=tuple(draw(ISSUES)), orders=tuple(draw(st.lists(st.just(CELLS), max_size=1)))
    )


def card_of(facts: PatientFacts) -> Json:
    assessment = assess(facts, GUIDELINE, NOW)
    assert assessment.grade is not None
    assert assessment.grade.lowest == 4
    card = grading_card(assessment, GUIDELINE)
    assert card is not None
    return card


@settings(max_examples=150)
@given(worst())
def test_the_first_line_of_the_worst_card_is_short(facts: PatientFacts) -> None:
    assert len(card_of(facts)["summary"]) < 140


@settings(max_examples=150)
@given(worst())
def test_the_worst_card_has_at_most_25_lines(facts: PatientFacts) -> None:
    detail = card_of(facts)["detail"]
    assert len(detail.split("\n")) <= 25, detail


@settings(max_examples=60)
@given(worst())
def test_the_worst_card_still_says_what_to_do_and_shows_evidence(facts: PatientFacts) -> None:
    """TX-23: the advice never gives way, and some of the evidence stays."""
    assessment, detail = assess(facts, GUIDELINE, NOW), card_of(facts)["detail"]
    assert all(f"*({row.rule})*" in detail for row in assessment.recommendations)
    assert "| criterion | value | time | source |" in detail
    assert detail.count("| ") > 4
    assert "Decision support for professionals" in detail


def test_everything_at_once_has_at_most_25_lines() -> None:
    facts: list[Fact] = [car_t(-90, None), *(temperature(40, hour) for hour in range(-80, 1, 10))]
    facts += [*more_pressors(), *(infusion(drug, -3) for drug in PRESSORS[:-1]), *REMARKABLE, *DIAGNOSES]
    facts += [oxygen(OxygenDevice.VENTILATOR, -1)]
    issue = MappingIssue("implausible", "Observation/x", "systolic", "329", "mm[Hg]", NOW, left_out=True)
    issues = tuple(replace(issue, time=NOW - timedelta(hours=hour)) for hour in range(9))
    found = replace(uncovered(chart(*facts), Source.LABS), issues=issues, orders=(CELLS,))
    detail = card_of(found)["detail"]
    assert len(detail.split("\n")) <= 25, detail
