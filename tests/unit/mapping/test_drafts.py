"""Draft orders as real clients send them to order-select and order-sign: incomplete, odd, never an error."""

import json
import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings.facts import Quantity
from fhir_mappings.issues import ISSUES
from fhir_mappings.orders import Drafts, read_drafts
from tests.unit.mapping.fhir_json import (
    ICD10CM,
    NOW,
    RXNORM,
    TOCILIZUMAB,
    book,
    coded,
    condition,
    quantity,
)
from tests.unit.mapping.orders_json import (
    DOSE_TYPE,
    GTS,
    IV,
    draft,
    drafts,
    instruction,
    only_dose,
    only_order,
)
from tests.unit.mapping.tampering import RUBBISH, tamper

TOCILIZUMAB_VIAL = coded(RXNORM, "1657981", "tocilizumab 400 mg")
DEXAMETHASONE = coded(RXNORM, "3264")
ONE_DOSE = instruction(quantity("560", "mg"), route=IV, timing={"repeat": {"count": 1}})


def collection(*resources: Any, **members: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": each} for each in resources], **members}


SELECTED = {  # the first call of the reference client: nothing chosen yet
    "resourceType": "MedicationRequest",
    "id": "request-123",
    "status": "draft",
    "subject": {"reference": "Patient/7"},
    "authoredOn": "2026-03-10",
}
CHOSEN = {  # its next call
    **SELECTED,
    "category": {"coding": [{"system": "http://x.example/category", "code": "inpatient"}]},
    "medicationCodeableConcept": {"text": "tocilizumab", "coding": [{"system": RXNORM, "code": "612865"}]},
    "dosageInstruction": [
        {
            "doseAndRate": [
                {"doseQuantity": {"value": 1, "unit": "{pill}", "system": "http://unitsofmeasure.org"}}
            ],
            "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
        }
    ],
}


def test_a_request_without_a_drug_yet_is_no_order_and_said() -> None:
    assert drafts(collection(SELECTED)) == Drafts((), ("MedicationRequest/request-123",))


def test_a_dose_in_pills_is_an_order_whose_dose_is_not_understood() -> None:
    found = drafts(collection(CHOSEN))
    order = only_order(found)
    assert (order.drug, order.reference, order.intent) == (
        "tocilizumab",
        "MedicationRequest/request-123",
        "",
    )
    dose = only_dose(found)
    assert (dose.dose, dose.mass) == (Quantity(Decimal(1), "{pill}"), None)
    assert (dose.problems, dose.interval) == (("unit-not-understood",), timedelta(days=1))


@pytest.mark.parametrize(
    "holder",
    [
        collection(draft(TOCILIZUMAB, ONE_DOSE)),
        collection(draft(TOCILIZUMAB, ONE_DOSE), type="collection"),
        {"entry": [{"fullUrl": "urn:uuid:1", "resource": draft(TOCILIZUMAB, ONE_DOSE)}]},
        {"resourceType": "Bundle", "entry": {"resource": draft(TOCILIZUMAB, ONE_DOSE)}},
        [draft(TOCILIZUMAB, ONE_DOSE)],
        [collection(draft(TOCILIZUMAB, ONE_DOSE))],
        draft(TOCILIZUMAB, ONE_DOSE),
    ],
)
def test_drafts_come_in_a_bundle_a_list_or_alone(holder: Any) -> None:
    assert only_dose(drafts(holder)).mass == Quantity(Decimal(560), "mg")


@pytest.mark.parametrize("status", ["draft", "active", "on-hold", "stopped", "completed", "", "odd"])
def test_an_order_may_be_signed_again_whatever_its_status(status: str) -> None:
    order = only_order(drafts(collection(draft(TOCILIZUMAB, ONE_DOSE, status=status))))
    assert order.status == status


def test_an_id_of_any_length_and_no_id_at_all() -> None:
    long = "e" * 300 + ".3"
    assert only_order(drafts([draft(TOCILIZUMAB, id=long)])).reference == f"MedicationRequest/{long}"
    nameless = draft(TOCILIZUMAB, ONE_DOSE, id=None)
    assert [o.reference for o in drafts([nameless, nameless]).orders] == ["MedicationRequest/(no id)"] * 2


def test_one_request_sent_twice_is_one_and_two_of_one_id_are_two() -> None:
    first, second = draft(TOCILIZUMAB, ONE_DOSE), draft(DEXAMETHASONE, ONE_DOSE)
    assert len(drafts([first, dict(first)]).orders) == 1
    assert len(drafts([first, second]).orders) == 2


def test_unrelated_orders_and_other_types_are_left_out() -> None:
    unrelated = draft({"text": "lisinopril"}, ONE_DOSE)
    others = [
        {"resourceType": kind, "id": "x", "subject": {"reference": "Patient/7"}}
        for kind in ("ServiceRequest", "NutritionOrder", "DeviceRequest", "VisionPrescription")
    ]
    assert drafts(collection(unrelated, *others, {"resourceType": 7}, None, "x")) == Drafts(())


def test_the_drug_may_be_bundled_contained_or_out_of_reach() -> None:
    drug = {"resourceType": "Medication", "id": "m", "code": TOCILIZUMAB_VIAL}
    by_reference = draft(None, ONE_DOSE, medicationReference={"reference": "Medication/m"})
    bundled = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": draft(None, ONE_DOSE, medicationReference={"reference": "urn:uuid:m"})},
            {"fullUrl": "urn:uuid:m", "resource": drug},
        ],
    }
    contained = draft(None, ONE_DOSE, medicationReference={"reference": "#m"}, contained=[drug])
    for found in (drafts([by_reference, drug]), drafts(bundled), drafts([contained])):
        assert only_order(found).drug == "tocilizumab"
    assert drafts([by_reference]) == Drafts((), ("MedicationRequest/r1",))


