"""Laws that hold for every chart, whatever its grade."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from cds_service.crs.assess import assess
from fhir_mappings.facts import (
    Concept,
    OxygenDevice,
    OxygenSupport,
    Route,
    Source,
)
from tests.builders import (
    NOW,
    Fact,
    Hours,
    at,
    car_t,
    chart,
    infusion,
    oxygen,
    systolic,
    temperature,
    uncovered,
)
from tests.property.agreement import GUIDELINE, Answer, engine, engine_course
from tests.property.changed import known_at, shifted
from tests.property.charts import BORN, FACTS, TEMPERATURES, Told, charts, courses, hours

FACTS_SINCE_THERAPY = st.lists(st.one_of(TEMPERATURES, FACTS), max_size=10)
LADDER: list[dict[str, OxygenDevice | int]] = [
    {"device": OxygenDevice.ROOM_AIR},
    {"device": OxygenDevice.NASAL_CANNULA, "flow": 1},
    {"device": OxygenDevice.NASAL_CANNULA, "flow": 6},
    {"device": OxygenDevice.NASAL_CANNULA, "flow": 7},
    {"device": OxygenDevice.FACE_MASK, "flow": 7},
    {"device": OxygenDevice.HIGH_FLOW_CANNULA, "flow": 40},
    {"device": OxygenDevice.CPAP, "flow": 40},
    {"device": OxygenDevice.VENTILATOR, "flow": 40},
]


def febrile(facts: list[Fact], *more: Fact) -> Answer:
    """The grade of a patient with a fever now, four days after the cells, charted only since."""
    return engine(chart(car_t(-96), temperature(39, 0), *facts, *more), NOW)


def not_lower(before: Answer, after: Answer) -> bool:
    assert before.status == after.status == "active"
    assert before.lowest is not None
    assert after.lowest is not None
    return after.lowest >= before.lowest


@given(FACTS_SINCE_THERAPY)
def test_more_oxygen_never_lowers_the_grade(facts: list[Fact]) -> None:
    states = [oxygen(step["device"], 0, flow=step.get("flow")) for step in LADDER]  # type: ignore[arg-type]
    facts = [f for f in facts if not (isinstance(f, OxygenSupport) and f.time >= NOW)]
    grades = [febrile(facts, state) for state in states]
    assert all(not_lower(less, more) for less, more in pairwise(grades)), grades


@given(FACTS_SINCE_THERAPY, st.sampled_from(["dopamine", "norepinephrine", "vasopressin"]))
def test_one_more_vasopressor_never_lowers_the_grade(facts: list[Fact], drug: str) -> None:
    assert not_lower(febrile(facts), febrile(facts, infusion(drug, -1, 1)))


@given(FACTS_SINCE_THERAPY, st.integers(30, 140), st.integers(0, 60))
def test_a_lower_pressure_never_lowers_the_grade(facts: list[Fact], high: int, less: int) -> None:
    low = max(high - less, 20)
    assert not_lower(febrile(facts, systolic(high, 0)), febrile(facts, systolic(low, 0)))


@given(charts(), hours(-6, 8))
def test_fever_now_never_lowers_the_grade(case: Told, when: Hours) -> None:
    before = engine(case.facts, at(when))
    assume(before.status == "active")
    readings = {**case.facts.readings}
    fever = temperature(39, when)
    readings[fever.concept] = tuple(sorted((*readings.get(fever.concept, ()), fever), key=lambda r: r.time))
    assert not_lower(before, engine(replace(case.facts, readings=readings), at(when)))


@given(charts() | courses(), hours(-6, 8), st.sets(st.sampled_from(Source), min_size=1))
def test_knowing_less_only_widens_the_interval(case: Told, when: Hours, missing: set[Source]) -> None:
    whole, part = engine(case.facts, at(when)), engine(uncovered(case.facts, *missing), at(when))
    if whole.lowest is None or part.lowest is None:
        return
    assert whole.highest is not None
    assert part.highest is not None
    assert part.lowest <= whole.lowest
    assert part.highest >= whole.highest


def inside(narrow: Answer, wide: Answer) -> bool:
    """Whether what is known with more on the chart was held possible with less."""
    if None in (narrow.lowest, narrow.highest, wide.lowest, wide.highest):
        return True
    return (wide.lowest or 0) <= (narrow.lowest or 0) <= (narrow.highest or 0) <= (wide.highest or 0)


NOT_OXYGEN = st.lists(
    st.one_of(TEMPERATURES, FACTS).filter(
        lambda f: not isinstance(f, OxygenSupport) and getattr(f, "concept", None) is not Concept.SPO2
    ),
    max_size=8,
)
NOT_PRESSURE = st.lists(
    st.one_of(TEMPERATURES, FACTS).filter(
        lambda f: getattr(f, "concept", None) not in {Concept.SYSTOLIC, Concept.MEAN_PRESSURE}
    ),
    max_size=8,
)
STATES = st.sampled_from([d for d in OxygenDevice if d is not OxygenDevice.STANDBY])


@given(NOT_OXYGEN, STATES, st.sampled_from([None, 0, 2, 6, 7, 40]))
def test_any_oxygen_lies_inside_what_was_left_open(
    facts: list[Fact], device: OxygenDevice, flow: int | None
) -> None:
    assert inside(febrile(facts, oxygen(device, 0, flow=flow)), febrile(facts))


@given(NOT_PRESSURE, st.integers(20, 200))
def test_any_pressure_lies_inside_what_was_left_open(facts: list[Fact], value: int) -> None:
    assert inside(febrile(facts, systolic(value, 0)), febrile(facts))


@given(charts(), hours(-6, 8), BORN)
def test_any_age_lies_inside_what_was_left_open(case: Told, when: Hours, born: tuple[date, date]) -> None:
    ageless = replace(case.facts, birth_date=None)
    assert inside(engine(replace(ageless, birth_date=born), at(when)), engine(ageless, at(when)))


@given(charts() | courses(), hours(-30, 8))
def test_what_is_charted_later_changes_nothing_before_it(case: Told, when: Hours) -> None:
    now = at(when)
    assert engine_course(case.facts, now) == engine_course(known_at(case.facts, now), now)


@given(charts() | courses(), hours(-6, 8), st.integers(-40, 40))
def test_the_calendar_does_not_matter(case: Told, when: Hours, days: int) -> None:
    """The same chart some weeks earlier or later gives the same grade."""
    ageless = replace(case.facts, birth_date=None)
    step = timedelta(days=days)
    assert engine(ageless, at(when)) == engine(shifted(ageless, step), at(when) + step)


@given(charts(), hours(-6, 8))
def test_an_injection_into_the_muscle_is_never_vasopressor_support(case: Told, when: Hours) -> None:
    shot = infusion("dopamine", Decimal(str(when)) - 1, route=Route.INTRAMUSCULAR)
    with_shot = replace(case.facts, administrations=(*case.facts.administrations, shot))
    assert engine(case.facts, at(when)) == engine(with_shot, at(when))


@given(charts(), hours(-6, 8))
def test_an_assessment_is_repeatable_and_its_interval_in_order(case: Told, when: Hours) -> None:
    one, two = assess(case.facts, GUIDELINE, at(when)), assess(case.facts, GUIDELINE, at(when))
    assert one == two
    if one.grade is not None:
        assert 0 <= one.grade.lowest <= one.grade.highest <= 4
