"""The page that explains when a card appears tells the truth about the demo's patients."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cds_service.sandbox import patients
from tests.unit.sandbox.card_counts import NOW, PAGE, cards_of, counted, counts_of, on_the_page

LATER = datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_the_counts_on_the_page_are_those_of_the_demo() -> None:
    page = PAGE.read_text("utf-8")
    assert on_the_page(page) == counted(), "run: python -m tests.unit.sandbox.card_counts"


@pytest.mark.parametrize("patient_id", patients.ids())
def test_a_patient_has_one_card_at_most(patient_id: str) -> None:
    assert len(cards_of(patient_id)) <= 1


@pytest.mark.parametrize("patient_id", patients.ids())
def test_the_counts_do_not_depend_on_the_hour_of_the_day(patient_id: str) -> None:
    assert counts_of(patient_id, LATER) == counts_of(patient_id, NOW)


@pytest.mark.parametrize("patient_id", patients.ids())
def test_the_indicator_is_that_of_the_worst_that_is_known(patient_id: str) -> None:
    expected = patients.expected(patient_id)
    for card in cards_of(patient_id):
        low_spo2 = "SpO2" in card["summary"]
        if expected.lowest is None:
            assert card["indicator"] == "info"
        elif low_spo2 or expected.lowest >= 3:
            assert card["indicator"] == "critical"
        else:
            assert card["indicator"] == ("warning" if (expected.highest or 0) >= 2 else "info")


@pytest.mark.parametrize("patient_id", patients.ids())
def test_no_order_is_offered_twice_on_a_card(patient_id: str) -> None:
    """DL-11"""
    for card in cards_of(patient_id):
        codes = [
            str(action["resource"].get("medicationCodeableConcept", action["resource"].get("code")))
            for suggestion in card.get("suggestions", [])
            for action in suggestion["actions"]
        ]
        assert len(codes) == len(set(codes))
