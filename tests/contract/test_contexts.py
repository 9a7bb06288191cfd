"""The contexts of the hooks, and what of a request a service must check."""

from __future__ import annotations

import time
from copy import deepcopy
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.errors import BadRequest
from cds_service.web.wire import parse_request
from tests.contract import examples
from tests.contract.examples import AUTHORIZATION, DIET, DRUG, ORDER_SELECT, ORDER_SIGN
from tests.contract.service import _encoder, call, client, request

Json = dict[str, Any]


@pytest.fixture(scope="module")
def service() -> FlaskClient:
    return client()


def parsed(message: Json, hook: str = "") -> Any:
    return parse_request(_encoder.encode(message), hook or message["hook"])


def refused(message: Json) -> str:
    with pytest.raises(BadRequest) as refusal:
        parsed(message)
    return refusal.value.expression[0]


def with_context(message: Json, **changes: Any) -> Json:
    context = {k: v for k, v in (message["context"] | changes).items() if v is not ...}
    return message | {"context": context}


@pytest.mark.parametrize("message", [examples.PATIENT_VIEW, ORDER_SELECT, ORDER_SIGN, examples.NEXT_VERSION])
def test_the_examples_of_the_specification_are_taken(message: Json) -> None:
    """CH-15 to CH-21."""
    found = parsed(message)
    assert found.hook_instance == message["hookInstance"]
    assert found.patient_id == "1288992"
    assert found.context == message["context"]


def test_a_request_of_another_hook_is_400(service: FlaskClient) -> None:
    """CH-16."""
    for hook in ("order-select", "order-sign", "Patient-View", "", None, 7):
        answer = call(service, request(hook=hook))
        assert answer.status_code == 400
        assert (answer.json or {})["issue"][0]["expression"] == ["hook"]


