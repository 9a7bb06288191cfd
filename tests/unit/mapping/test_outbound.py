"""A proposed order as the draft that an EHR stores."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B import get_fhir_model_class

from fhir_mappings.facts import Coding, ProposedOrder, Quantity
from fhir_mappings.outbound import to_fhir
from tests import proposed_orders as orders

NOW = datetime(2026, 11, 22, 4, 0, 0, 999, tzinfo=UTC)
EXACT = msgspec.json.Encoder(decimal_format="number")


def draft(
    order: ProposedOrder, patient_id: str = "p", encounter_id: str | None = "e", authored_on: datetime = NOW
) -> dict[str, Any]:
    return to_fhir(order, patient_id=patient_id, encounter_id=encounter_id, authored_on=authored_on)


def timing(order: ProposedOrder) -> dict[str, Any]:
    found: dict[str, Any] = draft(order)["dosageInstruction"][0]["timing"]["repeat"]
    return found


@pytest.mark.parametrize("order", orders.ALL, ids=[o.id for o in orders.ALL])
def test_a_draft_is_valid_and_the_model_leaves_nothing_out(order: ProposedOrder) -> None:
    made = draft(order)
    model = get_fhir_model_class(made["resourceType"]).model_validate(json.loads(EXACT.encode(made)))
    assert json.loads(model.model_dump_json()) == json.loads(EXACT.encode(made))


@pytest.mark.parametrize("order", orders.ALL, ids=[o.id for o in orders.ALL])
def test_a_draft_waits_for_a_signature_and_names_patient_encounter_time_and_reason(
    order: ProposedOrder,
) -> None:
    made = draft(order)
    assert (made["status"], made["intent"]) == ("draft", "order")
    assert made["subject"] == {"reference": "Patient/p"}
    assert made["encounter"] == {"reference": "Encounter/e"}
    assert made["authoredOn"] == "2026-11-22T04:00:00Z"
    assert made["reasonCode"][0]["coding"][0]["code"] == "710027002"


def test_without_an_encounter_none_is_named() -> None:
    assert "encounter" not in draft(orders.ECHOCARDIOGRAM, encounter_id=None)


def test_a_drug_is_known_by_code_and_by_name() -> None:
    drug = draft(orders.TOCILIZUMAB)["medicationCodeableConcept"]
    assert drug["text"] == "tocilizumab"
    assert drug["coding"] == [{"system": orders.RXNORM, "code": "612865", "display": "tocilizumab"}]


def test_a_single_infusion_says_dose_route_and_how_long_it_runs() -> None:
    instruction = draft(orders.TOCILIZUMAB)["dosageInstruction"][0]
    assert instruction["text"] == "Tocilizumab 560 mg IV over 60 min"
    assert instruction["route"]["coding"][0]["code"] == "47625008"
    amount = {"value": 560, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
    assert instruction["doseAndRate"] == [{"doseQuantity": amount}]
    assert instruction["timing"]["repeat"] == {"count": 1, "duration": 60, "durationUnit": "min"}


def test_a_dose_that_must_wait_starts_no_earlier() -> None:
    assert timing(orders.TOCILIZUMAB_CHILD)["boundsPeriod"] == {"start": "2026-11-22T06:05:00Z"}
    later = replace(orders.TOCILIZUMAB_CHILD, start=orders.START + timedelta(microseconds=1))
    assert timing(later)["boundsPeriod"] == {"start": "2026-11-22T06:05:01Z"}


def test_repeated_doses_say_how_often_and_a_course_says_how_many() -> None:
    assert timing(orders.DEXAMETHASONE) == {"frequency": 1, "period": 6, "periodUnit": "h"}
    assert timing(orders.METHYLPREDNISOLONE) == {"count": 6, "frequency": 1, "period": 12, "periodUnit": "h"}


def test_a_course_with_a_start_has_as_many_doses_and_no_end_to_contradict_them() -> None:
    course = timing(orders.TAPER_STEP)
    assert course["boundsPeriod"] == {"start": "2026-11-22T06:05:00Z"}
    assert course["count"] == 4


def test_a_test_is_ordered_once_daily_or_from_a_time_on() -> None:
    daily = draft(orders.FERRITIN)
    assert daily["occurrenceTiming"] == {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}
    assert draft(orders.ECHOCARDIOGRAM)["occurrenceDateTime"] == "2026-11-22T06:05:00Z"
    culture = draft(orders.BLOOD_CULTURE)
    assert culture["code"]["text"] == "Blood culture"
    assert not [key for key in culture if key.startswith("occurrence")]


@pytest.mark.parametrize(
    ("mg", "written"),
    [
        ("560", b"560"), ("560.0", b"560"), ("5.6E+2", b"560"), ("358.8", b"358.8"), ("358.80", b"358.8"),
        ("0.1", b"0.1"), ("800", b"800"), ("123.456789012345678", b"123.456789012345678"),
    ],
)  # fmt: skip
def test_a_dose_is_written_digit_by_digit(mg: str, written: bytes) -> None:
    made = draft(replace(orders.TOCILIZUMAB, dose=Quantity(Decimal(mg), "mg")))
    assert b'"value":' + written + b"," in EXACT.encode(made)


def test_a_changed_draft_changes_no_other() -> None:
    first = draft(orders.DEXAMETHASONE)
    first["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"] = 1000
    first["medicationCodeableConcept"]["coding"].clear()
    second = draft(orders.DEXAMETHASONE, patient_id="q", encounter_id=None)
    assert second["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"] == 10
    assert second["medicationCodeableConcept"]["coding"][0]["code"] == "3264"
    assert (second["subject"], "encounter" in second) == ({"reference": "Patient/q"}, False)


def test_the_same_order_gives_the_same_bytes_in_every_zone() -> None:
    east = timezone(timedelta(hours=9))
    moved = replace(orders.TAPER_STEP, start=orders.START.astimezone(east))
    assert EXACT.encode(draft(moved, authored_on=NOW.astimezone(east))) == EXACT.encode(
        draft(orders.TAPER_STEP)
    )


def test_nothing_in_a_draft_is_null_or_empty() -> None:
    bare = replace(orders.TOCILIZUMAB, codings=(Coding("", "", "tocilizumab"),), route=None, duration=None)
    made = draft(bare)
    assert made["medicationCodeableConcept"] == {
        "coding": [{"display": "tocilizumab"}],
        "text": "tocilizumab",
    }
    assert "route" not in made["dosageInstruction"][0]


@pytest.mark.parametrize(
    "change",
    [
        {"dose": Quantity(Decimal("NaN"), "mg")},
        {"start": orders.START.replace(tzinfo=None)},
        {"duration": timedelta(seconds=90)},
    ],
    ids=["no number", "time without a zone", "half a minute"],
)
def test_what_cannot_be_written_exactly_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - three causes, each with words of its own
        draft(replace(orders.TOCILIZUMAB, **change))
