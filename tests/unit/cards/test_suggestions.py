"""What a clinician may sign from a card."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from cds_service.cards.suggestions import Proposal, Signing, offer, suggestions
from cds_service.cards.wording.orders import order_label
from fhir_mappings.facts import Coding, ProposedOrder, Quantity
from tests import proposed_orders as orders

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
CARD = Signing("p", "e", NOW)
CRP = replace(orders.FERRITIN, id="crp", codings=(Coding(orders.LOINC, "1988-5", "CRP"),), text="CRP")

TOCILIZUMAB = Proposal(orders.TOCILIZUMAB, "Tocilizumab 560 mg IV over 60 min", recommended=True)
ECHOCARDIOGRAM = Proposal(orders.ECHOCARDIOGRAM, "Echocardiogram")
LABS = [Proposal(CRP, "CRP", group="labs"), Proposal(orders.FERRITIN, "Ferritin", group="labs")]


def labels(*proposals: Proposal) -> list[str]:
    return [found["label"] for found in suggestions(proposals, CARD)]


def test_a_drug_stands_alone_and_tests_that_belong_together_are_one_suggestion() -> None:
    drugs = [TOCILIZUMAB, Proposal(orders.DEXAMETHASONE, "Dexamethasone 10 mg IV every 6 h", group="labs")]
    assert labels(*drugs, *LABS, ECHOCARDIOGRAM) == [
        "Tocilizumab 560 mg IV over 60 min",
        "Dexamethasone 10 mg IV every 6 h",
        "CRP, ferritin",
        "Echocardiogram",
    ]


def test_no_order_is_in_two_suggestions_so_that_none_is_signed_twice() -> None:
    found = suggestions([*LABS, TOCILIZUMAB, TOCILIZUMAB, *LABS, ECHOCARDIOGRAM, ECHOCARDIOGRAM], CARD)
    codes = [
        (action["resource"].get("code") or action["resource"]["medicationCodeableConcept"])["coding"][0][
            "code"
        ]
        for suggestion in found
        for action in suggestion["actions"]
    ]
    assert sorted(codes) == ["1988-5", "2276-4", "40701008", "612865"]


def test_two_ways_to_give_one_drug_are_not_both_offered() -> None:
    often = Proposal(replace(orders.DEXAMETHASONE, interval=timedelta(hours=12)), "every 12 h")
    assert labels(Proposal(orders.DEXAMETHASONE, "every 6 h"), often) == ["every 6 h"]


def test_what_has_no_code_is_never_offered() -> None:
    uncoded = ProposedOrder("telemetry", (), "cardiac telemetry", orders.CRS)
    assert labels(Proposal(uncoded, "Cardiac telemetry")) == []


def test_only_what_is_recommended_is_marked() -> None:
    first, second = suggestions([TOCILIZUMAB, ECHOCARDIOGRAM], CARD)
    assert first["isRecommended"] is True
    assert "isRecommended" not in second


def test_a_group_is_recommended_only_as_a_whole() -> None:
    half = [replace(LABS[0], recommended=True), LABS[1]]
    assert "isRecommended" not in suggestions(half, CARD)[0]
    assert suggestions([replace(lab, recommended=True) for lab in LABS], CARD)[0]["isRecommended"] is True


def test_an_order_that_a_later_row_recommends_is_recommended() -> None:
    found = suggestions([ECHOCARDIOGRAM, replace(ECHOCARDIOGRAM, recommended=True)], CARD)
    assert [(s["label"], s["isRecommended"]) for s in found] == [("Echocardiogram", True)]


def test_each_action_creates_one_draft_of_this_patient_and_says_so() -> None:
    (action,) = suggestions([TOCILIZUMAB], CARD)[0]["actions"]
    assert action["type"] == "create"
    assert action["description"] == "Draft order, to be signed: Tocilizumab 560 mg IV over 60 min"
    draft = action["resource"]
    assert (draft["status"], draft["subject"]["reference"]) == ("draft", "Patient/p")
    assert draft["encounter"]["reference"] == "Encounter/e"
    assert draft["dosageInstruction"][0]["text"] == "Tocilizumab 560 mg IV over 60 min"


def test_the_same_orders_give_the_same_bytes() -> None:
    encode = msgspec.json.Encoder(decimal_format="number").encode
    proposals = [TOCILIZUMAB, *LABS]
    assert encode(suggestions(proposals, CARD)) == encode(suggestions(proposals, CARD))


def test_a_card_without_orders_has_no_members_for_them() -> None:
    assert offer([], CARD) == {}
    assert offer([ECHOCARDIOGRAM], CARD)["selectionBehavior"] == "any"


@pytest.mark.parametrize(
    ("order", "label"),
    [
        (
            replace(orders.TOCILIZUMAB, text="tocilizumab", start=orders.START),
            "Tocilizumab 560 mg IV over 60 min from 07:05",
        ),
        (
            replace(orders.TOCILIZUMAB, text="tocilizumab", start=NOW),
            "Tocilizumab 560 mg IV over 60 min",
        ),
        (
            replace(orders.METHYLPREDNISOLONE, text="methylprednisolone"),
            "Methylprednisolone 500 mg IV every 12 h for 6 doses",
        ),
        (
            replace(orders.DEXAMETHASONE, text="dexamethasone", interval=timedelta(minutes=90), count=1),
            "Dexamethasone 10 mg IV every 90 min for 1 dose",
        ),
        (
            replace(
                orders.DEXAMETHASONE,
                text="acetaminophen",
                dose=Quantity(Decimal("650"), "mg"),
                route=Coding(orders.SNOMED, "26643006", "Oral route"),
            ),
            "Acetaminophen 650 mg by mouth every 6 h",
        ),
        (replace(orders.FERRITIN, text="ferritin"), "Ferritin every 24 h"),
        (replace(CRP, interval=None), "CRP"),
    ],
)
def test_a_label_says_drug_dose_route_and_timing(order: ProposedOrder, label: str) -> None:
    assert order_label(order, NOW, ZoneInfo("Europe/Berlin")) == label
