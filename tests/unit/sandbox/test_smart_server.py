"""The sandbox's authorization server: what it grants, what it refuses, and what a token opens."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service import sandbox
from cds_service.app import create_app
from cds_service.settings import load_settings

BASE = "http://127.0.0.1:8000"
FHIR, REDIRECT = f"{BASE}/fhir", f"{BASE}/smart/app"
VERIFIER = "a-verifier-that-nobody-else-can-know-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
FORM = "application/x-www-form-urlencoded"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def server(clock: Clock, **settings: Any) -> FlaskClient:
    app = create_app(load_settings(auth="none", public_url=BASE, smart_issuers=(FHIR,), **settings), clock)
    sandbox.register(app, clock)
    return app.test_client()


@pytest.fixture
def client(clock: Clock) -> FlaskClient:
    return server(clock)


def launch(client: FlaskClient, patient: str = "demo-03", **more: str) -> str:
    answer = client.post("/auth/launch", json={"patient": patient, **more}, base_url=BASE)
    return str(answer.get_json()["launch"])


def ask(client: FlaskClient, **changed: str | None) -> TestResponse:
    asked = {
        "response_type": "code", "client_id": "crs-cds", "redirect_uri": REDIRECT, "aud": FHIR,
        "scope": "launch patient/Observation.rs patient/Patient.rs", "state": "s t/1",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256", **changed,
    }  # fmt: skip
    query = urlencode({key: value for key, value in asked.items() if value is not None})
    return client.get(f"/auth/authorize?{query}", base_url=BASE)


def back(answer: TestResponse) -> dict[str, str]:
    """What the app is told in the redirect."""
    assert answer.status_code == 302, answer.text
    assert answer.headers["Location"].startswith(f"{REDIRECT}?")
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def trade(
    client: FlaskClient, code: str, auth: tuple[str, str] | None = None, **changed: str
) -> TestResponse:
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT,
        "client_id": "crs-cds", "code_verifier": VERIFIER, **changed,
    }  # fmt: skip
    return client.post("/auth/token", data=form, auth=auth, base_url=BASE)


def token(client: FlaskClient, scope: str = "launch patient/Observation.rs patient/Patient.rs") -> str:
    code = back(ask(client, launch=launch(client), scope=scope))["code"]
    return str(trade(client, code).get_json()["access_token"])


def read(client: FlaskClient, path: str, word: str) -> int:
    headers = {"Authorization": f"Bearer {word}"}
    return client.get(f"/fhir/{path}", headers=headers, base_url=BASE).status_code


def test_a_launch_gives_a_token_for_its_patient_with_the_context_of_the_card(client: FlaskClient) -> None:
    told = back(ask(client, launch=launch(client, appContext="from-the-card")))
    assert told["state"] == "s t/1"
    found = trade(client, told["code"])
    assert found.headers["Cache-Control"] == "no-store"
    body = found.get_json()
    assert (body["patient"], body["appContext"], body["token_type"]) == ("demo-03", "from-the-card", "Bearer")
    assert body["scope"] == "launch patient/Observation.rs patient/Patient.rs"


def test_the_configuration_says_what_the_server_does(client: FlaskClient) -> None:
    told = client.get("/fhir/.well-known/smart-configuration", base_url=BASE).get_json()
    assert told["authorization_endpoint"] == f"{BASE}/auth/authorize"
    assert told["token_endpoint"] == f"{BASE}/auth/token"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert {"launch-ehr", "launch-standalone", "client-public"} <= set(told["capabilities"])


def test_a_code_opens_the_chart_once(client: FlaskClient) -> None:
    code = back(ask(client, launch=launch(client)))["code"]
    assert trade(client, code).status_code == 200
    assert trade(client, code).get_json() == {"error": "invalid_grant"}


def test_a_code_is_lost_with_the_first_wrong_try(client: FlaskClient) -> None:
    code = back(ask(client, launch=launch(client)))["code"]
    assert trade(client, code, code_verifier="x" * 43).get_json() == {"error": "invalid_grant"}
    assert trade(client, code).status_code == 400


@pytest.mark.parametrize("later", [timedelta(minutes=1), timedelta(days=1)])
def test_a_code_does_not_last(client: FlaskClient, clock: Clock, later: timedelta) -> None:
    code = back(ask(client, launch=launch(client)))["code"]
    clock.now += later
    assert trade(client, code).status_code == 400


def test_a_launch_counts_once_and_not_for_long(client: FlaskClient, clock: Clock) -> None:
    opened = launch(client)
    assert "code" in back(ask(client, launch=opened))
    assert back(ask(client, launch=opened))["error"] == "invalid_request"
    late = launch(client)
    clock.now += timedelta(minutes=5)
    assert back(ask(client, launch=late))["error"] == "invalid_request"


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "another"},
        {"redirect_uri": f"{REDIRECT}/"},
        {"redirect_uri": f"{REDIRECT}?x=1"},
        {"redirect_uri": "https://evil.example/smart/app"},
        {"redirect_uri": None},
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(
    client: FlaskClient, changed: dict[str, str | None]
) -> None:
    answer = ask(client, launch=launch(client), **changed)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"aud": "https://other.example/fhir"}, "invalid_request"),
        ({"launch": "made-up"}, "invalid_request"),
        ({"launch": None}, "invalid_request"),
    ],
)
def test_what_an_app_does_wrong_is_told_to_it(
    client: FlaskClient, changed: dict[str, str | None], error: str
) -> None:
    told = back(ask(client, **{"launch": launch(client), **changed}))
    assert (told["error"], told["state"], "code" in told) == (error, "s t/1", False)


def test_without_a_state_no_code_is_given(client: FlaskClient) -> None:
    assert back(ask(client, launch=launch(client), state=None))["error"] == "invalid_request"


def test_without_a_launch_the_patient_is_picked(client: FlaskClient) -> None:
    page = ask(client, scope="launch/patient patient/*.rs")
    assert page.status_code == 200
    link = next(part.split('"')[0] for part in page.text.split('href="') if "demo-05" in part.split('"')[0])
    link = link.replace("&amp;", "&")
    told = back(client.get(link, base_url=BASE))
    assert trade(client, told["code"]).get_json()["patient"] == "demo-05"
    assert parse_qs(urlsplit(link).query)["code_challenge"] == [CHALLENGE]


def test_a_confidential_client_needs_its_secret(clock: Clock) -> None:
    client = server(clock, smart_client_secret="only-here")

    def again(auth: tuple[str, str] | None, **form: str) -> int:
        return trade(client, back(ask(client, launch=launch(client)))["code"], auth, **form).status_code

    assert again(("crs-cds", "only-here")) == 200
    assert again(("crs-cds", "guess")) == 401
    assert again(None) == 401
    assert again(("another", "only-here")) == 401


@pytest.mark.parametrize(
    "changed", [{"redirect_uri": f"{REDIRECT}/"}, {"code_verifier": ""}, {"grant_type": "password"}]
)
def test_a_code_alone_is_not_enough(client: FlaskClient, changed: dict[str, str]) -> None:
    code = back(ask(client, launch=launch(client)))["code"]
    assert trade(client, code, None, **changed).status_code == 400


def test_a_token_opens_one_chart_and_what_its_scopes_name(client: FlaskClient) -> None:
    word = token(client)
    assert read(client, "Patient/demo-03", word) == 200
    assert read(client, "Observation?patient=demo-03", word) == 200
    assert read(client, "Patient/demo-05", word) == 403
    assert read(client, "Observation?patient=demo-05", word) == 403
    assert read(client, "Observation", word) == 403
    assert read(client, "Observation?patient=demo-03&patient=demo-05", word) == 403
    assert read(client, "Condition?patient=demo-03", word) == 403
    assert read(client, "metadata", word) == 200


def test_the_pages_of_another_chart_stay_closed(client: FlaskClient) -> None:
    found = client.get("/fhir/Observation?patient=demo-05&_count=5", base_url=BASE).get_json()
    following = next(link["url"] for link in found["link"] if link["relation"] == "next")
    assert read(client, following.removeprefix(f"{FHIR}/"), token(client)) == 403


@pytest.mark.parametrize("word", ["", "made-up", "a b"])
def test_a_token_that_is_none_opens_nothing(client: FlaskClient, word: str) -> None:
    assert read(client, "Patient/demo-03", word) == 401


def test_a_token_does_not_last(client: FlaskClient, clock: Clock) -> None:
    word = token(client)
    clock.now += timedelta(hours=1)
    assert read(client, "Patient/demo-03", word) == 401


def test_without_a_token_the_sandbox_is_open(client: FlaskClient) -> None:
    assert client.get("/fhir/Patient/demo-05", base_url=BASE).status_code == 200


def test_scopes_to_write_or_of_unknown_types_are_not_granted(client: FlaskClient) -> None:
    asked = "launch patient/Observation.cruds patient/Patient.read patient/Claim.rs user/*.rs offline_access"
    code = back(ask(client, launch=launch(client), scope=asked))["code"]
    assert trade(client, code).get_json()["scope"] == "launch patient/Patient.read"


@pytest.mark.parametrize(
    "body", [{}, [], {"patient": "nobody"}, {"patient": "demo-03", "appContext": 1}, {"patient": ["demo-03"]}]
)
def test_a_launch_names_a_patient_of_the_sandbox(client: FlaskClient, body: object) -> None:
    assert client.post("/auth/launch", json=body, base_url=BASE).status_code == 400


def test_a_page_of_another_machine_may_not_call(client: FlaskClient) -> None:
    for origin, allowed in (("http://localhost:3000", True), ("https://evil.example", False)):
        answer = client.get("/fhir/Patient/demo-03", headers={"Origin": origin}, base_url=BASE)
        assert ("Access-Control-Allow-Origin" in answer.headers) == allowed
