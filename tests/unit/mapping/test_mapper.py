"""The whole mapping: time, order, and input that was tampered with."""

import json
import random
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings import ISSUES, CodeBook, map_resources
from fhir_mappings.facts import COMPLETE, Concept, PatientFacts, Reading, Source
from tests.unit.mapping.fhir_json import (
    CPT,
    ICD10CM,
    NOREPINEPHRINE,
    NOW,
    RXNORM,
    SNOMED,
    TOCILIZUMAB,
    administration,
    book,
    coded,
    component,
    condition,
    infusion,
    issue_codes,
    mapped,
    observation,
    panel,
    procedure,
    quantity,
)
from tests.unit.mapping.orders_json import instruction, request
from tests.unit.mapping.tampering import tamper

CHART: list[dict[str, Any]] = [
    {"resourceType": "Patient", "id": "7", "birthDate": "1961-05"},
    observation("8310-5", "100.4", "[degF]", id="t1"),
    observation("8310-5", "101", "Cel", id="t2"),
    observation("8331-1", "39.1", "Cel", id="t3", effectiveDateTime=None, issued="2026-03-10T07:00:00Z"),
    panel(component("8480-6", "84", "mm[Hg]"), component("76214-6", "55", "mm[Hg]"), id="bp"),
    panel(component("8480-6", "30", "mm[Hg]"), id="la", code="60988-3"),
    observation("59408-5", "93", "%", id="s", component=[component("3151-8", "4", "L/min")]),
    observation("3150-0", "0.42", "%", id="f"),
    observation("107117-4", id="d", valueString="nasal cannula"),
    observation(coded(SNOMED, "722742002"), id="ra", valueBoolean=True),
    observation("29463-7", "154", "[lb_av]", id="w", effectiveDateTime="2026-03-09"),
    observation("751-8", id="anc", valueQuantity=quantity("0.1", "10*9/L") | {"comparator": "<"}),
    infusion(NOREPINEPHRINE, quantity("0.12", "ug/kg/min"), id="ne"),
    administration(TOCILIZUMAB, {"dose": quantity("560", "mg"), "route": {"text": "IV"}}, id="toci"),
    infusion(
        {},
        id="bag",
        medicationCodeableConcept=None,
        medicationReference={"reference": "Medication/bag"},
    )
    | {"dosage": {"rateRatio": {"numerator": quantity("100", "mg"), "denominator": quantity("30", "min")}}},
    {
        "resourceType": "Medication",
        "id": "bag",
        "ingredient": [
            {"itemCodeableConcept": coded(RXNORM, "3628")},
            {"itemCodeableConcept": {"text": "x"}},
        ],
    },
    procedure(coded(CPT, "38228"), id="cart", performedDateTime="2026-03-07"),
    procedure(
        coded(SNOMED, "40617009"),
        id="vent",
        usedCode=[coded(SNOMED, "426854004")],
        performedDateTime=None,
        performedPeriod={"start": "2026-03-10T06:00:00Z", "end": "2026-03-10T07:00:00Z"},
        reasonCode=[coded(SNOMED, "91175000")],
    ),
    condition(coded(ICD10CM, "D89.832"), id="crs"),
    request(coded(RXNORM, "3264"), instruction(quantity("10", "mg"), timing={"code": {"text": "Q6H"}})),
]


def everything(facts: PatientFacts) -> list[Any]:
    readings = [reading for found in facts.readings.values() for reading in found]
    return [
        *readings,
        *facts.oxygen,
        *facts.administrations,
        *facts.therapies,
        *facts.conditions,
        *facts.orders,
    ]


def test_the_chart_of_these_tests_gives_facts_of_every_kind() -> None:
    facts = mapped(*CHART)
    assert len(facts.readings) == 6
    assert {item.drug for item in facts.administrations} == {"norepinephrine", "tocilizumab", "dopamine"}
    assert (len(facts.oxygen), len(facts.therapies), len(facts.conditions)) == (5, 1, 1)
    assert [order.drug for order in facts.orders] == ["dexamethasone"]
    assert issue_codes(facts) == [
        "bound-used",
        "implausible",
        "not-systemic-pressure",
        "implausible",
        "time-from-issued",
    ]


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_order_duplicates_and_paging_change_nothing(data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(CHART))
    repeated = shuffled + data.draw(st.lists(st.sampled_from(CHART), max_size=5))
    cut = data.draw(st.integers(0, len(repeated)))
    pages = [
        {"resourceType": "Bundle", "entry": [{"resource": each} for each in part]}
        for part in (repeated[:cut], repeated[cut:])
    ]
    assert mapped(*repeated) == mapped(*pages) == mapped(*CHART)


