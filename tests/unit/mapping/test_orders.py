"""Orders on record: which of them may still be given, what for, and of which drug."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fhir_mappings.facts import DrugGroup, Route
from tests.unit.mapping.fhir_json import (
    ACETAMINOPHEN,
    ICD10CM,
    NOW,
    RXNORM,
    SNOMED,
    TOCILIZUMAB,
    administration,
    coded,
    condition,
    issue_codes,
    mapped,
    only_issue,
    quantity,
)
from tests.unit.mapping.orders_json import IV, instruction, only_dose, only_order, request

TEN_MG = instruction(quantity("10", "mg"), route=IV)
DEXAMETHASONE = coded(RXNORM, "3264")


def test_an_active_order_is_kept_with_what_it_says() -> None:
    facts = mapped(request(DEXAMETHASONE, TEN_MG))
    order = only_order(facts)
    assert (order.drug, order.reference, order.status, order.intent) == (
        "dexamethasone",
        "MedicationRequest/r1",
        "active",
        "order",
    )
    assert order.authored == NOW - timedelta(hours=1)
    assert DrugGroup.STEROID in order.groups
    assert (str(only_dose(facts).mass), only_dose(facts).route) == ("10 mg", Route.INTRAVENOUS)
    assert (order.certain, facts.issues) == (True, ())


def test_an_order_is_nothing_that_was_given() -> None:
    facts = mapped(request(TOCILIZUMAB, TEN_MG))
    assert (facts.administrations, facts.therapies, facts.unplaced) == ((), (), ())


@pytest.mark.parametrize(
    "status", ["draft", "completed", "cancelled", "stopped", "entered-in-error", "Stopped "]
)
def test_an_order_that_is_over_or_not_yet_signed_is_none(status: str) -> None:
    facts = mapped(request(DEXAMETHASONE, TEN_MG, status=status))
    assert (facts.orders, facts.issues) == ((), ())


@pytest.mark.parametrize("status", ["unknown", "in-progress", None, 7])
def test_an_order_of_unknown_status_may_be_active(status: Any) -> None:
    facts = mapped(request(DEXAMETHASONE, TEN_MG, status=status))
    assert only_order(facts).drug == "dexamethasone"
    assert (only_issue(facts).code, only_issue(facts).concept) == ("status-unknown", "order")


def test_an_order_on_hold_is_kept_as_on_hold() -> None:
    assert only_order(mapped(request(DEXAMETHASONE, TEN_MG, status="on-hold"))).status == "on-hold"


@pytest.mark.parametrize(
    "intent", ["order", "original-order", "reflex-order", "filler-order", "instance-order", None]
)
def test_whatever_is_an_order_is_kept(intent: str | None) -> None:
    assert only_order(mapped(request(DEXAMETHASONE, TEN_MG, intent=intent))).drug == "dexamethasone"


@pytest.mark.parametrize(
    "more", [{"intent": "plan"}, {"intent": "proposal"}, {"intent": "option"}, {"doNotPerform": True}]
)
def test_a_plan_and_an_order_not_to_give_are_no_orders(more: dict[str, Any]) -> None:
    facts = mapped(request(DEXAMETHASONE, TEN_MG, **more))
    assert (facts.orders, facts.issues) == ((), ())


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"subject": {"reference": "Patient/8"}}, "other-patient"),
        ({"subject": None}, "subject-missing"),
        ({"modifierExtension": [{"url": "https://x.example/y", "valueBoolean": True}]}, "modifier-extension"),
    ],
)
def test_an_order_that_is_not_surely_this_patients_is_refused_and_said(
    more: dict[str, Any], code: str
) -> None:
    facts = mapped(request(coded(RXNORM, "1987402"), TEN_MG, **more))
    assert (facts.orders, facts.unplaced) == ((), ())
    assert (only_issue(facts).code, only_issue(facts).concept) == (code, "order")


def test_a_replay_does_not_know_an_order_signed_later() -> None:
    later = request(DEXAMETHASONE, TEN_MG, authoredOn="2026-03-10T10:00:00Z", subject=None)
    facts = mapped(later)
    assert (facts.orders, facts.issues) == ((), ())
    assert issue_codes(mapped(later, skew=timedelta(minutes=10))) == ["future-time"]


@pytest.mark.parametrize("authored", [None, "soon", 7])
def test_an_order_without_a_readable_time_of_signing_stands(authored: Any) -> None:
    assert only_order(mapped(request(DEXAMETHASONE, TEN_MG, authoredOn=authored))).authored is None


def bounded(end: str) -> dict[str, Any]:
    return instruction(quantity("10", "mg"), timing={"repeat": {"boundsPeriod": {"end": end}}})


def test_an_order_that_ended_before_now_is_over_though_its_status_was_forgotten() -> None:
    yesterday, tomorrow = bounded("2026-03-09T08:00:00Z"), bounded("2026-03-11T08:00:00Z")
    assert mapped(request(DEXAMETHASONE, yesterday)).orders == ()
    assert len(only_order(mapped(request(DEXAMETHASONE, yesterday, tomorrow))).doses) == 2
    over = {"validityPeriod": {"end": "2026-03-09"}}
    assert mapped(request(DEXAMETHASONE, TEN_MG, dispenseRequest=over)).orders == ()


def test_a_prescription_valid_to_a_day_is_valid_to_its_end() -> None:
    today = {"validityPeriod": {"end": "2026-03-10"}, "quantity": {"value": 30}}
    found = only_dose(mapped(request(DEXAMETHASONE, TEN_MG, dispenseRequest=today)))
    assert found.until == datetime(2026, 3, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "drug",
    [
        {"text": "lisinopril"},
        {"coding": [{"system": RXNORM, "code": "29046"}]},
        {},
        None,
    ],
)
def test_an_order_of_no_recognised_drug_is_nothing(drug: dict[str, Any] | None) -> None:
    facts = mapped(request(drug, TEN_MG))
    assert (facts.orders, facts.issues) == ((), ())


@pytest.mark.parametrize("reference", ["#d", "Medication/d", "https://ehr.example/fhir/Medication/d"])
def test_the_drug_may_stand_in_a_medication_of_its_own(reference: str) -> None:
    drug = {"resourceType": "Medication", "id": "d", "code": coded(RXNORM, "1657981")}
    order = request(None, TEN_MG, medicationReference={"reference": reference})
    facts = mapped({**order, "contained": [drug]}) if reference == "#d" else mapped(order, drug)
    assert (only_order(facts).drug, facts.issues) == ("tocilizumab", ())
    assert "20" in only_order(facts).product


def test_a_drug_known_by_name_only_is_said() -> None:
    facts = mapped(request({"text": "dexamethasone"}, TEN_MG))
    assert (only_order(facts).certain, issue_codes(facts)) == (True, ["matched-by-text"])
    facts = mapped(request({"text": "dexamethasone 4 mg tablet"}, TEN_MG))
    assert (only_order(facts).certain, issue_codes(facts)) == (False, ["name-not-exact"])


def test_codes_that_disagree_are_an_uncertain_order_of_each_drug() -> None:
    disputed = {"coding": [*TOCILIZUMAB["coding"], *DEXAMETHASONE["coding"]]}
    facts = mapped(request(disputed, TEN_MG))
    assert [(o.drug, o.certain) for o in facts.orders] == [("dexamethasone", False), ("tocilizumab", False)]
    assert issue_codes(facts) == ["conflicting-codes"]
    assert facts.unplaced == ()


def test_reasons_are_groups_of_diagnoses_or_the_words_charted() -> None:
    order = request(
        DEXAMETHASONE,
        TEN_MG,
        reasonCode=[{"text": "Premedication"}, coded(SNOMED, "710027002")],
        reasonReference=[{"reference": "Condition/c1"}, {"reference": "Condition/elsewhere"}],
    )
    facts = mapped(order, condition(coded(ICD10CM, "A41.9")))
    assert only_order(facts).reasons == {"premedication", "crs", "infection"}


def test_two_drugs_in_one_product_are_two_orders_without_a_dose_each() -> None:
    parts = [{"itemCodeableConcept": DEXAMETHASONE}, {"itemCodeableConcept": ACETAMINOPHEN}]
    drug = {"resourceType": "Medication", "id": "d", "ingredient": parts}
    facts = mapped(
        request(None, TEN_MG, medicationReference={"reference": "#d"}, contained=[drug]),
    )
    assert [order.drug for order in facts.orders] == ["acetaminophen", "dexamethasone"]
    assert {order.doses[0].problems for order in facts.orders} == {("dose-of-combination",)}
    assert {order.doses[0].mass for order in facts.orders} == {None}


def test_orders_beside_administrations_change_neither() -> None:
    given = administration(TOCILIZUMAB, {"dose": quantity("560", "mg")})
    ordered = request(TOCILIZUMAB, instruction(quantity("560", "mg")))
    both = mapped(given, ordered)
    assert both.administrations == mapped(given).administrations
    assert both.orders == mapped(ordered).orders
