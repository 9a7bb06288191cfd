"""The order hooks as an EHR meets them: requests, drafts as clients send them, and the shape of cards."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests import ordering
from tests.builders import RXNORM, SUBJECT, Json, concept
from tests.contract.service import call, client
from tests.ordering import (
    SELECT,
    SIGN,
    answered,
    ask,
    dose,
    draft,
    drug,
    hook_request,
    rules,
    weight,
)

SERVICE = client()
HEAVY = ordering.chart(weights=[weight(110)])
TOO_MUCH = draft("tocilizumab", dose(880))


# ------------------------------------------------------------------ the request


@pytest.mark.parametrize(
    ("hook", "change", "member"),
    [
        (SIGN, {"draftOrders": ...}, "context.draftOrders"),
        (SIGN, {"draftOrders": []}, "context.draftOrders"),
        (SIGN, {"draftOrders": "MedicationRequest/d1"}, "context.draftOrders"),
        (SIGN, {"draftOrders": None}, "context.draftOrders"),
        (SELECT, {"draftOrders": ...}, "context.draftOrders"),
        (SELECT, {"selections": ...}, "context.selections"),
        (SELECT, {"selections": "MedicationRequest/d1"}, "context.selections"),
        (SELECT, {"selections": None}, "context.selections"),
    ],
)
def test_what_the_context_must_have_is_named_where_it_lacks(hook: str, change: Json, member: str) -> None:
    body = hook_request(hook, [TOO_MUCH])
    body["context"] = {k: v for k, v in (body["context"] | change).items() if v is not ...}
    answer = call(SERVICE, body, f"/cds-services/crs-{hook}")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["issue"][0]["expression"] == [member]


@pytest.mark.parametrize(
    "selections", [[], [None, 7, {}], ["MedicationRequest/other"], ["ServiceRequest/d1"]]
)
def test_a_selection_that_names_no_draft_is_refused(selections: list[Any]) -> None:
    """No card would read as no problem, with an order that nobody looked at."""
    assert ask(SERVICE, SELECT, [TOO_MUCH], selections=selections, prefetch=HEAVY).status_code == 400


def test_what_is_not_selected_gets_no_card() -> None:
    other = draft("ondansetron", dose(8)) | {"id": "d2"}
    selected = ["MedicationRequest/d2"]
    assert answered(SERVICE, SELECT, [TOO_MUCH, other], selections=selected, prefetch=HEAVY) == []


@pytest.mark.parametrize(
    "name",
    ["MedicationRequest/d1", " MedicationRequest/d1 ", "https://ehr.example/fhir/MedicationRequest/d1"],
)
def test_a_selection_may_be_a_whole_address(name: str) -> None:
    assert rules(answered(SERVICE, SELECT, [TOO_MUCH], selections=[name], prefetch=HEAVY)) == [["DL-2"]]


def test_the_hook_of_another_service_is_refused() -> None:
    assert call(SERVICE, hook_request(SIGN, [TOO_MUCH]), "/cds-services/crs-order-select").status_code == 400


def test_without_data_about_the_patient_a_limited_drug_is_refused_and_no_other() -> None:
    """Never 200 without cards because something failed."""
    assert ask(SERVICE, SIGN, [TOO_MUCH], prefetch={}).status_code == 412
    assert answered(SERVICE, SIGN, [draft("ondansetron", dose(8))], prefetch={}) == []


# ------------------------------------------------------------------ the reference sandbox, as recorded


def sandbox(**members: Any) -> Json:
    """Its MedicationRequest: no intent, ``category`` as an object."""
    category = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/medicationrequest-category"}]}
    return {
        "resourceType": "MedicationRequest",
        "id": "request-123",
        "status": "draft",
        "category": category,
        "subject": SUBJECT,
        "authoredOn": "2026-03-10",
    } | members


def from_sandbox(request: Json, hook: str = SELECT) -> list[Json]:
    """draftOrders without a type."""
    bundle = {"resourceType": "Bundle", "entry": [{"resource": request}]}
    selections = ["MedicationRequest/request-123"]
    return answered(SERVICE, hook, bundle, selections=selections, prefetch=ordering.chart())


@pytest.mark.parametrize("hook", [SELECT, SIGN])
def test_the_sandbox_without_a_drug_gets_no_card(hook: str) -> None:
    assert from_sandbox(sandbox(), hook) == []


def test_the_sandbox_with_another_drug_gets_no_card() -> None:
    assert from_sandbox(sandbox(medicationCodeableConcept=drug("ondansetron"))) == []


def test_the_sandbox_with_tocilizumab_is_offered_the_dose() -> None:
    text = {"text": "tocilizumab 20 MG/ML", **concept(RXNORM, "612865")}
    (card,) = from_sandbox(sandbox(medicationCodeableConcept=text))
    assert card["indicator"] == "info"
    assert card["suggestions"][0]["actions"][0]["resource"]["category"] == sandbox()["category"]


def test_the_sandbox_with_pills_is_told_that_pills_are_no_dose() -> None:
    pill = {"doseQuantity": {"value": 1, "unit": "{pill}", "system": "http://unitsofmeasure.org"}}
    timing = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}
    request = sandbox(
        medicationCodeableConcept=drug("tocilizumab"),
        dosageInstruction=[{"doseAndRate": [pill], "timing": timing}],
    )
    (card,) = from_sandbox(request)
    assert card["extension"]["org.crs-cds.rules"] == ["DL-5", "DL-9"]


def test_the_sandbox_sends_the_same_again_on_every_click() -> None:
    request = sandbox(medicationCodeableConcept=drug("tocilizumab"))
    first, second = from_sandbox(request)[0], from_sandbox(request)[0]
    assert first["uuid"] != second["uuid"]
    assert first["summary"] == second["summary"]


# ------------------------------------------------------------------ where the drug may stand

TOCILIZUMAB = {"resourceType": "Medication", "id": "m1", "code": drug("tocilizumab")}
BY_REFERENCE: Json = {"medicationCodeableConcept": ..., "medicationReference": {"reference": "Medication/m1"}}


def test_the_drug_is_found_in_the_bundle() -> None:
    order = draft("tocilizumab", dose(880), **BY_REFERENCE)
    assert rules(answered(SERVICE, SIGN, [order, TOCILIZUMAB], prefetch=HEAVY)) == [["DL-2"]]


def test_the_drug_is_found_by_the_address_of_its_entry() -> None:
    link = {"reference": "urn:uuid:0c1d"}
    order = draft(None, dose(880), medicationReference=link)
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"resource": order}, {"fullUrl": "urn:uuid:0c1d", "resource": TOCILIZUMAB}],
    }
    assert rules(answered(SERVICE, SIGN, bundle, prefetch=HEAVY)) == [["DL-2"]]


def test_the_drug_is_found_contained() -> None:
    link = {"reference": "#m1"}
    order = draft(None, dose(880), medicationReference=link, contained=[TOCILIZUMAB])
    assert rules(answered(SERVICE, SIGN, [order], prefetch=HEAVY)) == [["DL-2"]]


@pytest.mark.parametrize("name", ["Tocilizumab", "Actemra", "RoActemra", "tocilizumab 400 mg infusion"])
def test_the_drug_is_found_by_its_name(name: str) -> None:
    assert rules(answered(SERVICE, SIGN, [draft(name, dose(880))], prefetch=HEAVY)) == [["DL-2"]]


def test_the_drug_is_found_by_the_display_of_its_reference() -> None:
    link = {"reference": "Medication/elsewhere", "display": "tocilizumab"}
    order = draft(None, dose(880), medicationReference=link)
    assert rules(answered(SERVICE, SIGN, [order], prefetch=HEAVY)) == [["DL-2"]]


def test_the_drug_is_found_among_what_was_prefetched() -> None:
    entries = [*HEAVY["orders"]["entry"], {"resource": TOCILIZUMAB, "search": {"mode": "include"}}]
    order = draft("tocilizumab", dose(880), **BY_REFERENCE)
    chart = HEAVY | {"orders": HEAVY["orders"] | {"entry": entries}}
    assert rules(answered(SERVICE, SIGN, [order], prefetch=chart)) == [["DL-2"]]


def test_a_drug_that_nothing_names_is_refused_rather_than_passed() -> None:
    answer = ask(SERVICE, SIGN, [draft("tocilizumab", dose(880), **BY_REFERENCE)], prefetch=HEAVY)
    assert answer.status_code == 412
    assert answer.json is not None
    assert answer.json["issue"][0]["expression"] == ["context.draftOrders"]


def test_another_draft_of_the_bundle_that_nothing_names_does_not_matter_while_selecting() -> None:
    other = draft("tocilizumab", dose(880), identity="d2", **BY_REFERENCE)
    chosen = ["MedicationRequest/d1"]
    assert rules(answered(SERVICE, SELECT, [TOO_MUCH, other], selections=chosen, prefetch=HEAVY)) == [
        ["DL-2"]
    ]


# ------------------------------------------------------------------ ids, other resources, other patients


@pytest.mark.parametrize("identity", ["a" * 65, "b" * 300, "A-1.b", "1"])
def test_an_id_of_any_length_is_answered_by_that_id(identity: str) -> None:
    (card,) = answered(SERVICE, SIGN, [draft("tocilizumab", dose(880), identity=identity)], prefetch=HEAVY)
    update, delete = (suggestion["actions"][0] for suggestion in card["suggestions"])
    assert update["resource"]["id"] == identity
    assert delete["resourceId"] == f"MedicationRequest/{identity}"


def test_an_order_without_an_id_gets_a_card_that_offers_nothing() -> None:
    """No suggestion could name it."""
    order = {key: value for key, value in TOO_MUCH.items() if key != "id"}
    (card,) = answered(SERVICE, SIGN, [order], prefetch=HEAVY)
    assert "suggestions" not in card
    assert "selectionBehavior" not in card


@pytest.mark.parametrize("kind", ["ServiceRequest", "NutritionOrder", "DeviceRequest", "VisionPrescription"])
def test_orders_of_another_kind_are_passed_over(kind: str) -> None:
    other = {"resourceType": kind, "id": "x", "status": "draft", "subject": SUBJECT}
    assert answered(SERVICE, SIGN, [other]) == []
    assert rules(answered(SERVICE, SIGN, [other, TOO_MUCH], prefetch=HEAVY)) == [["DL-2"]]


@pytest.mark.parametrize(
    "rubbish", [{}, {"entry": None}, {"entry": [None, 7, {}, {"resource": None}]}, {"entry": {}}]
)
def test_a_broken_bundle_is_refused(rubbish: Json) -> None:
    """No card would read as no problem."""
    assert ask(SERVICE, SIGN, rubbish).status_code == 400


def test_an_empty_bundle_gets_no_card() -> None:
    assert answered(SERVICE, SIGN, {"resourceType": "Bundle"}) == []


def test_the_draft_of_another_patient_is_refused_and_never_passed_in_silence() -> None:
    other = draft("tocilizumab", dose(880), subject={"reference": "Patient/q"})
    refused = ask(SERVICE, SIGN, [draft("ondansetron", dose(8), identity="d2"), other], prefetch=HEAVY)
    assert refused.status_code == 400
    assert refused.json is not None
    (issue,) = refused.json["issue"]
    assert issue["expression"] == ["context.draftOrders"]
    assert "another patient" in issue["diagnostics"]


@pytest.mark.parametrize(
    "drug", [{"concept": concept(RXNORM, "612865")}, {"reference": {"reference": "Medication/1"}}]
)
def test_a_draft_that_names_its_drug_as_a_later_release_does_is_refused(drug: Any) -> None:
    """It would be read as an order without a drug: no card, whatever the dose."""
    refused = ask(SERVICE, SIGN, [draft(None, dose(8800), medication=drug)], prefetch=HEAVY)
    assert refused.status_code == 400
    assert refused.json is not None
    assert "R5" in refused.json["issue"][0]["diagnostics"]


def test_two_drafts_that_share_an_id_get_one_card_that_offers_nothing() -> None:
    """Which of them would be changed?"""
    (card,) = answered(SERVICE, SIGN, [TOO_MUCH, draft("tocilizumab", dose(560))], prefetch=HEAVY)
    assert "suggestions" not in card


# ------------------------------------------------------------------ the shape of a card

EVERYTHING_WRONG = [
    draft(
        "tocilizumab-subcutaneous",
        dose(2000, route=ordering.SUBCUTANEOUS, timing=ordering.every(2)),
        extension=[{"url": "http://ehr.example/order-set", "valueString": "oncology"}],
        note=[{"text": "as discussed"}],
        text={"status": "generated", "div": "<div>2000 mg</div>"},
        dispenseRequest={
            "quantity": {"value": 1},
            "numberOfRepeatsAllowed": 2,
            "performer": {"display": "ward"},
        },
    ),
    draft("tocilizumab", dose(880), identity="d2"),
    draft("dexamethasone", dose(20), identity="d3"),
    draft("axicabtagene ciloleucel", identity="d4"),
]


def many_cards() -> list[Json]:
    doses = [ordering.given("tocilizumab", hour) for hour in (-23, -16, -9, -1)]
    chart = ordering.chart(doses=doses, conditions=[ordering.PNEUMONIA], born="2025-01-01")
    return [*answered(SERVICE, SIGN, EVERYTHING_WRONG, prefetch=chart), *corrected_card()]


def corrected_card() -> list[Json]:
    return answered(SERVICE, SIGN, EVERYTHING_WRONG[:1])


def test_several_problems_of_one_order_share_one_card() -> None:
    cards = many_cards()[:-1]
    assert len(cards) == len(EVERYTHING_WRONG)
    assert len(rules(cards)[0]) >= 6


def test_cards_keep_the_rules_of_the_specification() -> None:
    for card in many_cards():
        assert set(card) <= {
            "uuid", "summary", "indicator", "detail", "source", "suggestions", "selectionBehavior",
            "overrideReasons", "extension",
        }  # fmt: skip
        uuid.UUID(card["uuid"])
        assert len(card["summary"]) < 140
        assert "\n" not in card["summary"]
        assert card["indicator"] in {"info", "warning", "critical"}
        assert card["source"]["label"]
        assert all(reason.keys() >= {"code", "system", "display"} for reason in card["overrideReasons"])
        assert ("suggestions" in card) == ("selectionBehavior" in card)


def test_suggestions_keep_the_rules_of_the_specification() -> None:
    for card in many_cards():
        offered = card.get("suggestions", [])
        assert not offered or card["selectionBehavior"] == "at-most-one"
        assert sum(each.get("isRecommended", False) for each in offered) <= 1
        assert len({each["uuid"] for each in offered}) == len(offered)
        for each in offered:
            assert each["label"]
            (action,) = each["actions"]
            assert action["description"]
            assert set(action) == {
                "type",
                "description",
                {"update": "resource", "delete": "resourceId"}[action["type"]],
            }


def test_nothing_in_an_answer_is_null_or_empty() -> None:
    def walk(value: Any) -> None:
        assert value not in (None, "", [], {})
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(inner)

    walk(many_cards())


def test_an_update_is_the_whole_order_with_everything_that_nobody_here_knows() -> None:
    (card,) = corrected_card()
    resource = card["suggestions"][0]["actions"][0]["resource"]
    sent = EVERYTHING_WRONG[0]
    changed = {"dosageInstruction", "medicationCodeableConcept", "dispenseRequest", "text"}
    assert "text" not in resource, "the narrative tells the other dosage"
    assert resource["dispenseRequest"] == {"performer": {"display": "ward"}}, "amounts of the other dosage"
    assert {k: v for k, v in resource.items() if k not in changed} == {
        k: v for k, v in sent.items() if k not in changed
    }


def test_text_of_a_draft_never_reaches_a_card_as_markup() -> None:
    order = draft(
        "tocilizumab", {"text": "<img onerror=x> **880**", "doseAndRate": [{"doseQuantity": {"unit": "<b>"}}]}
    )
    (card,) = answered(SERVICE, SIGN, [order])
    assert "<" not in card["summary"] + card["detail"]


def test_every_reason_to_decline_is_one_of_an_order() -> None:
    codes = {reason["code"] for card in many_cards() for reason in card["overrideReasons"]}
    assert {"pharmacy-agreed", "weight-wrong", "other-indication"} <= codes


def test_a_course_that_no_clock_divides_is_corrected_to_whole_minutes() -> None:
    """Seven times in three days: every 617.14 minutes; a little later rather than a little earlier."""
    timing = {"repeat": {"frequency": 7, "period": 3, "periodUnit": "d", "count": 2}}
    (card,) = answered(SERVICE, SIGN, [draft("tocilizumab", dose(880, timing=timing))])
    repeat = card["suggestions"][0]["actions"][0]["resource"]["dosageInstruction"][0]["timing"]["repeat"]
    assert (repeat["period"], repeat["periodUnit"]) == (618, "min")


def test_an_order_whose_codes_name_two_drugs_gets_one_card_and_no_guess() -> None:
    both = {"coding": [{"system": RXNORM, "code": code} for code in ("612865", "1535218")]}
    (card,) = answered(SERVICE, SIGN, [draft(None, dose(2000), medicationCodeableConcept=both)])
    assert card["indicator"] == "critical"
    assert [each["actions"][0]["type"] for each in card["suggestions"]] == ["delete"]


def test_an_order_with_a_modifier_is_not_corrected() -> None:
    """Another dosage would not change what is not understood."""
    order = draft("tocilizumab", dose(880), modifierExtension=[{"url": "http://ehr.example/taper"}])
    (card,) = answered(SERVICE, SIGN, [order])
    assert card["extension"]["org.crs-cds.rules"] == ["DL-9"]
    assert [each["actions"][0]["type"] for each in card["suggestions"]] == ["delete"]


def test_a_dose_whose_time_cannot_be_read_makes_the_history_unknown() -> None:
    lost = ordering.given("tocilizumab", -5, effectiveDateTime="sometime")
    (card,) = answered(
        SERVICE, SIGN, [draft("tocilizumab", dose(560))], prefetch=ordering.chart(doses=[lost])
    )
    assert card["extension"]["org.crs-cds.rules"] == ["GR-7"]