def test_a_draft_for_another_patient_is_not_read_and_one_for_nobody_is() -> None:
    other = draft(TOCILIZUMAB, ONE_DOSE, subject={"reference": "https://ehr.example/fhir/Patient/8"})
    assert drafts([other]) == Drafts((), (), ("MedicationRequest/r1",))
    for subject in (None, {}, {"display": "x"}, {"reference": "https://ehr.example/fhir/Patient/7"}):
        assert len(drafts([draft(TOCILIZUMAB, ONE_DOSE, subject=subject)]).orders) == 1


def test_a_draft_not_to_give_is_none_and_one_with_a_modifier_has_no_dose() -> None:
    assert drafts([draft(TOCILIZUMAB, ONE_DOSE, doNotPerform=True)]).orders == ()
    modified = drafts([draft(TOCILIZUMAB, ONE_DOSE, modifierExtension=[{"url": "https://x.example"}])])
    assert (only_dose(modified).mass, only_dose(modified).problems) == (None, ("modifier-extension",))


def test_a_time_of_call_without_a_zone_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="zone"):
        read_drafts([], book(), as_of=NOW.replace(tzinfo=None), patient_id="7")


FULL = draft(
    TOCILIZUMAB_VIAL,
    instruction(
        None,
        sequence=1,
        text="560 mg IV once",
        route=IV,
        asNeededBoolean=False,
        doseAndRate=[
            {
                "type": coded(DOSE_TYPE, "ordered"),
                "doseRange": {"low": quantity("480", "mg"), "high": quantity("0.56", "g")},
                "rateRatio": {"numerator": quantity("100", "mL"), "denominator": quantity("1", "h")},
            },
            {"type": coded(DOSE_TYPE, "calculated"), "doseQuantity": quantity("8", "mg/kg")},
        ],
        timing={
            "code": coded(GTS, "Q8H", "q8h"),
            "event": ["2026-03-10T12:00:00Z", "2026-03-10T20:00:00Z"],
            "repeat": {
                "boundsPeriod": {"start": "2026-03-10T12:00:00Z", "end": "2026-03-11"},
                "boundsDuration": quantity("3", "d"),
                "boundsRange": {"low": quantity("1", "d"), "high": quantity("2", "d")},
                "count": 2,
                "countMax": 3,
                "frequency": 3,
                "frequencyMax": 4,
                "period": 1,
                "periodMax": 2,
                "periodUnit": "d",
                "timeOfDay": ["08:00:00", "16:00:00"],
                "dayOfWeek": ["mon", "tue"],
                "when": ["HS"],
            },
        },
    ),
    instruction(quantity("28", "mL"), sequence=2),
    id="full",
    reasonCode=[{"text": "premedication"}],
    reasonReference=[{"reference": "Condition/c1"}],
    dispenseRequest={"validityPeriod": {"end": "2026-03-12"}},
)
BY_REFERENCE = draft(None, ONE_DOSE, id="ref", medicationReference={"reference": "Medication/m"})
DRUG = {
    "resourceType": "Medication",
    "id": "m",
    "ingredient": [{"itemCodeableConcept": DEXAMETHASONE, "strength": {"numerator": quantity("4", "mg")}}],
}
BUNDLE = collection(SELECTED, CHOSEN, FULL, BY_REFERENCE, DRUG, condition(coded(ICD10CM, "D89.832")))


def test_the_bundle_of_these_tests_gives_orders() -> None:
    assert [order.reference for order in drafts(BUNDLE).orders] == [
        "MedicationRequest/full",
        "MedicationRequest/ref",
        "MedicationRequest/request-123",
    ]


@settings(deadline=None, max_examples=300)
@given(st.integers())
def test_no_tampered_draft_raises_or_invents_a_number(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    tampered = tamper(BUNDLE, chance)
    charted = json.dumps(tampered, default=str)
    for order in drafts(tampered).orders:
        assert order.reference.startswith("MedicationRequest/")
        for dose in order.doses:
            assert set(dose.problems) <= set(ISSUES)
            for amount in (dose.dose, dose.high):
                assert amount is None or (amount.value > 0 and str(amount.value) in charted)
            assert dose.interval is None or dose.interval > timedelta(0)
            assert dose.count is None or dose.count > 0


@pytest.mark.parametrize("rubbish", RUBBISH, ids=str)
def test_rubbish_in_the_place_of_drafts_holds_no_order(rubbish: Any) -> None:
    assert drafts(rubbish) == drafts([rubbish]) == drafts(collection(rubbish)) == Drafts(())


@settings(deadline=None, max_examples=40)
@given(st.permutations(BUNDLE["entry"]))
def test_the_listing_of_drafts_changes_nothing(entries: list[Any]) -> None:
    assert drafts({"resourceType": "Bundle", "entry": entries}) == drafts(BUNDLE)


@settings(deadline=None, max_examples=60)
@given(st.decimals("0.001", "9999", allow_nan=False, places=3))
def test_equal_doses_in_milligrams_grams_millilitres_and_vials_have_equal_mass(milligrams: Decimal) -> None:
    written = [
        quantity(milligrams, "mg"),
        quantity(milligrams / 1000, "g"),
        quantity(milligrams * 1000, "ug"),
        quantity(milligrams / 20, "mL"),
        quantity(milligrams / 400, "{vial}"),
    ]
    masses = {
        only_dose(drafts([draft(TOCILIZUMAB_VIAL, instruction(amount, route=IV))])).mass for amount in written
    }
    assert masses == {Quantity(milligrams, "mg")}
