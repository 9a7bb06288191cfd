"""Vital signs and laboratory values, in every shape they come in."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fhir_mappings.facts import Concept, Method, PatientFacts, Quantity, Reading
from tests.unit.mapping.fhir_json import (
    EARLIER,
    LOINC,
    NOW,
    SNOMED,
    coded,
    component,
    issue_codes,
    mapped,
    observation,
    only_issue,
    panel,
    quantity,
)


def only(facts: PatientFacts, concept: Concept) -> Reading:
    (reading,) = facts.readings[concept]
    return reading


def test_a_temperature_in_fahrenheit_is_exactly_its_celsius_value() -> None:
    facts = mapped(observation("8310-5", "100.4", "[degF]"))
    assert facts.readings == {
        Concept.TEMPERATURE: (
            Reading(
                Concept.TEMPERATURE,
                Decimal("38"),
                "Cel",
                datetime(2026, 3, 10, 8, 0, tzinfo=UTC),
                "Observation/o1",
                charted=Quantity(Decimal("100.4"), "[degF]"),
            ),
        )
    }
    assert facts.issues == ()


@pytest.mark.parametrize(
    ("code", "value", "unit", "concept", "expected"),
    [
        ("8331-1", "38.2", "Cel", Concept.TEMPERATURE, "38.2"),
        ("76534-7", "88", "mm[Hg]", Concept.SYSTOLIC, "88"),
        ("8478-0", "62", "mm[Hg]", Concept.MEAN_PRESSURE, "62"),
        ("59408-5", "93", "%", Concept.SPO2, "93"),
        ("2708-6", "0.93", "1", Concept.SPO2, "93"),
        ("29463-7", "70", "kg", Concept.WEIGHT, "70"),
        ("29463-7", "66.14", "[lb_av]", Concept.WEIGHT, "30.00"),
        ("3141-9", "29996", "g", Concept.WEIGHT, "30.00"),
        ("751-8", "420", "/uL", Concept.NEUTROPHILS, "0.42"),
        ("777-3", "20", "10*3/uL", Concept.PLATELETS, "20"),
        ("1988-5", "4.5", "mg/dL", Concept.CRP, "45"),
        ("2276-4", "12000", "ng/mL", Concept.FERRITIN, "12000"),
        ("3255-7", "120", "mg/dL", Concept.FIBRINOGEN, "1.2"),
    ],
)
def test_every_concept_is_read_in_its_canonical_unit(
    code: str, value: str, unit: str, concept: Concept, expected: str
) -> None:
    facts = mapped(observation(code, value, unit))
    assert only(facts, concept).value == Decimal(expected)
    assert facts.issues == ()


def test_a_float_is_read_by_its_shortest_form() -> None:
    facts = mapped(observation("8310-5", 38.1, "Cel"))
    assert only(facts, Concept.TEMPERATURE).value == Decimal("38.1")


def test_a_blood_pressure_panel_gives_systolic_and_mean() -> None:
    facts = mapped(
        panel(
            component("8480-6", "84", "mm[Hg]"),
            component("8462-4", "50", "mm[Hg]"),
            component("8478-0", "61", "mm[Hg]"),
        )
    )
    assert only(facts, Concept.SYSTOLIC).value == 84
    assert only(facts, Concept.MEAN_PRESSURE).value == 61
    assert facts.issues == ()


def test_a_component_tells_its_method_and_otherwise_has_that_of_its_parent() -> None:
    own = mapped(panel(component("76215-3", "84", "mm[Hg]")))
    inherited = mapped(panel(component("8480-6", "84", "mm[Hg]"), code="76215-3"))
    assert only(own, Concept.SYSTOLIC).method is Method.ARTERIAL
    assert only(inherited, Concept.SYSTOLIC).method is Method.ARTERIAL


@pytest.mark.parametrize("parent", ["60988-3", "60996-6", "85353-1"])
def test_pressure_components_of_any_other_parent_are_refused(parent: str) -> None:
    facts = mapped(
        panel(component("8480-6", "28", "mm[Hg]"), component("8478-0", "21", "mm[Hg]"), code=parent)
    )
    assert facts.readings == {}
    assert issue_codes(facts) == ["not-systemic-pressure", "not-systemic-pressure"]
    assert {(issue.concept, issue.value) for issue in facts.issues} == {
        ("systolic", "28"),
        ("mean-pressure", "21"),
    }


def test_mean_airway_pressure_is_not_a_mean_blood_pressure() -> None:
    both = {"coding": [{"system": LOINC, "code": "76530-5"}, {"system": LOINC, "code": "8478-0"}]}
    for code in (coded(LOINC, "76530-5"), both):
        issue = only_issue(mapped(observation(code, "15", "cm[H2O]")))
        assert (issue.code, issue.value, issue.unit) == ("not-systemic-pressure", "15", "cm[H2O]")


def test_saturation_as_a_component_without_a_value_of_its_own() -> None:
    facts = mapped(observation("59408-5", component=[component("2708-6", "91", "%")]))
    assert only(facts, Concept.SPO2).value == 91
    assert facts.issues == ()


def test_a_panel_with_members_only_is_no_fault() -> None:
    facts = mapped(observation("85354-9", hasMember=[{"reference": "Observation/o2"}]))
    assert (facts.readings, facts.issues) == ({}, ())


def test_contained_members_of_a_panel_share_its_time_and_subject() -> None:
    inner = {
        "resourceType": "Observation",
        "id": "sys",
        "code": coded(LOINC, "8480-6"),
        "valueQuantity": quantity("82", "mm[Hg]"),
    }
    facts = mapped(observation("85354-9", contained=[inner], hasMember=[{"reference": "#sys"}]))
    reading = only(facts, Concept.SYSTOLIC)
    assert (reading.value, reading.reference) == (Decimal(82), "Observation/o1#sys")


def test_birth_weight_and_standing_pressure_are_not_used() -> None:
    assert only_issue(mapped(observation("8339-4", "3200", "g"))).code == "birth-weight"
    assert only_issue(mapped(observation("8460-8", "80", "mm[Hg]"))).code == "standing-pressure"


@pytest.mark.parametrize(
    ("code", "value", "unit", "likely"),
    [
        ("8310-5", "101", "Cel", "Fahrenheit"),
        ("8310-5", "97.2", "Cel", "Fahrenheit"),
        ("8310-5", "24.9", "Cel", ""),
        ("8480-6", "19", "mm[Hg]", ""),
        ("8480-6", "301", "mm[Hg]", ""),
        ("8478-0", "-19", "mm[Hg]", ""),
        ("8478-0", "354", "mm[Hg]", ""),
        ("59408-5", "39", "%", ""),
        ("59408-5", "101", "%", ""),
        ("59408-5", "0.97", "%", "fraction"),
        ("29463-7", "49000", "kg", "grams"),
        ("29463-7", "0.2", "kg", ""),
    ],
)
def test_an_implausible_value_is_listed_with_its_likely_cause_and_never_used(
    code: str, value: str, unit: str, likely: str
) -> None:
    facts = mapped(observation(code, value, unit))
    assert facts.readings == {}
    issue = only_issue(facts)
    assert (issue.code, issue.value, issue.unit) == ("implausible", value, unit)
    assert issue.time == datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
    assert likely in issue.detail
    assert ("most likely" in issue.detail.lower()) is bool(likely)


@pytest.mark.parametrize(
    ("code", "low", "high", "unit"),
    [
        ("8310-5", "25", "45", "Cel"),
        ("8480-6", "20", "300", "mm[Hg]"),
        ("8478-0", "10", "150", "mm[Hg]"),
        ("59408-5", "40", "100", "%"),
        ("29463-7", "0.3", "400", "kg"),
    ],
)
def test_the_ends_of_a_plausible_range_are_inside(code: str, low: str, high: str, unit: str) -> None:
    for value in (low, high):
        assert mapped(observation(code, value, unit)).issues == ()


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("8310-5", quantity("38", "mm[Hg]"), "unit-mismatch"),
        ("8310-5", quantity("38", "warm"), "unit-not-understood"),
        ("29463-7", {"value": Decimal(70)}, "unit-missing"),
        ("8310-5", quantity("38", "°F", "Cel"), "unit-conflict"),
        ("8310-5", quantity("38", "Cel") | {"comparator": ">"}, "comparator"),
        ("8310-5", {"value": "38.5", "unit": "Cel"}, "value-not-a-number"),
        ("8310-5", {"value": True, "unit": "Cel"}, "value-not-a-number"),
        ("8310-5", {"value": Decimal("NaN"), "unit": "Cel"}, "value-not-a-number"),
        ("8310-5", {"value": Decimal("1E+999999"), "unit": "Cel"}, "value-not-a-number"),
        ("8310-5", {"unit": "Cel"}, "value-absent"),
    ],
)
def test_an_amount_that_cannot_be_read_is_refused_with_its_reason(
    code: str, value: dict[str, Any], expected: str
) -> None:
    facts = mapped(observation(code, valueQuantity=value))
    assert (facts.readings, issue_codes(facts)) == ({}, [expected])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueString": "38.5"}, "value-not-a-quantity"),
        ({"valueCodeableConcept": {"text": "hot"}}, "value-not-a-quantity"),
        ({"valueRange": {"low": {"value": 38}}}, "value-not-a-quantity"),
        ({"dataAbsentReason": {"coding": [{"code": "masked"}]}}, "value-absent"),
        ({}, "value-absent"),
    ],
)
def test_a_value_of_another_type_or_none_is_said(value: dict[str, Any], expected: str) -> None:
    assert issue_codes(mapped(observation("8310-5", **value))) == [expected]


def test_an_absent_component_is_said_and_the_other_still_read() -> None:
    missing = component("8478-0", dataAbsentReason={"coding": [{"code": "unknown"}]})
    facts = mapped(panel(component("8480-6", "107", "mm[Hg]"), missing))
    assert only(facts, Concept.SYSTOLIC).value == 107
    issue = only_issue(facts)
    assert (issue.code, issue.concept) == ("value-absent", "mean-pressure")


def test_a_bound_stands_for_a_laboratory_value_and_is_said() -> None:
    facts = mapped(observation("751-8", valueQuantity=quantity("0.1", "10*9/L") | {"comparator": "<"}))
    assert only(facts, Concept.NEUTROPHILS).value == Decimal("0.1")
    issue = only_issue(facts)
    assert (issue.code, issue.value) == ("bound-used", "<0.1")


def test_codings_that_disagree_are_an_issue_not_a_guess() -> None:
    code = {"coding": [{"system": LOINC, "code": "8310-5"}, {"system": LOINC, "code": "59408-5"}]}
    facts = mapped(observation(code, "38", "Cel"))
    assert (facts.readings, issue_codes(facts)) == ({}, ["conflicting-codes"])


def test_irrelevant_codes_leave_no_trace() -> None:
    seizure = observation(coded(SNOMED, "91175000"), "1", "1")
    local = observation(coded("http://hospital.example", "38"), "1", "1")
    assert (
        mapped(observation("8867-4", "88", "/min"), seizure | {"id": "o2"}, local | {"id": "o3"}).issues == ()
    )


@pytest.mark.parametrize("status", ["final", "amended", "corrected", "preliminary", "final ", "FINAL"])
def test_results_count(status: str) -> None:
    assert Concept.TEMPERATURE in mapped(observation("8310-5", "38.5", "Cel", status=status)).readings


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("entered-in-error", "entered-in-error"),
        ("entered-in-error ", "entered-in-error"),
        ("cancelled", "cancelled"),
        ("registered", "not-begun"),
        ("unknown", "status-unknown"),
        ("finished", "status-unknown"),
        (None, "status-unknown"),
        (["final"], "status-unknown"),
    ],
)
def test_what_is_not_a_result_is_refused_with_its_reason(status: Any, expected: str) -> None:
    facts = mapped(observation("8310-5", "38.5", "Cel", status=status))
    assert (facts.readings, issue_codes(facts)) == ({}, [expected])


def test_an_unknown_modifier_extension_refuses_the_resource_or_the_component() -> None:
    modified = {"modifierExtension": [{"url": "http://hospital.example/not"}]}
    whole = mapped(observation("8310-5", "38.5", "Cel", **modified))
    part = mapped(panel(component("8480-6", "84", "mm[Hg]", **modified)))
    assert (whole.readings, issue_codes(whole)) == ({}, ["modifier-extension"])
    assert (part.readings, issue_codes(part)) == ({}, ["modifier-extension"])


def test_an_observation_of_a_fetus_or_donor_is_refused() -> None:
    facts = mapped(observation("8480-6", "60", "mm[Hg]", focus=[{"reference": "RelatedPerson/fetus"}]))
    assert (facts.readings, issue_codes(facts)) == ({}, ["other-focus"])
    assert mapped(observation("8480-6", "60", "mm[Hg]", focus=[{"reference": "Patient/7"}])).issues == ()


@pytest.mark.parametrize(
    "when",
    [
        {"effectiveInstant": EARLIER},
        {"effectivePeriod": {"start": EARLIER, "end": "2026-03-10T08:10:00Z"}},
        {"effectivePeriod": {"start": EARLIER}},
        {"effectiveTiming": {"event": [EARLIER]}},
    ],
)
def test_every_form_of_effective_time_is_read(when: dict[str, Any]) -> None:
    facts = mapped(observation("8310-5", "38.5", "Cel", effectiveDateTime=None, **when))
    assert only(facts, Concept.TEMPERATURE).time == NOW - timedelta(hours=1)
    assert facts.issues == ()


def test_the_time_of_issue_stands_in_and_is_said() -> None:
    facts = mapped(observation("8310-5", "38.5", "Cel", effectiveDateTime=None, issued=EARLIER))
    assert only(facts, Concept.TEMPERATURE).time == NOW - timedelta(hours=1)
    assert issue_codes(facts) == ["time-from-issued"]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (None, "time-missing"),
        ("2026-03-10", "time-too-coarse"),
        ("2026-03", "time-too-coarse"),
        ("2026-03-10T08:00:00", "time-without-zone"),
        ("this morning", "time-not-understood"),
    ],
)
def test_a_vital_sign_needs_its_time_of_day_and_zone(when: str | None, expected: str) -> None:
    facts = mapped(observation("8310-5", "38.5", "Cel", effectiveDateTime=when))
    assert (facts.readings, issue_codes(facts)) == ({}, [expected])


def test_the_site_zone_decides_a_time_without_one() -> None:
    facts = mapped(
        observation("8310-5", "38.5", "Cel", effectiveDateTime="2026-03-10T03:00:00"),
        zone=ZoneInfo("America/Chicago"),
    )
    assert only(facts, Concept.TEMPERATURE).time == datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


def test_a_weight_may_be_known_to_the_day() -> None:
    facts = mapped(observation("29463-7", "70", "kg", effectiveDateTime="2026-03-09"))
    assert only(facts, Concept.WEIGHT).time == datetime(2026, 3, 9, tzinfo=UTC)
    assert facts.issues == ()
