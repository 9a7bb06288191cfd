"""A chart from prefetch alone: what is known, what is not, and which drugs stay nameless."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cds_service.acquire.acquire import Acquired, acquire
from cds_service.acquire.deadline import Deadline
from fhir_mappings.facts import COMPLETE, Source
from tests.unit.acquire.charts import (
    NOON,
    PATIENT,
    QUERIES,
    administration,
    bundle,
    by_reference,
    going_on,
    hourly,
    observation,
    order,
    whole_prefetch,
)

CONTEXT = {"userId": "Practitioner/x", "patientId": PATIENT}


def from_prefetch(**keys: object) -> Acquired:
    return acquire(CONTEXT, {**whole_prefetch(), **keys}, None, QUERIES, Deadline(1))


def medication(identity: str) -> dict[str, Any]:
    return {"resourceType": "Medication", "id": identity, "code": {"text": "norepinephrine"}}


def test_a_whole_prefetch_needs_nothing_more() -> None:
    acquired = from_prefetch(vitals=bundle(*hourly(3)))
    assert [resource["id"] for resource in acquired.resources] == [PATIENT, "o0", "o1", "o2"]
    assert acquired.coverage == dict.fromkeys(Source, COMPLETE)
    assert acquired.failures == {}


def test_each_gap_is_told_apart_and_named_by_its_key() -> None:
    acquired = acquire(CONTEXT, {"vitals": bundle(7), "labs": None}, None, QUERIES, Deadline(1))
    reasons = {key: failure.reason for key, failure in acquired.failures.items()}
    assert reasons == {query.key: "not-supplied" for query in QUERIES} | {
        "vitals": "malformed",
        "labs": "null",
    }
    assert {source.value: coverage.reason for source, coverage in acquired.coverage.items()} == reasons
    assert acquired.rubbish == 1
    assert not any(failure.transient for failure in acquired.failures.values())


def test_a_cut_page_that_reaches_far_enough_back_is_no_failure() -> None:
    prefetch = {**whole_prefetch(), "vitals": going_on(*hourly(30))}
    day_ago, two_days_ago = NOON - timedelta(hours=24), NOON - timedelta(hours=48)
    enough = acquire(CONTEXT, prefetch, None, QUERIES, Deadline(1), oldest_needed=day_ago)
    short = acquire(CONTEXT, prefetch, None, QUERIES, Deadline(1), oldest_needed=two_days_ago)
    assert enough.failures == {}
    assert short.failures["vitals"].reason == "truncated"
    assert short.coverage[Source.VITALS] == enough.coverage[Source.VITALS]


def test_only_what_was_asked_for_is_covered() -> None:
    vitals = [query for query in QUERIES if query.key == "vitals"]
    acquired = acquire(CONTEXT, {"labs": bundle(observation(1, 1))}, None, vitals, Deadline(1))
    assert acquired.resources == []
    assert set(acquired.coverage) == {Source.VITALS}


NAMED = [
    by_reference(1, "#d", contained=[medication("d")]),
    by_reference(1, "Medication/d", contained=[medication("d")]),
    by_reference(1, "Medication/d", status="not-done"),
    by_reference(1, "Medication/d", status="entered-in-error"),
    by_reference(
        1, "Medication/d", medicationReference={"reference": "Medication/d", "display": "norepinephrine"}
    ),
    administration(1, 1),
    administration(1, 1, medicationReference={"display": "norepinephrine"}),
]


@pytest.mark.parametrize("given", NAMED)
def test_a_drug_named_in_the_administration_itself_needs_no_reading(given: dict[str, Any]) -> None:
    acquired = from_prefetch(medications=bundle(given))
    assert acquired.coverage[Source.MEDICATIONS] == COMPLETE
    assert acquired.failures == {}


@pytest.mark.parametrize(
    "reference", ["Medication/d", "Medication/d/_history/2", "https://ehr.example/fhir/Medication/d"]
)
def test_an_included_medication_names_the_drug(reference: str) -> None:
    acquired = from_prefetch(medications=bundle(by_reference(1, reference), medication("d")))
    assert acquired.coverage[Source.MEDICATIONS] == COMPLETE
    assert acquired.failures == {}


@pytest.mark.parametrize("reference", ["Medication/d", "urn:uuid:0b1c", "Substance/d", ""])
def test_a_drug_that_nothing_names_may_be_a_vasopressor(reference: str) -> None:
    """So "no vasopressor" is not known, although the search itself was complete."""
    acquired = from_prefetch(
        medications=bundle(by_reference(1, reference), administration(2, 2), medication("x"))
    )
    assert len(acquired.resources) == 4
    assert acquired.coverage[Source.MEDICATIONS].since is None
    assert acquired.coverage[Source.MEDICATIONS].reason == "not-supplied"
    assert acquired.failures["medication-references"].reason == "not-supplied"
    assert not acquired.failures["medication-references"].transient


def test_the_first_reason_for_unknown_medications_stays() -> None:
    acquired = from_prefetch(medications=going_on(by_reference(1, "Medication/d")))
    assert acquired.coverage[Source.MEDICATIONS].reason == "truncated"


@pytest.mark.parametrize("odd", [{"reference": 7}, "Medication/d", [], None, {}])
def test_an_unreadable_reference_does_no_harm(odd: object) -> None:
    acquired = from_prefetch(medications=bundle(administration(1, 1, medicationReference=odd, contained="x")))
    assert len(acquired.resources) == 2


ORDERED = {"medicationReference": {"reference": "Medication/d"}}


def test_an_ordered_drug_that_nothing_names_leaves_the_orders_unknown_and_nothing_else() -> None:
    acquired = from_prefetch(orders=bundle(order(1, **ORDERED)), medications=bundle(administration(1, 1)))
    assert acquired.coverage[Source.ORDERS].since is None
    assert acquired.coverage[Source.ORDERS].reason == "not-supplied"
    assert acquired.coverage[Source.MEDICATIONS] == COMPLETE
    assert acquired.failures["medication-references"].reason == "not-supplied"


def test_a_given_drug_that_nothing_names_leaves_the_orders_as_they_are() -> None:
    acquired = from_prefetch(medications=bundle(by_reference(1, "Medication/d")))
    assert acquired.coverage[Source.ORDERS] == COMPLETE
    assert acquired.coverage[Source.MEDICATIONS].since is None


@pytest.mark.parametrize("status", ["draft", "completed", "cancelled", "stopped", "entered-in-error"])
def test_the_drug_of_an_order_that_does_not_stand_is_of_no_concern(status: str) -> None:
    acquired = from_prefetch(orders=bundle(order(1, status=status, **ORDERED)))
    assert acquired.coverage[Source.ORDERS] == COMPLETE
    assert acquired.failures == {}


def test_an_included_medication_names_the_ordered_drug() -> None:
    acquired = from_prefetch(orders=bundle(order(1, **ORDERED), medication("d")))
    assert acquired.coverage[Source.ORDERS] == COMPLETE


@pytest.mark.parametrize(
    ("value", "reason"),
    [(None, "null"), (going_on(order(1)), "truncated"), (bundle(7), "malformed"), ("x", "malformed")],
)
def test_orders_that_are_not_wholly_at_hand_are_not_known(value: object, reason: str) -> None:
    acquired = from_prefetch(orders=value)
    assert (acquired.coverage[Source.ORDERS].since, acquired.coverage[Source.ORDERS].reason) == (None, reason)
    assert acquired.failures["orders"].reason == reason