def test_facts_are_sorted_by_time() -> None:
    times = [reading.time for reading in mapped(*reversed(CHART)).readings[Concept.TEMPERATURE]]
    assert times == sorted(times)


def test_coverage_and_patient_are_handed_through() -> None:
    facts = map_resources([], book(), as_of=NOW, patient_id="7", coverage={Source.VITALS: COMPLETE})
    assert (facts.patient_id, facts.covered(Source.VITALS)) == ("7", COMPLETE)
    assert facts.covered(Source.LABS).reason == "not-supplied"


@pytest.mark.parametrize(("minutes", "known"), [(-1, True), (0, True), (1, False)])
def test_a_replay_knows_what_was_charted_up_to_its_time_and_no_more(minutes: int, known: bool) -> None:
    when = (NOW + timedelta(minutes=minutes)).isoformat()
    facts = mapped(observation("8310-5", "38.5", "Cel", effectiveDateTime=when))
    assert bool(facts.readings) is known
    assert facts.issues == ()


def test_on_a_replay_later_faults_leave_no_trace_either() -> None:
    later = "2026-03-10T10:00:00Z"
    facts = mapped(
        observation("8310-5", "101", "Cel", effectiveDateTime=later),
        infusion(NOREPINEPHRINE, effectivePeriod={"start": later}),
        procedure(coded(SNOMED, "40617009"), performedDateTime=later, status="not-done"),
    )
    assert (everything(facts), facts.issues) == ([], ())


def test_a_live_call_allows_for_clocks_that_differ() -> None:
    ten = timedelta(minutes=10)
    within = observation("8310-5", "38.5", "Cel", id="a", effectiveDateTime="2026-03-10T09:10:00Z")
    beyond = observation("8310-5", "38.6", "Cel", id="b", effectiveDateTime="2026-03-10T09:10:01Z")
    facts = mapped(within, beyond, skew=ten)
    (reading,) = facts.readings[Concept.TEMPERATURE]
    assert (reading.value, reading.time) == (Decimal("38.5"), NOW)
    assert [(issue.code, issue.reference) for issue in facts.issues] == [("future-time", "Observation/b")]


def test_a_single_bundle_may_be_handed_over_as_it_is() -> None:
    page = {"resourceType": "Bundle", "entry": [{"resource": each} for each in CHART]}
    assert map_resources(page, book(), as_of=NOW, patient_id="7", coverage={}) == mapped(*CHART)


def test_a_time_of_call_without_a_zone_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="zone"):
        mapped(as_of=datetime(2026, 3, 10, 9, 0))  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValueError, match="skew"):
        mapped(skew=timedelta(minutes=-1))


def test_every_amount_is_decimal_and_every_time_aware() -> None:
    floats = json.loads(json.dumps(CHART, default=float))
    for fact in everything(mapped(*floats)):
        names = Reading._fields if isinstance(fact, Reading) else [each.name for each in fields(fact)]
        for name in names:
            value = getattr(fact, name)
            assert not isinstance(value, float), (fact, name)
            assert not isinstance(value, datetime) or value.tzinfo is UTC, (fact, name)


def test_every_issue_code_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "mapping-issues.md").read_text()
    documented = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert documented == set(ISSUES)


@settings(deadline=None, max_examples=150)
@given(st.integers())
def test_no_tampered_resource_raises_or_invents_a_value(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    tampered = [tamper(resource, chance) for resource in CHART]
    facts = mapped(*tampered, skew=timedelta(minutes=10))
    charted = json.dumps(tampered, default=str)
    for readings in facts.readings.values():
        for reading in readings:
            assert str((reading.charted or reading).value) in charted
    assert {issue.code for issue in facts.issues} <= set(ISSUES)


def test_a_code_book_is_not_changed_by_use() -> None:
    before = CodeBook.load()
    mapped(*CHART)
    assert book() == before
