"""Orders held against the limits, where no FHIR is needed to see it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from cds_service.crs.assess import assess
from cds_service.crs.bench import Situation
from cds_service.crs.order_check import check, concerns
from cds_service.tables import load_guideline
from fhir_mappings.facts import (
    Concept,
    DrugGroup,
    Order,
    OrderedDose,
    PatientFacts,
    Quantity,
    Reading,
    Route,
)
from tests.builders import NOW, at, car_t, chart, temperature, tocilizumab

GUIDELINE = load_guideline("astct-2019")
HOUR = timedelta(hours=1)


def with_readings(facts: PatientFacts, *readings: Reading) -> PatientFacts:
    found = {**facts.readings, **{r.concept: (r,) for r in readings}}
    return PatientFacts(**{f.name: getattr(facts, f.name) for f in fields(facts)} | {"readings": found})


def weight(kilograms: int) -> Reading:
    return Reading(Concept.WEIGHT, Decimal(kilograms), "kg", at(-6), "Observation/w")


def ice(score: int, hours: int) -> Reading:
    return Reading(Concept.ICE_SCORE, Decimal(score), "{score}", at(hours), "Observation/ice")


def order(milligrams: str = "560", **members: Any) -> Order:
    mass = Quantity(Decimal(milligrams), "mg")
    dose = replace(OrderedDose(dose=mass, mass=mass, route=Route.INTRAVENOUS), **members)
    groups = frozenset({DrugGroup.TOCILIZUMAB, DrugGroup.ANTICYTOKINE})
    return Order("tocilizumab", groups, "MedicationRequest/d1", status="draft", doses=(dose,))


def broken(facts: PatientFacts, *drafts: Order) -> list[str]:
    situation = Situation(facts, GUIDELINE, assess(facts, GUIDELINE, NOW, in_full=False), NOW, True, drafts)
    return [problem.rule for verdict in check(drafts[:1], situation) for problem in verdict.problems]


FEVER = with_readings(chart(car_t(-72), temperature(39, -1)), weight(70))
WELL = with_readings(chart(car_t(-72), temperature("36.8", -1)), weight(70))


def test_a_right_order_has_no_problem() -> None:
    assert broken(FEVER, order()) == []


def test_a_low_ice_score_is_icans_also_without_a_diagnosis() -> None:
    """TX-18."""
    assert broken(with_readings(WELL, ice(9, -2)), order()) == ["TX-18"]
    assert broken(with_readings(WELL, ice(10, -2)), order()) == ["TX-5"]
    assert broken(with_readings(WELL, ice(9, -200)), order()) == ["TX-5"]


def test_both_ways_to_judge_agree_on_what_an_order_is_held_against() -> None:
    for facts in (FEVER, WELL, chart(temperature(39, -1))):
        short, whole = (assess(facts, GUIDELINE, NOW, in_full=full) for full in (False, True))
        names = ("status", "grade", "onset", "exposures", "orders_known")
        assert [getattr(short, name) for name in names] == [getattr(whole, name) for name in names]


def test_an_endless_order_is_looked_at_no_further_than_any_limit_counts() -> None:
    assert broken(FEVER, order(interval=8 * HOUR)) == ["DL-5"]
    assert broken(FEVER, order(interval=8 * HOUR, count=1_000_000)) == ["DL-5"]


def test_a_dose_that_is_on_hold_counts_as_given() -> None:
    """DL-3: nobody knows how much of it ran."""
    held = replace(tocilizumab(-5), status="on-hold")
    facts = with_readings(chart(car_t(-72), temperature(39, -1), held), weight(70))
    assert broken(facts, order()) == ["DL-3"]


def test_only_drugs_that_a_rule_knows_concern_it() -> None:
    assert concerns(order(), GUIDELINE)
    assert not concerns(replace(order(), status="stopped"), GUIDELINE)
    fluid = Order("saline", frozenset({DrugGroup.FLUID}), "MedicationRequest/d1")
    assert not concerns(fluid, GUIDELINE)
