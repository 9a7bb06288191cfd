"""Bundles and versions: each resource once, the newest, in whatever order they come."""

from itertools import permutations
from typing import Any

import pytest

from fhir_mappings.facts import Concept, PatientFacts
from tests.unit.mapping.fhir_json import issue_codes, mapped, observation


def bundle(*resources: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in resources]}


def temperature(value: str, **more: Any) -> dict[str, Any]:
    return observation("8310-5", value, "Cel", **more)


def values(facts: PatientFacts) -> list[str]:
    return [str(reading.value) for reading in facts.readings.get(Concept.TEMPERATURE, ())]


def test_bundles_may_hold_bundles_outcomes_and_holes() -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning"}]}
    nested = bundle(outcome, bundle(temperature("38.5")), None, 7, {"id": "typeless"})
    nested["entry"] += [None, {}, {"search": {"mode": "match"}}]
    assert values(mapped(nested, None, "rubbish", 3, [], {"resourceType": 9})) == ["38.5"]


@pytest.mark.parametrize("entry", [None, {}, "none", 3])
def test_an_empty_or_broken_bundle_holds_nothing(entry: Any) -> None:
    assert values(mapped({"resourceType": "Bundle", "entry": entry})) == []


def test_a_resource_on_two_pages_counts_once() -> None:
    assert values(mapped(bundle(temperature("38.5")), bundle(temperature("38.5")))) == ["38.5"]


def test_resources_without_an_id_count_once_each() -> None:
    first, second = temperature("38.5", id=None), temperature("38.6", id=None)
    assert values(mapped(first, dict(reversed(first.items())), second)) == ["38.5", "38.6"]


@pytest.mark.parametrize(
    "versions",
    [
        [
            temperature("41.5", meta={"lastUpdated": "2026-03-10T08:01:00Z"}),
            temperature("38.5", meta={"lastUpdated": "2026-03-10T08:30:00+00:00"}),
        ],
        [
            temperature("41.5", meta={"lastUpdated": "2026-03-10T08:01:00Z", "versionId": "9"}),
            temperature("38.5", meta={"lastUpdated": "2026-03-10T08:01:00Z", "versionId": "10"}),
        ],
        [
            temperature("41.5"),
            temperature("38.5", status="corrected"),
            temperature("41.6", status="preliminary"),
        ],
        [temperature("41.5", meta={"lastUpdated": "garbled"}), temperature("38.5", status="amended")],
    ],
)
def test_the_newest_or_corrected_version_wins_in_any_order(versions: list[dict[str, Any]]) -> None:
    for order in permutations(versions):
        assert values(mapped(*order)) == ["38.5"]


def test_a_retraction_wins_over_the_value_it_retracts() -> None:
    for order in permutations([temperature("41.5"), temperature("41.5", status="entered-in-error")]):
        facts = mapped(*order)
        assert (values(facts), issue_codes(facts)) == ([], ["entered-in-error"])


def test_versions_that_nothing_tells_apart_are_chosen_the_same_in_any_order() -> None:
    both = [temperature("38.5"), temperature("39.5")]
    assert {tuple(values(mapped(*order))) for order in permutations(both)} == {("39.5",)}


def test_a_corrected_result_replaces_the_one_with_its_identifier() -> None:
    named = {"identifier": [{"system": "http://lab.example", "value": "A-1"}]}
    wrong = temperature("41.5", **named)
    right = temperature("38.5", id="o2", status="corrected", **named)
    for order in permutations([wrong, right]):
        facts = mapped(*order)
        assert (values(facts), issue_codes(facts)) == (["38.5"], ["superseded"])


def test_one_identifier_of_a_whole_sample_replaces_only_the_same_measurement() -> None:
    sample = {"identifier": [{"system": "http://lab.example", "value": "SAMPLE-1"}]}
    platelets = observation("777-3", "20", "10*9/L", **sample)
    neutrophils = observation("751-8", "0.3", "10*9/L", id="o2", status="corrected", **sample)
    assert set(mapped(platelets, neutrophils).readings) == {Concept.PLATELETS, Concept.NEUTROPHILS}


@pytest.mark.parametrize(
    "reference",
    ["Patient/7", "https://ehr.example/fhir/Patient/7", "Patient/7/_history/3", " Patient/7 ", "7"],
)
def test_a_subject_is_recognised_in_any_spelling(reference: str) -> None:
    assert values(mapped(temperature("38.5", subject={"reference": reference}))) == ["38.5"]


def test_a_subject_is_recognised_by_the_full_url_of_the_patient_entry() -> None:
    page = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:p", "resource": {"resourceType": "Patient", "id": "7"}},
            {"resource": temperature("38.5", subject={"reference": "urn:uuid:p"})},
        ],
    }
    assert values(mapped(page)) == ["38.5"]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"reference": "Patient/8"}, "other-patient"),
        ({"reference": "Patient/77"}, "other-patient"),
        ({"reference": "Group/7"}, "other-patient"),
        ({"reference": "urn:uuid:unknown"}, "other-patient"),
        ({"reference": "#contained"}, "subject-missing"),
        ({"display": "Someone"}, "subject-missing"),
        ("Patient/7", "subject-missing"),
        (None, "subject-missing"),
    ],
)
def test_what_is_not_surely_about_the_patient_is_refused(subject: Any, expected: str) -> None:
    facts = mapped(temperature("38.5", subject=subject))
    assert (values(facts), issue_codes(facts)) == ([], [expected])
