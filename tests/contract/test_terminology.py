"""The codes of our own, published where a client can read them."""

from __future__ import annotations

import pytest

from cds_service.cards.overrides import GRADING, ORDER, SYSTEM, override_reasons
from tests.contract.service import client

PATHS = {
    "CodeSystem/crs-override-reasons",
    "ValueSet/crs-grading-override-reasons",
    "ValueSet/crs-order-override-reasons",
}


@pytest.mark.parametrize("path", sorted(PATHS))
def test_a_definition_is_a_fhir_resource_that_needs_no_token(path: str) -> None:
    answer = client().get(f"/terminology/{path}")
    assert (answer.status_code, answer.content_type) == (200, "application/fhir+json")
    assert answer.json is not None
    assert f"{answer.json['resourceType']}/{answer.json['id']}" == path
    assert answer.json["status"] == "active"


def test_every_reason_on_a_card_is_defined_by_the_code_system() -> None:
    found = client().get("/terminology/CodeSystem/crs-override-reasons").json
    assert found is not None
    assert found["url"] == SYSTEM
    defined = {(found["url"], concept["code"]): concept["display"] for concept in found["concept"]}
    for reason in override_reasons(GRADING) + override_reasons(ORDER):
        assert defined[reason["system"], reason["code"]] == reason["display"]


def test_an_unknown_definition_says_which_there_are() -> None:
    answer = client().get("/terminology/CodeSystem/other")
    assert (answer.status_code, answer.content_type) == (404, "application/fhir+json")
    assert all(path in answer.text for path in PATHS)
