"""What became of every resource, and what was charted that nothing maps."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from fhir_mappings import Account, Outcome, Unmapped, account, map_resources
from fhir_mappings.accounting import Accounted
from fhir_mappings.coded import Place
from fhir_mappings.facts import Concept, PatientFacts
from fhir_mappings.unmapped import combine
from tests.unit.mapping.fhir_json import (
    ACETAMINOPHEN,
    CPT,
    LOCAL,
    LOINC,
    NDC,
    NOREPINEPHRINE,
    NOW,
    RXNORM,
    SNOMED,
    Json,
    administration,
    book,
    coded,
    component,
    condition,
    infusion,
    observation,
    panel,
    procedure,
    quantity,
)

FOREIGN = "http://hospital.example/unknown"
TEMPERATURE = observation("8310-5", "38.4", "Cel")


def accounted(*resources: Any, lookups: tuple[Json, ...] = ()) -> Account:
    facts = map_resources([*resources, *lookups], book(), as_of=NOW, patient_id="7", coverage={})
    return account(resources, book(), facts, as_of=NOW, lookups=lookups)


def only(*resources: Any, lookups: tuple[Json, ...] = ()) -> Accounted:
    (row,) = accounted(*resources, lookups=lookups).resources
    return row


def unmapped(*resources: Any, lookups: tuple[Json, ...] = ()) -> tuple[Unmapped, ...]:
    return accounted(*resources, lookups=lookups).unmapped


def test_a_reading_is_a_fact_of_its_resource() -> None:
    row = only(TEMPERATURE)
    assert (row.reference, row.kind, row.outcome) == ("Observation/o1", "Observation", Outcome.FACT)
    assert [type(fact).__name__ for fact in row.facts] == ["Reading"]
    assert row.issues == ()


def test_what_is_used_with_reservations_is_a_fact_with_its_issues() -> None:
    row = only(administration({"text": "Norepinephrine"}))
    assert row.outcome is Outcome.FACT
    assert [issue.code for issue in row.issues] == ["matched-by-text"]


def test_what_is_refused_is_an_issue() -> None:
    row = only(observation("8310-5", "138.4", "Cel"))
    assert row.outcome is Outcome.ISSUE
    assert [issue.code for issue in row.issues] == ["implausible"]


@pytest.mark.parametrize(
    "resource",
    [
        observation(coded(FOREIGN, "1"), 3, "kg"),
        administration(coded(FOREIGN, "1", "vitamin C")),
        procedure(coded(FOREIGN, "1")),
        condition(coded(FOREIGN, "1")),
        {"resourceType": "Immunization", "id": "i", "vaccineCode": coded(FOREIGN, "1")},
        {"resourceType": "DeviceUseStatement", "id": "d", "device": {"display": "wheelchair"}},
        {"resourceType": "Patient", "id": "7"},
    ],
)
def test_what_means_nothing_to_the_tables_is_not_relevant(resource: Json) -> None:
    assert only(resource).outcome is Outcome.NOT_RELEVANT


def test_a_heading_whose_values_are_elsewhere_is_not_relevant() -> None:
    assert only(observation("8310-5", hasMember=[{"reference": "Observation/x"}])).outcome is (
        Outcome.NOT_RELEVANT
    )


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("Encounter", Outcome.NOT_READ),
        ("Medication", Outcome.LOOKED_UP),
        ("Device", Outcome.LOOKED_UP),
    ],
)
def test_types_that_are_not_read_are_said_to_be(kind: str, outcome: Outcome) -> None:
    assert only({"resourceType": kind, "id": "1"}).outcome is outcome


def test_what_lies_after_the_time_asked_for_is_later() -> None:
    ahead = (NOW + timedelta(hours=1)).isoformat()
    assert only(observation("8310-5", 38, "Cel", effectiveDateTime=ahead)).outcome is Outcome.LATER
    assert only(condition(coded(SNOMED, "710027002"), onsetDateTime=ahead)).outcome is Outcome.LATER


@pytest.mark.parametrize(
    "resource",
    [
        TEMPERATURE,
        panel(component("8480-6", 120, "mm[Hg]")),
        observation(coded(FOREIGN, "p"), component=[component("8480-6", 120, "mm[Hg]")]),
        observation("8310-5"),
        observation("107117-4", valueString="nasal cannula"),
        infusion(NOREPINEPHRINE),
        administration({"text": "norepinephrine 4 mg in 250 mL"}),
        administration(coded(FOREIGN, "1", "Norepinephrine")),
        procedure(coded(SNOMED, "371907003")),
        procedure({"text": "axi-cel"}),
        procedure(coded(FOREIGN, "1"), usedCode=[coded(SNOMED, "426854004")]),
        condition(coded(SNOMED, "710027002")),
        {"resourceType": "Immunization", "id": "i", "vaccineCode": {"text": "axi-cel"}},
        {"resourceType": "DeviceUseStatement", "id": "d", "device": {"display": "nasal cannula"}},
        {"resourceType": "Patient", "id": "7", "birthDate": "1970-01-01"},
    ],
)
def test_what_means_something_and_left_no_trace_is_unexplained(resource: Json) -> None:
    """Held against a picture in which it is missing; nothing of the kind is known to happen."""
    (row,) = account([resource], book(), PatientFacts("7"), as_of=NOW).resources
    assert row.outcome is Outcome.UNEXPLAINED


def test_the_day_of_birth_is_the_fact_of_the_patient() -> None:
    row = only({"resourceType": "Patient", "id": "7", "birthDate": "1970-05"})
    assert row.outcome is Outcome.FACT


def test_what_a_contained_observation_says_is_its_holders() -> None:
    inner = {**TEMPERATURE, "id": "in"}
    holder = observation(coded(FOREIGN, "p"), contained=[inner], hasMember=[{"reference": "#in"}])
    row = only(holder)
    assert row.outcome is Outcome.FACT
    assert [fact.reference for fact in row.facts] == ["Observation/o1#in"]


def test_each_resource_counts_once_whatever_its_copies_and_versions() -> None:
    older = observation("8310-5", 37, "Cel", meta={"versionId": "1"})
    newer = observation("8310-5", 39, "Cel", meta={"versionId": "2"})
    found = accounted(older, newer, older)
    assert [row.facts[0].reference for row in found.resources] == ["Observation/o1"]
    assert found.duplicates == 2


def test_a_bundle_is_opened() -> None:
    entries = [{"resource": TEMPERATURE}, {"resource": infusion(NOREPINEPHRINE)}]
    found = accounted({"resourceType": "Bundle", "entry": entries})
    assert found.outcomes == {Outcome.FACT: 2}


def test_resources_without_an_id_are_told_apart_in_any_order() -> None:
    nameless = [observation("8310-5", 36 + n, "Cel", id=None) for n in range(4)]
    nameless.append(observation(coded(FOREIGN, "1"), 1, "kg", id=None))
    found = accounted(*nameless)
    assert [row.reference for row in found.resources] == [f"Observation/(no id {n})" for n in range(1, 6)]
    assert found.outcomes == {Outcome.FACT: 4, Outcome.NOT_RELEVANT: 1}
    shuffled = random.Random(1).sample(nameless, k=5)  # noqa: S311 - not for secrets
    assert accounted(*shuffled) == found


def test_what_is_only_looked_up_is_not_counted_but_read() -> None:
    shared = {"resourceType": "Medication", "id": "n", "code": NOREPINEPHRINE}
    given = administration(
        {}, medicationCodeableConcept=None, medicationReference={"reference": "Medication/n"}
    )
    row = only(given, lookups=(shared,))
    assert (row.outcome, row.label) == (Outcome.FACT, "7512")


def test_totals_are_by_outcome_and_by_issue() -> None:
    found = accounted(
        TEMPERATURE,
        observation("8310-5", 138, "Cel", id="o2"),
        observation("8310-5", 139, "Cel", id="o3"),
        observation("8310-5", id="o4"),
    )
    assert found.outcomes == {Outcome.FACT: 1, Outcome.ISSUE: 3}
    assert list(found.issues.items()) == [("implausible", 2), ("value-absent", 1)]


def test_unknown_codes_are_counted_with_what_was_charted_in_them() -> None:
    def hr(n: int, unit: str) -> Json:
        return observation(coded(FOREIGN, "HR", display="Pulse"), 80, unit, id=f"hr{n}")

    others = observation(coded(FOREIGN, "T", "Temp"), component=[{"code": coded(FOREIGN, "HR")}], id="x")
    assert unmapped(hr(1, "bpm"), hr(2, "bpm"), hr(3, "/min"), others, TEMPERATURE) == (
        Unmapped(Place.OBSERVATION, 4, "Pulse", FOREIGN, "HR", "valueQuantity", "bpm"),
        Unmapped(Place.OBSERVATION, 1, "Temp", FOREIGN, "T", "component"),
    )


def test_a_concept_that_one_coding_explains_needs_no_other() -> None:
    both = {"coding": [*coded(FOREIGN, "1")["coding"], *coded(LOINC, "8310-5")["coding"]]}
    assert unmapped(observation(both, 38, "Cel")) == ()


@pytest.mark.parametrize(
    ("system", "code", "fault"),
    [
        ("", "1", "it has no system"),
        ("flowsheet", "1", "its system is not a URI"),
        (LOINC, "8310-6", "it is not a valid loinc code"),
        (SNOMED, "12345", "it is not a valid snomed code"),
        (NDC, "1234567890", "it is not a valid ndc code"),
    ],
)
def test_a_code_that_no_overlay_can_bind_says_why(system: str, code: str, fault: str) -> None:
    (found,) = unmapped(observation({"coding": [{"system": system, "code": code}]}, 1, "kg"))
    assert found.fault == fault


def test_a_system_by_another_of_its_names_is_named_as_the_tables_know_it() -> None:
    (found,) = unmapped(observation(coded("https://loinc.org/", "718-7"), 12, "g/dL"))
    assert (found.system, found.code, found.fault) == (LOINC, "718-7", "")


def test_packages_of_one_product_are_one_code() -> None:
    packages = [administration(coded(NDC, f"00409-1234-0{n}"), id=f"m{n}") for n in (1, 2)]
    assert [(each.code, each.count) for each in unmapped(*packages)] == [("00409-1234", 2)]


def test_a_drug_is_counted_by_its_administrations_wherever_its_code_is() -> None:
    shared = {
        "resourceType": "Medication",
        "id": "n",
        "code": coded(FOREIGN, "V", "vitamin C"),
        "ingredient": [{"itemCodeableConcept": coded(FOREIGN, "V")}],
    }
    link = {"medicationCodeableConcept": None, "medicationReference": {"reference": "Medication/n"}}
    given = [administration({}, {"dose": quantity(1, "g")}, id=f"m{n}", **link) for n in range(3)]
    assert unmapped(*given, lookups=(shared,)) == (
        Unmapped(Place.MEDICATION, 3, "vitamin C", FOREIGN, "V", unit="g"),
    )


def test_the_fluid_a_drug_runs_in_does_not_hide_its_unknown_code() -> None:
    bag = {"coding": [{"system": RXNORM, "code": next_fluid()}]}
    drug = coded(FOREIGN, "PRESSOR")
    medication = {"ingredient": [{"itemCodeableConcept": bag}, {"itemCodeableConcept": drug}]}
    inner = {"resourceType": "Medication", "id": "n", **medication}
    given = administration(
        {}, medicationCodeableConcept=None, medicationReference={"reference": "#n"}, contained=[inner]
    )
    assert [each.code for each in unmapped(given)] == ["PRESSOR"]


def next_fluid() -> str:
    """Some RxNorm code of a fluid in the tables."""
    fluids = [drug.id for drug in book().drugs.values() if "fluid" in drug.groups]
    return next(row.code for row in book().rows if row.id in fluids and row.system == RXNORM)


def test_a_drug_that_only_its_name_tells_is_listed_with_the_name_it_holds() -> None:
    by_code = administration(coded(FOREIGN, "NE", "norepinephrine 4 mg in 250 mL"))
    assert unmapped(by_code) == (
        Unmapped(Place.MEDICATION, 1, "norepinephrine 4 mg in 250 mL", FOREIGN, "NE", names="norepinephrine"),
    )
    by_text = administration({"text": "Vitamin C"}), administration({"text": "vitamin_c"}, id="m2")
    assert unmapped(*by_text) == (Unmapped(Place.MEDICATION, 2, "Vitamin C"),)


def test_answers_that_name_no_known_device_are_listed() -> None:
    cap = observation("107117-4", valueString="Oxy cap")
    code = observation("107117-4", valueCodeableConcept=coded(FOREIGN, "CAP", "Oxy cap"), id="o2")
    known = observation("107117-4", valueString="Nasal Cannula", id="o3")
    assert unmapped(cap, code, known) == (
        Unmapped(Place.DEVICE_ANSWER, 1, "Oxy cap"),
        Unmapped(Place.DEVICE_ANSWER, 1, "Oxy cap", FOREIGN, "CAP"),
    )


def test_procedures_units_and_routes_that_nothing_maps_are_listed() -> None:
    found = unmapped(
        procedure(coded(CPT, "99999", "lumbar puncture")),
        procedure(coded(SNOMED, "371907003"), id="p2"),
        observation("8310-5", valueQuantity=quantity("38", "hot", code="")),
        administration(
            ACETAMINOPHEN,
            {"dose": quantity(1, "spoon", code="{spoon}"), "route": coded(FOREIGN, "PEG", "by tube")},
        ),
    )
    assert [(each.place, each.text, each.code) for each in found] == [
        (Place.PROCEDURE, "lumbar puncture", "99999"),
        (Place.ROUTE, "by tube", "PEG"),
        (Place.UNIT, "hot", ""),
        (Place.UNIT, "{spoon}", ""),
    ]


def test_the_unit_of_what_is_not_read_anyway_is_of_no_concern() -> None:
    assert [each.place for each in unmapped(observation(coded(FOREIGN, "1"), 1, "spoon"))] == [
        Place.OBSERVATION
    ]


def test_counts_of_several_patients_add_up_the_most_frequent_first() -> None:
    one = Unmapped(Place.OBSERVATION, 2, "Pulse", LOCAL, "HR", "valueQuantity", "bpm")
    other = Unmapped(Place.OBSERVATION, 5, "Heart rate", LOCAL, "HR", "valueQuantity", "/min")
    rare = Unmapped(Place.OBSERVATION, 6, "Pain", LOCAL, "PAIN")
    assert combine([one, rare, other]) == (
        Unmapped(Place.OBSERVATION, 7, "Heart rate", LOCAL, "HR", "valueQuantity", "/min"),
        rare,
    )


def test_an_account_does_not_change_what_is_read() -> None:
    resources = [TEMPERATURE, infusion(NOREPINEPHRINE, quantity("0.1", "ug/kg/min"))]
    before = map_resources(resources, book(), as_of=NOW, patient_id="7", coverage={})
    account(resources, book(), before, as_of=NOW)
    assert map_resources(resources, book(), as_of=NOW, patient_id="7", coverage={}) == before
    assert before.readings[Concept.TEMPERATURE]
