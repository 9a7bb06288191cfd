"""Random patients under treatment: doses, orders, weights, ages and results beside what grades."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from fhir_mappings.facts import (
    Concept,
    Condition,
    ConditionGroup,
    OxygenDevice,
    PatientFacts,
    Route,
    Source,
)
from tests.builders import (
    ADULT,
    Fact,
    Hours,
    car_t,
    chart,
    crs_diagnosis,
    engager,
    infusion,
    oxygen,
    saturation,
    systolic,
    temperature,
    uncovered,
)
from tests.unit.crs.treated import dose, laboratory, order, tocilizumab_dose, weight

HOURS: st.SearchStrategy[Hours] = st.integers(-30, 0) | st.sampled_from(
    [-8, "-7.99", -24, "-23.99", -72, -60]
)
ROUTES = st.sampled_from([Route.INTRAVENOUS] * 4 + [Route.SUBCUTANEOUS, Route.UNSPECIFIED, Route.LOCAL])
STATUSES = st.sampled_from(["completed"] * 4 + ["in-progress", "on-hold"])
SURE = st.sampled_from([True, True, True, False])
TOCILIZUMAB = st.builds(
    tocilizumab_dose,
    st.sampled_from([560, 560, 8, 162, None]),
    HOURS,
    route=ROUTES,
    status=STATUSES,
    certain=SURE,
)
STEROIDS = st.builds(
    dose,
    st.sampled_from(["dexamethasone", "methylprednisolone", "hydrocortisone"]),
    st.sampled_from([10, 60, 250, 500, 1000]),
    HOURS | st.sampled_from([-48, -36, -71, -73]),
    route=ROUTES,
    status=STATUSES,
    certain=SURE,
)
FLUIDS = st.builds(dose, st.just("sodium-chloride"), st.just(1000), HOURS, unit=st.just("mL"))
LABS = st.builds(
    laboratory,
    st.sampled_from(
        [Concept.NEUTROPHILS, Concept.PLATELETS, Concept.CRP, Concept.FERRITIN, Concept.ICE_SCORE]
    ),
    st.sampled_from([0, "0.49", 7, 99]),
    HOURS,
)
WEIGHTS = st.builds(
    weight,
    st.sampled_from(["0.3", 11, "29.99", 30, 70, 100, "100.01", 400]) | st.decimals(1, 200, places=2),
    st.sampled_from([-1, -20, -100, -719, -721]),
)
TREATMENTS: st.SearchStrategy[list[Fact]] = st.lists(
    st.one_of(TOCILIZUMAB, TOCILIZUMAB, STEROIDS, FLUIDS, LABS), max_size=8
)
ORDERS = st.lists(
    st.builds(
        order,
        st.sampled_from(["tocilizumab", "dexamethasone", "methylprednisolone"]),
        st.none() | st.integers(-60, 0),
        status=st.sampled_from(["active", "active", "on-hold"]),
        routes=ROUTES.map(lambda route: (route,)),
    ),
    max_size=2,
)
THERAPIES: st.SearchStrategy[Fact] = st.sampled_from(
    [car_t(-96), car_t(-73, "axicabtagene-ciloleucel"), car_t(-75, None), engager(-80), crs_diagnosis(-90)]
)
BORN = st.sampled_from(
    [
        ADULT,
        ADULT,
        ADULT,
        (date(2024, 3, 10), date(2024, 3, 10)),
        (date(2024, 3, 11), date(2024, 3, 11)),
        (date(2024, 3, 1), date(2024, 3, 31)),
        (date(2023, 1, 1), date(2023, 12, 31)),
        None,
    ]
)
CONDITIONS = st.lists(
    st.builds(
        Condition,
        st.sampled_from([ConditionGroup.INFECTION, ConditionGroup.COMORBIDITY, ConditionGroup.ICANS]),
        st.booleans(),
        st.just("Condition/c"),
        display=st.sampled_from(["Pneumonia", "Heart failure of *any* kind"]),
    ),
    max_size=2,
)


def severity(grade: int, since: int) -> list[Fact]:
    """What makes a grade, from ``since`` on."""
    fevers: list[Fact] = [temperature(39, hour) for hour in [*range(since, 0, 12), 0]]
    quiet: list[Fact] = [saturation(97, 0), oxygen(OxygenDevice.ROOM_AIR, 0)]
    pressures = {1: 118, 2: 58, 3: 118, 4: 118}
    readings: list[Fact] = [systolic(pressures[grade], hour) for hour in [*range(since, 0, 6), 0]]
    drugs = {3: ["norepinephrine"], 4: ["norepinephrine", "epinephrine"]}.get(grade, [])
    running: list[Fact] = [infusion(drug, since) for drug in drugs]
    return [*fevers, *readings, *running, *quiet]


@dataclass(frozen=True)
class Treated:
    facts: PatientFacts
    grade: int


@st.composite
def treated(draw: st.DrawFn) -> Treated:
    """A patient with an episode of a known grade, treated in every way."""
    grade = draw(st.integers(1, 4))
    found = [draw(THERAPIES), *severity(grade, draw(st.sampled_from([0, -30, -70])))]
    found += draw(TREATMENTS) + draw(CONDITIONS) + draw(st.lists(WEIGHTS, max_size=2))
    missing = draw(st.sampled_from([(), (), (), (Source.MEDICATIONS,), (Source.LABS,)]))
    facts = uncovered(chart(*found, born=draw(BORN)), *missing)
    return Treated(replace(facts, orders=tuple(draw(ORDERS))), grade)


def by_weight(kilograms: Decimal) -> Decimal:
    return min((12 if kilograms < 30 else 8) * kilograms, Decimal(800))
