"""What a dose or rate comes to in mg or by the minute: exact through the product, or nothing."""

from decimal import Decimal
from typing import Any

import pytest

from fhir_mappings.facts import Administration, Quantity
from tests.unit.mapping.fhir_json import (
    NOREPINEPHRINE,
    RXNORM,
    SNOMED,
    administration,
    coded,
    infusion,
    issue_codes,
    mapped,
    quantity,
)

IV, SC = coded(SNOMED, "47625008"), coded(SNOMED, "34206005")
TOCILIZUMAB = coded(RXNORM, "612865")
ACTEMRA_400, TOCILIZUMAB_SC = coded(RXNORM, "1657982"), coded(RXNORM, "1441527")
VASOPRESSIN = coded(RXNORM, "11149")


def given(resource: dict[str, Any], *others: dict[str, Any]) -> Administration:
    facts = mapped(resource, *others)
    assert issue_codes(facts) == []
    (item,) = facts.administrations
    return item


def dose_of(drug: dict[str, Any], dose: dict[str, Any], route: dict[str, Any] | None = IV) -> Quantity | None:
    dosage = {"dose": dose} | ({"route": route} if route else {})
    return given(administration(drug, dosage)).mass


@pytest.mark.parametrize(
    ("drug", "dose", "expected"),
    [
        (TOCILIZUMAB, quantity("560", "mg"), "560 mg"),
        (TOCILIZUMAB, quantity("0.56", "g"), "560 mg"),
        (TOCILIZUMAB, quantity("560000", "ug"), "560 mg"),
        (TOCILIZUMAB, quantity("8", "mg/kg"), "8 mg/kg"),
        (TOCILIZUMAB, quantity("28", "mL"), "560 mg"),
        (ACTEMRA_400, quantity("0.028", "L"), "560 mg"),
        (ACTEMRA_400, quantity("2", "vials", ""), "800 mg"),
    ],
)
def test_a_dose_is_exact_in_milligrams_whatever_it_was_charted_in(
    drug: dict[str, Any], dose: dict[str, Any], expected: str
) -> None:
    mass = dose_of(drug, dose)
    assert mass is not None
    assert f"{mass.value.normalize():f} {mass.unit}" == expected


@pytest.mark.parametrize(
    ("drug", "dose", "route"),
    [
        (TOCILIZUMAB, quantity("28", "mL"), SC),  # another product, of another strength
        (TOCILIZUMAB, quantity("28", "mL"), None),
        (TOCILIZUMAB_SC, quantity("0.9", "mL"), SC),
        (TOCILIZUMAB, quantity("1", "vial", ""), IV),  # of which size?
        (NOREPINEPHRINE, quantity("4", "mL"), IV),
        (VASOPRESSIN, quantity("20", "U"), IV),
    ],
)
def test_a_dose_that_the_product_does_not_tell_has_no_mass(
    drug: dict[str, Any], dose: dict[str, Any], route: dict[str, Any] | None
) -> None:
    assert dose_of(drug, dose, route) is None


def strong(milligrams: str, unit: str = "mL", of: str = "1") -> dict[str, Any]:
    """A Medication whose one ingredient is so strong."""
    strength = {"numerator": quantity(milligrams, "mg"), "denominator": quantity(of, unit)}
    ingredient = [{"itemCodeableConcept": NOREPINEPHRINE, "strength": strength}]
    return {"resourceType": "Medication", "id": "bag", "ingredient": ingredient}


def from_bag(bag: dict[str, Any], **amount: Any) -> Administration:
    resource = infusion(
        {}, medicationCodeableConcept=None, medicationReference={"reference": "Medication/bag"}
    )
    return given(resource | {"dosage": {"route": IV, **amount}}, bag)


def test_the_strength_of_the_medication_turns_volumes_into_mass() -> None:
    item = from_bag(strong("16", of="250"), dose=quantity("10", "mL"))
    assert item.mass == Quantity(Decimal("0.64"), "mg")
    item = from_bag(strong("16", of="250"), rateQuantity=quantity("15", "mL/h"))
    assert item.per_minute == Quantity(Decimal(16), "ug/min")
    assert item.rate == Quantity(Decimal(15), "mL/h")


def test_a_strength_that_contradicts_the_product_is_not_used() -> None:
    strength = {"numerator": quantity("180", "mg"), "denominator": quantity("1", "mL")}
    syringe = {
        "resourceType": "Medication",
        "id": "bag",
        "code": TOCILIZUMAB,
        "ingredient": [{"itemCodeableConcept": TOCILIZUMAB, "strength": strength}],
    }
    assert from_bag(syringe, dose=quantity("28", "mL")).mass is None
    assert from_bag(syringe, dose=quantity("560", "mg")).mass == Quantity(Decimal(560), "mg")


@pytest.mark.parametrize(
    ("drug", "rate", "expected"),
    [
        (NOREPINEPHRINE, quantity("0.12", "ug/kg/min"), Quantity(Decimal("0.12"), "ug/kg/min")),
        (NOREPINEPHRINE, quantity("0.6", "mg/h"), Quantity(Decimal(10), "ug/min")),
        (NOREPINEPHRINE, quantity("7.2", "ug/kg/h"), Quantity(Decimal("0.12"), "ug/kg/min")),
        (NOREPINEPHRINE, quantity("120", "ng/kg/min"), Quantity(Decimal("0.12"), "ug/kg/min")),
        (VASOPRESSIN, quantity("2.4", "U/h"), Quantity(Decimal("0.04"), "U/min")),
        (VASOPRESSIN, quantity("40", "mU/min"), Quantity(Decimal("0.04"), "U/min")),
        (NOREPINEPHRINE, quantity("12", "mL/h"), None),
    ],
)
def test_a_rate_is_exact_by_the_minute(
    drug: dict[str, Any], rate: dict[str, Any], expected: Quantity | None
) -> None:
    assert given(infusion(drug, rate)).per_minute == expected
