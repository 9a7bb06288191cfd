"""Drugs named by reference are read in one further search."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_mappings.facts import COMPLETE, Source
from tests.integration import fake_fhir
from tests.integration.acquire.ward import Ward, ids
from tests.integration.fake_fhir import FakeFhir, Fault
from tests.unit.acquire.charts import (
    administration,
    bundle,
    by_reference,
    order,
    whole_prefetch,
)


def given_by_reference(*references: str) -> dict[str, Any]:
    given = [by_reference(number, text) for number, text in enumerate(references)]
    return {**whole_prefetch(), "medications": bundle(*given, administration(9, 9))}


def drug(identity: str) -> dict[str, Any]:
    return {"resourceType": "Medication", "id": identity, "code": {"text": "norepinephrine"}}


def test_drugs_named_by_reference_are_read_in_one_search(ward: Ward) -> None:
    ward.fhir.resources += [drug("a"), drug("b"), drug("c")]
    prefetch = given_by_reference("Medication/a", f"{ward.fhir.base}/Medication/b", "Medication/a")
    acquired = ward.chart(prefetch)
    assert [seen.params for seen in ward.fhir.seen] == [{"_id": "a,b", "_count": "2"}]
    assert ids(acquired)[-2:] == ["a", "b"]
    assert acquired.failures == {}
    assert acquired.coverage[Source.MEDICATIONS] == COMPLETE


@pytest.mark.parametrize(
    ("fault", "reason", "transient"),
    [
        (fake_fhir.status(403), "refused", False),
        (fake_fhir.status(502), "server-error", True),
        (fake_fhir.after(30), "timeout", True),
        (fake_fhir.document(bundle()), "not-supplied", False),
    ],
)
def test_a_drug_that_cannot_be_read_leaves_vasopressors_unknown(
    ward: Ward, fault: Fault, reason: str, transient: bool
) -> None:
    ward.fhir.always("Medication", fault)
    acquired = ward.chart(given_by_reference("Medication/a"))
    failure = acquired.failures["medication-references"]
    assert (failure.reason, failure.transient) == (reason, transient)
    assert acquired.coverage[Source.MEDICATIONS].since is None


def test_a_drug_on_another_server_is_not_fetched_from_there(ward: Ward) -> None:
    with FakeFhir([drug("a")]) as other:
        acquired = ward.chart(given_by_reference(f"{other.base}/Medication/a"))
        assert other.seen == ward.fhir.seen == []
    assert acquired.failures["medication-references"].reason == "not-supplied"


def test_no_time_left_for_the_drugs_is_a_timeout(ward: Ward) -> None:
    ward.fhir.always("Observation", fake_fhir.after(30))
    prefetch = given_by_reference("Medication/a")
    del prefetch["vitals"]
    assert ward.chart(prefetch).failures["medication-references"].reason == "timeout"


def test_drugs_of_orders_and_of_administrations_are_read_together(ward: Ward) -> None:
    ward.fhir.resources += [drug("a"), drug("b")]
    ordered = order(1, medicationReference={"reference": "Medication/b"})
    acquired = ward.chart({**given_by_reference("Medication/a"), "orders": bundle(ordered)})
    assert [seen.params for seen in ward.fhir.seen] == [{"_id": "a,b", "_count": "2"}]
    assert acquired.coverage[Source.ORDERS] == acquired.coverage[Source.MEDICATIONS] == COMPLETE
