"""The JSON Schemas: what the specification's examples are to them, and what they refuse."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from cds_service.web.schemas import documents, validator
from tests.contract import examples
from tests.contract.examples import AUTHORIZATION, FEEDBACK, ORDER_SELECT, ORDER_SIGN, PATIENT_VIEW, RESPONSE
from tests.contract.service import client

Json = dict[str, Any]
GOOD = [
    ("discovery", examples.DISCOVERY),
    ("discovery", {"services": []}),
    ("request", PATIENT_VIEW),
    ("patient-view-request", PATIENT_VIEW),
    ("patient-view-request", examples.NEXT_VERSION),
    ("order-select-request", ORDER_SELECT),
    ("order-sign-request", ORDER_SIGN),
    ("response", RESPONSE),
    ("response", {"cards": []}),
    ("feedback", FEEDBACK),
    ("feedback", {"feedback": []}),
]


def changed(message: Json, path: str, value: Any) -> Json:
    """The message with one member set, or taken away where the value is ``...``."""
    copy = deepcopy(message)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = copy
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copy


@pytest.mark.parametrize("name", sorted(documents()))
def test_a_schema_is_one_and_served_where_it_says(name: str) -> None:
    Draft202012Validator.check_schema(documents()[name])
    assert documents()[name]["$id"] == f"{name}.json"
    answer = client().get(f"/schemas/{name}.json")
    assert answer.mimetype == "application/schema+json"
    assert json.loads(answer.data) == documents()[name]


@pytest.mark.parametrize(("schema", "message"), GOOD)
def test_the_examples_of_the_specification_are_good(schema: str, message: Json) -> None:
    """CH-1, CH-5, CH-17, CH-18, CH-19, CH-20, CH-37, CH-62, CH-65."""
    validator(schema).validate(message)


BAD_DISCOVERY = [
    ("services", ...), ("services", {}), ("services.0.hook", ...), ("services.0.id", ...),
    ("services.0.id", "a/b"), ("services.0.description", ...), ("services.0.title", ""),
    ("services.0.prefetch", {}), ("services.0.prefetch.patientToGreet", None), ("services.0.version", "2"),
    ("services.0.prefetch.patientToGreet", "/Patient/1"), ("services.2.extension", [1]),
]  # fmt: skip
BAD_REQUEST = [
    ("hook", ...), ("hook", "order-sign"), ("hook", 7), ("hookInstance", ...), ("hookInstance", "12"),
    ("hookInstance", f"urn:uuid:{examples.INSTANCE}"), ("fhirServer", ...), ("fhirServer", "ehr"),
    ("context", ...), ("context", []), ("context.userId", ...), ("context.userId", "123"),
    ("context.patientId", ...), ("context.patientId", "Patient/1"), ("context.encounterId", ""),
    ("fhirAuthorization", "Bearer x"), ("fhirAuthorization.access_token", ...),
    ("fhirAuthorization.access_token", "a b"), ("fhirAuthorization.token_type", "Basic"),
    ("fhirAuthorization.expires_in", ...), ("fhirAuthorization.expires_in", "300"),
    ("fhirAuthorization.scope", ...), ("fhirAuthorization.subject", ...), ("prefetch", []),
    ("prefetch.patientToGreet", "text"), ("extension", []),
]  # fmt: skip
BAD_ORDERS = [
    ("context.draftOrders", ...), ("context.draftOrders", []), ("context.draftOrders.resourceType", "List"),
    ("context.draftOrders.entry", {}), ("context.draftOrders.entry.0", {}),
    ("context.draftOrders.entry.0.resource", {"id": "x"}),
]  # fmt: skip
BAD_SELECTIONS = [("context.selections", ...), ("context.selections", []), ("context.selections.0", "pureed")]
BAD_RESPONSE: list[tuple[str, Any]] = [
    ("cards", ...), ("cards", None), ("systemActions", []), ("systemActions.0.description", ...),
    ("cards.0.uuid", "1"), ("cards.0.summary", ...), ("cards.0.summary", ""), ("cards.0.summary", "x" * 140),
    ("cards.0.detail", ""), ("cards.0.indicator", "hard-stop"), ("cards.0.indicator", ...),
    ("cards.0.source", ...), ("cards.0.source.label", ...), ("cards.0.source.url", "/local"),
    ("cards.0.source.topic.system", ...), ("cards.0.suggestions", []), ("cards.0.selectionBehavior", ...),
    ("cards.0.selectionBehavior", "all"), ("cards.0.overrideReasons", []),
    ("cards.0.overrideReasons.0.display", ...), ("cards.0.links", []), ("cards.0.links.0.type", ...),
    ("cards.0.links.0.appContext", "x"), ("cards.0.extension", [{"url": "x"}]), ("cards.0.extension", {}),
    ("cards.0.suggestions.0.label", ...), ("cards.0.suggestions.0.actions", []),
    ("cards.0.suggestions.1.isRecommended", True), ("cards.0.suggestions.0.actions.0.type", "patch"),
    ("cards.0.suggestions.0.actions.0.description", ...), ("cards.0.suggestions.0.actions.0.resource", ...),
    ("cards.0.suggestions.0.actions.1.resource", ...), ("cards.0.suggestions.0.actions.2.resourceId", ...),
    ("cards.0.suggestions.0.actionSelectionBehavior", "any"),
]  # fmt: skip
BAD_FEEDBACK = [
    ("feedback", ...), ("feedback", {}), ("feedback.0.card", ...), ("feedback.0.outcome", "ignored"),
    ("feedback.0.acceptedSuggestions", ...), ("feedback.0.acceptedSuggestions.0.id", ...),
    ("feedback.1.overrideReason", {}), ("feedback.1.overrideReason.reason.system", ...),
    ("feedback.0.outcomeTimestamp", ...), ("feedback.0.outcomeTimestamp", "2024-12-11T10:05:31+02:00"),
    ("feedback.0.outcomeTimestamp", "11 December"),
]  # fmt: skip
BAD = [
    *(("discovery", examples.DISCOVERY, *change) for change in BAD_DISCOVERY),
    *(("patient-view-request", PATIENT_VIEW, *change) for change in BAD_REQUEST),
    *(("order-select-request", ORDER_SELECT, *change) for change in BAD_ORDERS + BAD_SELECTIONS),
    *(("order-sign-request", ORDER_SIGN, *change) for change in BAD_ORDERS),
    *(("response", RESPONSE, *change) for change in BAD_RESPONSE),
    *(("feedback", FEEDBACK, *change) for change in BAD_FEEDBACK),
]


@pytest.mark.parametrize(("schema", "message", "path", "value"), BAD)
def test_one_wrong_member_is_refused(schema: str, message: Json, path: str, value: Any) -> None:
    """CH-2, CH-6, CH-8, CH-11, CH-40 to CH-46, CH-48 to CH-53, CH-55 to CH-58, CH-75, of any hook."""
    with pytest.raises(ValidationError):
        validator(schema).validate(changed(message, path, value))


def test_any_of_several_suggestions_may_be_recommended_where_any_may_be_taken() -> None:
    """CH-44, CH-48."""
    both = changed(RESPONSE, "cards.0.suggestions.1.isRecommended", True)
    validator("response").validate(changed(both, "cards.0.selectionBehavior", "any"))


def test_a_token_of_the_next_version_is_good() -> None:
    """CH-19: scopes of SMART 1 and 2 are both text."""
    for scope in ("patient/Observation.read", "patient/Observation.rs", "openid fhirUser", ""):
        message = PATIENT_VIEW | {"fhirAuthorization": AUTHORIZATION | {"scope": scope}}
        validator("patient-view-request").validate(message)
