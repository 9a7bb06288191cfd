"""What was charted out of the ordinary and could raise the grade: read, or said, and never passed over."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from fhir_mappings.facts import Administration, Concept, OxygenDevice, PatientFacts, Quantity
from tests.unit.mapping.fhir_json import (
    LOINC,
    MDC,
    NOREPINEPHRINE,
    RXNORM,
    SNOMED,
    administration,
    coded,
    infusion,
    issue_codes,
    mapped,
    observation,
    procedure,
    quantity,
)

IV, SC = coded(SNOMED, "47625008"), coded(SNOMED, "34206005")
TOCILIZUMAB = coded(RXNORM, "612865")


def only(facts: PatientFacts) -> Administration:
    (item,) = facts.administrations
    return item


@pytest.mark.parametrize(
    "dosage",
    [
        {"rateQuantity": quantity("3", "U/h")},
        {"rateQuantity": quantity("0.1", "ug/kg")},
        {"rateQuantity": quantity("0.1", "ug/h")},
        {"rateQuantity": quantity("5", "min")},
        {"rateQuantity": quantity("-1", "ug/kg/min")},
        {"rateRatio": {"numerator": quantity("4", "mg"), "denominator": quantity("250", "mL")}},
    ],
)
def test_an_event_whose_rate_is_refused_is_still_one_of_an_infusion(dosage: dict[str, Any]) -> None:
    item = only(mapped(administration(NOREPINEPHRINE, dosage)))
    assert (item.rate, item.rated, item.point) == (None, True, True)


def test_an_arterial_component_speaks_for_itself_under_any_code() -> None:
    part = {"code": coded(MDC, "150037"), "valueQuantity": quantity("72", "mm[Hg]")}
    facts = mapped(observation(coded(MDC, "150036"), component=[part]))
    (reading,) = facts.readings[Concept.SYSTOLIC]
    assert (reading.value, reading.method) == (Decimal(72), "arterial")


@pytest.mark.parametrize(
    ("value", "issue"),
    [
        ({"valueString": "72/40"}, "value-not-a-quantity"),
        ({"valueQuantity": quantity("72", "mm[Hg]")}, "value-not-a-quantity"),
        ({"component": [{"code": coded("urn:local", "1")}]}, "value-not-a-quantity"),
        ({"dataAbsentReason": coded("urn:x", "masked")}, "value-absent"),
    ],
)
def test_a_blood_pressure_that_cannot_be_read_is_said(value: dict[str, Any], issue: str) -> None:
    facts = mapped(observation(coded(LOINC, "85354-9"), **value))
    assert [(i.code, i.concept, i.left_out) for i in facts.issues] == [(issue, "systolic", True)]


@pytest.mark.parametrize(
    ("name", "drug"),
    [
        ("Levophed 8 mg/250 mL", "norepinephrine"),
        ("Vasostrict", "vasopressin"),
        ("Noradrenalin", "norepinephrine"),
        ("Ofirmev", "acetaminophen"),
        ("Solu-Medrol", "methylprednisolone"),
        ("Novalgin", "metamizole"),
        ("Blincyto", "blinatumomab"),
    ],
)
def test_brands_and_names_of_other_countries_are_known(name: str, drug: str) -> None:
    assert only(mapped(infusion({"text": name}))).drug == drug


def test_the_german_edition_of_atc_is_read() -> None:
    assert (
        only(mapped(infusion(coded("http://fhir.de/CodeSystem/bfarm/atc", "C01CA03")))).drug
        == "norepinephrine"
    )


def oxygen(*resources: dict[str, Any]) -> list[OxygenDevice | None]:
    facts = mapped(*resources)
    assert set(issue_codes(facts)) <= {"device-not-understood", "value-absent"}
    return [item.device for item in facts.oxygen]


def test_a_device_answered_to_an_unknown_question_may_hold() -> None:
    mask = observation(coded("urn:local", "1"), valueCodeableConcept=coded(SNOMED, "427591007"))
    air = observation(coded("urn:local", "1"), valueCodeableConcept=coded(SNOMED, "722742002"))
    assert oxygen(mask) == [OxygenDevice.NOT_UNDERSTOOD]
    assert oxygen(air) == []


def test_a_device_named_among_other_words_may_hold() -> None:
    text = procedure({"text": "BiPAP therapy"}, status="in-progress")
    worn = {
        "resourceType": "DeviceUseStatement", "id": "d", "status": "active",
        "subject": {"reference": "Patient/7"},
        "timingDateTime": "2026-03-10T08:00:00Z", "device": {"display": "Vapotherm HFNC"},
    }  # fmt: skip
    assert oxygen(text) == [OxygenDevice.NOT_UNDERSTOOD]
    assert oxygen(worn) == [OxygenDevice.NOT_UNDERSTOOD]


def test_a_device_by_code_whose_value_is_absent_may_hold() -> None:
    gone = observation(coded(SNOMED, "426854004"), dataAbsentReason=coded("urn:x", "unknown"))
    assert oxygen(gone) == [OxygenDevice.NOT_UNDERSTOOD]


@pytest.mark.parametrize(
    ("drug", "dose"),
    [
        (TOCILIZUMAB, quantity("100", "mL")),  # the bag that 28 mL were diluted in
        (coded(RXNORM, "1657981"), quantity("50", "mL")),
        (coded(RXNORM, "1660014"), quantity("250", "mL")),
        (coded(RXNORM, "1441527"), quantity("0.9", "mL")),  # a syringe, charted as intravenous
    ],
)
def test_a_volume_that_cannot_have_come_from_vials_has_no_mass(
    drug: dict[str, Any], dose: dict[str, Any]
) -> None:
    facts = mapped(administration(drug, {"dose": dose, "route": IV}))
    assert only(facts).mass is None


def test_a_vial_says_nothing_of_the_rate_of_a_bag() -> None:
    for code in ("242969", "1660014"):
        item = only(mapped(infusion(coded(RXNORM, code), quantity("15", "mL/h"))))
        assert item.per_minute is None
    premix = only(mapped(infusion(coded(RXNORM, "2475337"), quantity("15", "mL/h"))))
    assert premix.per_minute == Quantity(Decimal(4), "ug/min")


def bag(*ingredients: dict[str, Any], code: dict[str, Any] | None = None) -> dict[str, Any]:
    found = {"resourceType": "Medication", "id": "bag", "ingredient": list(ingredients)}
    return found | ({"code": code} if code else {})


def part(drug: dict[str, Any], milligrams: str, per: str, unit: str = "mL", **more: Any) -> dict[str, Any]:
    strength = {"numerator": quantity(milligrams, "mg"), "denominator": quantity(per, unit)}
    return {"itemCodeableConcept": drug, "strength": strength, **more}


SALINE = coded(RXNORM, "313002")


@pytest.mark.parametrize(
    ("medication", "expected"),
    [
        (bag(part(NOREPINEPHRINE, "4", "250"), part(SALINE, "9", "1")), "4 ug/min"),
        (
            bag(part(NOREPINEPHRINE, "4", "250"), part(SALINE, "9", "1"), code=coded(RXNORM, "242969")),
            "4 ug/min",
        ),
        (bag(part(SALINE, "9", "1"), code=NOREPINEPHRINE), None),
        (bag(part(NOREPINEPHRINE, "9", "1", isActive=False), code=NOREPINEPHRINE), None),
        (bag(part(NOREPINEPHRINE, "4", "250"), part(NOREPINEPHRINE, "8", "250")), None),
    ],
)
def test_the_strength_is_that_of_the_drug_in_the_bag(
    medication: dict[str, Any], expected: str | None
) -> None:
    given = infusion({}, medicationCodeableConcept=None, medicationReference={"reference": "Medication/bag"})
    rate = {"rateQuantity": quantity("15", "mL/h")}
    found = only(mapped(given | {"dosage": rate}, medication)).per_minute
    assert (str(found) if found else None) == expected


def test_three_codings_say_the_same_in_any_order() -> None:
    vials = [{"system": RXNORM, "code": code} for code in ("1657974", "1657981", "1657979")]
    dosage = {"dose": quantity("1", "vial", ""), "route": IV}
    found = {
        only(mapped(administration({"coding": list(each)}, dosage))).mass for each in permutations(vials)
    }
    assert found == {None}


def test_a_kit_of_two_vials_has_no_content_by_the_vial() -> None:
    kit = bag(part(TOCILIZUMAB, "80", "1", "{vial}"), part(TOCILIZUMAB, "400", "1", "{vial}"))
    given = administration({}, {"dose": quantity("1", "vial", "")}) | {
        "medicationReference": {"reference": "Medication/bag"}
    }
    given.pop("medicationCodeableConcept")
    assert only(mapped(given, kit)).mass is None