def test_an_instance_in_either_case_may_come_again(service: FlaskClient) -> None:
    """CH-17: each call is answered for itself."""
    first, second = (call(service, request(hookInstance=examples.INSTANCE.upper())) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    one, other = ((answer.json or {})["cards"][0] for answer in (first, second))
    names = [[c.pop("uuid"), *(s.pop("uuid") for s in c["suggestions"])] for c in (one, other)]
    assert not set(names[0]) & set(names[1])
    assert one == other


def test_a_token_needs_the_server_that_it_is_for(service: FlaskClient) -> None:
    """CH-18."""
    answer = call(service, request(fhirAuthorization=AUTHORIZATION))
    assert answer.status_code == 400
    assert (answer.json or {})["issue"][0]["expression"] == ["fhirServer"]


@pytest.mark.parametrize("name", sorted(AUTHORIZATION))
def test_each_member_of_an_authorization_is_required(name: str) -> None:
    """CH-19."""
    lacking = {k: v for k, v in AUTHORIZATION.items() if k != name}
    assert refused(examples.PATIENT_VIEW | {"fhirAuthorization": lacking}) == f"fhirAuthorization.{name}"


@pytest.mark.parametrize("seconds", [300, 300.0, 0])
def test_the_life_of_a_token_is_a_whole_number(seconds: float) -> None:
    """CH-19."""
    message = examples.PATIENT_VIEW | {"fhirAuthorization": AUTHORIZATION | {"expires_in": seconds}}
    assert parsed(message).token == AUTHORIZATION["access_token"]


@pytest.mark.parametrize("seconds", [True, "300", 1.5, None])
def test_anything_else_is_no_life_of_a_token(seconds: Any) -> None:
    """CH-19."""
    message = examples.PATIENT_VIEW | {"fhirAuthorization": AUTHORIZATION | {"expires_in": seconds}}
    assert refused(message) == "fhirAuthorization.expires_in"


@pytest.mark.parametrize(("patient", "good"), [("1288992", True), ("Patient/1288992", True), ("2", False)])
def test_a_token_of_another_patient_is_refused(patient: str, good: bool) -> None:
    """CH-19: servers answer its searches with nothing, which would read as "none"."""
    message = examples.PATIENT_VIEW | {"fhirAuthorization": AUTHORIZATION | {"patient": patient}}
    if good:
        assert parsed(message).token
    else:
        assert refused(message) == "fhirAuthorization.patient"


def test_members_of_other_versions_and_extensions_are_passed_over(service: FlaskClient) -> None:
    """CH-20, CH-75."""
    extra = {"extension": {"org.example": [1]}, "hookVersion": "1.1", "somethingNew": None}
    message = request(**extra)
    message["context"] = message["context"] | {"extension": {"x": 1}, "more": [2]}
    assert call(service, message).status_code == 200


def test_all_that_is_wrong_is_named_at_once(service: FlaskClient) -> None:
    """CH-22: an OperationOutcome with an issue for each member, and nothing of what was sent."""
    message = request(hookInstance="Jane Doe", context={"patientId": 5}, prefetch=7, fhirServer="Jane")
    answer = call(service, message)
    assert answer.status_code == 400
    members = [issue["expression"] for issue in (answer.json or {})["issue"]]
    expected = {"hookInstance", "context.patientId", "context.userId", "prefetch", "fhirServer"}
    assert {member for (member,) in members} == expected
    assert len(members) == len(expected)
    assert "Jane" not in answer.text


def test_a_body_with_comments_or_trailing_commas_is_no_json(service: FlaskClient) -> None:
    """CH-3."""
    for body in (b'{"hook": "patient-view",}', b"{} // done", b'{"hook": "patient-view" /* so */}'):
        assert call(service, body).status_code == 400


def test_an_answer_takes_a_small_part_of_half_a_second(service: FlaskClient) -> None:
    """CH-23: `make bench` measures it over HTTP."""
    call(service, request())
    begun = time.perf_counter()
    assert call(service, request()).status_code == 200
    assert time.perf_counter() - begun < 0.25


# --- orders ----------------------------------------------------------------------------


@pytest.mark.parametrize("message", [ORDER_SELECT, ORDER_SIGN])
def test_an_order_hook_needs_its_draft_orders(message: Json) -> None:
    """CH-62, CH-63."""
    others: list[Any] = [..., None, [], {"resourceType": "List"}, {"resourceType": "Bundle", "entry": {}}]
    for value in others:
        assert refused(with_context(message, draftOrders=value)) == "context.draftOrders"
    odd = {"resourceType": "Bundle", "entry": [{"resource": DIET}, {"fullUrl": "urn:x"}]}
    assert refused(with_context(ORDER_SIGN, draftOrders=odd)) == "context.draftOrders.entry[1]"


def test_what_was_selected_must_be_among_the_drafts() -> None:
    """CH-62: an order that cannot be found cannot be looked at."""
    others: list[Any] = [..., None, [], "MedicationRequest/smart-103"]
    for value in others:
        assert refused(with_context(ORDER_SELECT, selections=value)) == "context.selections"
    elsewhere = ["NutritionOrder/pureed", "MedicationRequest/other"]
    assert refused(with_context(ORDER_SELECT, selections=elsewhere)) == "context.selections[1]"


def test_orders_may_be_incomplete_of_any_type_or_being_signed_again() -> None:
    """CH-62, CH-63, CH-64: the sandbox begins with an order of little but an id."""
    bare = {"resourceType": "MedicationRequest", "id": "request-123", "status": "draft"}
    strange = [
        DRUG | {"status": "active"},
        {"resourceType": "VisionPrescription"},
        {"resourceType": "Unheard"},
    ]
    orders = {"resourceType": "Bundle", "entry": [{"resource": order} for order in [bare, *strange]]}
    selected = ["MedicationRequest/request-123"]
    found = parsed(with_context(ORDER_SELECT, draftOrders=orders, selections=selected))
    assert len(found.context["draftOrders"]["entry"]) == 4
    assert parsed(with_context(ORDER_SIGN, draftOrders={"resourceType": "Bundle"}))


def test_ids_are_not_refused_for_their_length() -> None:
    """CH-65."""
    long = "e" + "7-h.X" * 20
    message = deepcopy(ORDER_SELECT)
    message["context"]["draftOrders"]["entry"][1]["resource"]["id"] = long
    message["context"]["selections"][1] = f"MedicationRequest/{long}"
    message["context"]["patientId"] = long
    assert parsed(message).patient_id == long
