"""Who may call, as CDS Hooks says it (section Security): tokens that open the service, and those that do not.

The attacks are in ``tests/attack``; here is what an honest EHR meets.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.service import request
from tests.contract.trusted import AT, call, service, token
from tests.logged import Logged
from tests.trusted_ehr import FHIR_BASE, PATH, PUBLIC_URL, Ehr, client_entry, key_of, key_server

FEEDBACK = f"{PATH}/feedback"
ACCEPTED = {
    "feedback": [
        {
            "card": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
            "outcome": "accepted",
            "acceptedSuggestions": [{"id": "s"}],
            "outcomeTimestamp": "2026-03-10T09:00:00Z",
        }
    ]
}


def test_a_call_with_a_token_of_a_trusted_ehr_is_answered(tmp_path: Path) -> None:
    """CH-66, CH-67, CH-68: iss, aud, exp, iat and jti, signed with ES384."""
    answer = call(service(tmp_path), f"Bearer {token()}")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["cards"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_may_be_written_in_any_case(tmp_path: Path, scheme: str) -> None:
    assert call(service(tmp_path), f"{scheme} {token()}").status_code == 200


def test_rs384_with_a_key_that_names_no_algorithm_is_accepted(tmp_path: Path) -> None:
    """CH-69: such keys are common, and libraries take them for RS256."""
    ehr = Ehr(algorithm="RS384", key=key_of("RSA-2048"))
    assert "alg" not in ehr.jwks()["keys"][0]
    assert call(service(tmp_path, client_entry(tmp_path, ehr)), f"Bearer {token(ehr)}").status_code == 200


def test_an_audience_may_be_a_list_of_one(tmp_path: Path) -> None:
    assert call(service(tmp_path), f"Bearer {token(aud=[PUBLIC_URL + PATH])}").status_code == 200


@pytest.mark.parametrize("path", ["/cds-services", "/livez", "/readyz", "/schemas/request.json"])
def test_what_says_nothing_of_patients_needs_no_token(tmp_path: Path, path: str) -> None:
    assert service(tmp_path).get(path).status_code == 200


@pytest.mark.parametrize("path", [PATH, FEEDBACK])
def test_a_browser_may_ask_beforehand_without_a_token(tmp_path: Path, path: str) -> None:
    """CH-73: preflights carry none."""
    assert service(tmp_path).options(path).status_code == 200


def test_feedback_needs_a_token_for_its_own_address(tmp_path: Path) -> None:
    """CH-66: a token for the service does not open its feedback."""
    where = service(tmp_path)
    assert call(where, f"Bearer {token()}", FEEDBACK, ACCEPTED).status_code == 401
    told = call(where, f"Bearer {token(path=FEEDBACK)}", FEEDBACK, ACCEPTED)
    assert told.status_code in (200, 503)  # 503: the writer of this app is not running


def test_a_refusal_says_nothing_but_401(tmp_path: Path) -> None:
    """CH-71: bare; who makes tokens of his own learns nothing from it."""
    where = service(tmp_path)
    answers = [
        call(where, None),
        call(where, "Bearer x"),
        call(where, f"Bearer {token(exp=AT - 999, iat=AT - 1000)}"),
    ]
    for answer in answers:
        assert (answer.status_code, answer.data) == (401, b"")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "Content-Type" not in answer.headers


def test_a_refusal_leaves_its_reason_in_log_and_record(tmp_path: Path, logged: Logged) -> None:
    """CH-68: real clients get ``aud`` wrong, and only the service can tell them."""
    where = service(tmp_path)
    with where:
        call(where, f"Bearer {token(aud='https://elsewhere.example')}")
        from flask import g  # noqa: PLC0415  (of the call that was just made)

        assert g.refused_for == "wrong-audience"
    refused = next(line for line in logged.lines if line["event"] == "refused")
    assert refused["outcome"] == "wrong-audience"
    assert refused["client"] == "https://ehr.example"


def test_keys_are_fetched_from_the_configured_address_once(tmp_path: Path) -> None:
    with key_server() as keys:
        ehr = Ehr(jku=f"{keys.base}/jwks.json")
        keys.answers["/jwks.json"] = ehr.jwks()
        where = service(tmp_path, client_entry(tmp_path, ehr, allow_http=True))
        for _ in range(3):
            assert call(where, f"Bearer {token(ehr)}").status_code == 200
        assert keys.asked == ["/jwks.json"]


def test_a_token_without_jku_is_held_against_the_configured_keys(tmp_path: Path) -> None:
    """CH-67: the header is optional."""
    with key_server() as keys:
        published = Ehr(jku=f"{keys.base}/jwks.json")
        keys.answers["/jwks.json"] = published.jwks()
        where = service(tmp_path, client_entry(tmp_path, published, allow_http=True))
        assert call(where, f"Bearer {token(Ehr())}").status_code == 200


def test_unreachable_keys_are_503_not_401(tmp_path: Path) -> None:
    """Nothing is wrong with the token: the EHR may try again, and an operator looks at the network."""
    ehr = Ehr(jku="http://127.0.0.1:9/jwks.json")
    answer = call(service(tmp_path, client_entry(tmp_path, ehr, allow_http=True)), f"Bearer {token(ehr)}")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("tenant", "status"), [("north", 200), ("south", 401), ("NORTH", 401), (["north"], 401), (..., 401)]
)
def test_a_client_with_tenants_calls_for_those_alone(tmp_path: Path, tenant: object, status: int) -> None:
    where = service(tmp_path, client_entry(tmp_path, tenants=["north", "east"]))
    assert call(where, f"Bearer {token(tenant=tenant)}").status_code == status


def test_a_client_without_tenants_may_name_one(tmp_path: Path) -> None:
    assert call(service(tmp_path), f"Bearer {token(tenant='any')}").status_code == 200


def test_clocks_may_be_half_a_minute_apart(tmp_path: Path) -> None:
    """At most 30 s in either direction."""
    where = service(tmp_path)
    good = [token(now=AT + 30), token(now=AT - 329)]
    bad = [token(now=AT + 31), token(now=AT - 330)]
    assert [call(where, f"Bearer {each}").status_code for each in (*good, *bad)] == [200, 200, 401, 401]


def test_another_ehrs_fhir_server_is_not_asked(tmp_path: Path) -> None:
    """Its own base may be written with a slash at the end; anybody else's is 400."""
    where = service(tmp_path)
    for server, status in (
        (FHIR_BASE, 200),
        (f"{FHIR_BASE}/", 200),
        ("https://other.example/fhir", 400),
        (f"{FHIR_BASE}/more", 400),
        (FHIR_BASE.replace("https", "http"), 400),
    ):
        answer = call(where, f"Bearer {token()}", body=request(fhirServer=server))
        assert answer.status_code == status, server


def test_an_order_hook_without_our_drugs_is_held_to_the_same_server(tmp_path: Path) -> None:
    path = "/cds-services/crs-order-sign"
    drafts = {"resourceType": "Bundle", "type": "collection", "entry": []}
    context = {"userId": "Practitioner/1", "patientId": "p", "draftOrders": drafts}
    body = request(hook="order-sign", context=context, fhirServer="https://other.example/fhir", prefetch=...)
    assert call(service(tmp_path), f"Bearer {token(path=path)}", path, body).status_code == 400


def test_the_document_says_which_calls_need_a_token(tmp_path: Path) -> None:
    api = service(tmp_path).get("/schemas/openapi.json").json or {}
    guarded = {path for path, methods in api["paths"].items() if "security" in methods.get("post", {})}
    assert guarded == {path for path in api["paths"] if path.startswith("/cds-services/")}
    assert api["components"]["securitySchemes"]["client"]["bearerFormat"] == "JWT"
