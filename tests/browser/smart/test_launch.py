"""How the page gets its access: both launches, and everything that must not give any."""

from __future__ import annotations

import json
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.smart.fake_ehr import PATIENT, TOKEN, Eavesdropper, FakeEhr
from tests.browser.smart.service import Watched, serving


def launched_at(demo: str, patient: str, app_context: str = "") -> str:
    """The address that the sandbox's EHR opens."""
    body = json.dumps({"patient": patient, "appContext": app_context}).encode()
    request = urllib.request.Request(f"{demo}/auth/launch", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        launch = json.load(answer)["launch"]
    return f"{demo}/smart/launch?iss={demo}/fhir&launch={launch}"


def test_a_launch_from_the_ehr_shows_the_patient_whose_chart_is_open(watched: Watched, demo: str) -> None:
    said = json.dumps({"asOf": "2020-01-01T06:00:00Z", "grade": [1, 2]})
    watched.page.goto(launched_at(demo, "demo-03", said))
    watched.settle()
    expect(watched.page.locator("h1")).to_contain_text("CRS grade 3: norepinephrine")
    expect(watched.page.locator(".patient")).to_contain_text("demo-03")
    expect(watched.page.locator(".headline")).to_contain_text("which said grade at least 1")
    assert watched.complaints == []


def test_without_a_launch_the_ehr_asks_whose_chart_the_page_may_read(watched: Watched, demo: str) -> None:
    watched.page.goto(f"{demo}/smart/launch")
    watched.page.get_by_role("link", name="Demo 05").click()
    watched.settle()
    expect(watched.page.locator("h1")).to_contain_text("CRS grade 4")
    assert watched.complaints == []


def test_a_reload_shows_the_same_patient_without_asking_again(watched: Watched, demo: str) -> None:
    watched.page.goto(launched_at(demo, "demo-02"))
    watched.settle()
    watched.page.reload()
    watched.settle()
    expect(watched.page.locator("h1")).to_contain_text("CRS grade 2")


def test_an_ehr_that_is_not_on_the_list_is_asked_for_nothing(watched: Watched, base: str) -> None:
    with Eavesdropper() as stranger:
        found = watched.page.goto(f"{base}/smart/launch?iss={stranger.origin}/fhir&launch=x")
        assert found is not None
        assert found.status == 403
        assert "may not open the page" in watched.trouble()
        assert stranger.heard == []


@pytest.mark.parametrize("override", ["fhirServiceUrl", "iss", "clientId", "patientId"])
def test_the_address_does_not_speak_over_what_is_registered(
    watched: Watched, base: str, ehr: FakeEhr, override: str
) -> None:
    with Eavesdropper() as stranger:
        value = f"{stranger.origin}/fhir" if override in ("fhirServiceUrl", "iss") else "another"
        watched.page.goto(f"{base}/smart/launch?iss={ehr.base}&launch=x&{override}={value}")
        watched.settle()
        assert ehr.asked["client_id"] == "crs-cds"
        expect(watched.page.locator(".patient")).to_contain_text(PATIENT)
        assert stranger.heard == []


def test_an_answer_with_a_state_that_is_not_of_this_window_gets_no_token(
    watched: Watched, base: str, ehr: FakeEhr
) -> None:
    ehr.returned = {"state": "0-another"}
    watched.launch(base, ehr)
    assert "gave no access" in watched.trouble()
    assert ehr.forms == []


def test_a_code_that_someone_sends_is_not_exchanged(watched: Watched, base: str, ehr: FakeEhr) -> None:
    watched.page.goto(f"{base}/smart/app?code=stolen&state=0-made-up")
    watched.settle()
    assert "gave no access" in watched.trouble()
    assert ehr.forms == []


def test_a_refusal_of_the_ehr_is_said_in_its_words(watched: Watched, base: str, ehr: FakeEhr) -> None:
    ehr.returned = {"error": "access_denied", "error_description": "not this patient"}
    watched.launch(base, ehr)
    assert "access_denied: not this patient" in watched.trouble()


def test_an_ehr_without_s256_is_not_asked_for_access(watched: Watched, base: str, ehr: FakeEhr) -> None:
    ehr.challenge = "plain"
    watched.page.goto(f"{base}/smart/launch?iss={ehr.base}&launch=x")
    expect(watched.page.locator("#status")).to_contain_text("could not be asked for access")
    assert ehr.asked == {}


def test_the_request_for_access_is_bound_to_this_ehr_and_this_window(
    watched: Watched, base: str, ehr: FakeEhr
) -> None:
    watched.launch(base, ehr, launch="abc")
    asked = ehr.asked
    assert (asked["aud"], asked["launch"], asked["response_type"]) == (ehr.base, "abc", "code")
    assert asked["redirect_uri"] == f"{base}/smart/app"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 32
    assert "launch patient/" in asked["scope"]
    assert "write" not in asked["scope"]
    assert "offline" not in asked["scope"]
    assert ehr.forms[0]["client_id"] == "crs-cds"
    address = urlsplit(watched.page.url)
    assert parse_qs(address.query) == {"issuer": ["0"]}, "neither code nor state stays in the address"


def test_the_secret_of_a_confidential_client_never_reaches_the_browser(
    watched: Watched, ehr: FakeEhr
) -> None:
    seen: list[str] = []
    with serving(ehr.base, smart_client_secret="only-here") as base:
        watched.page.on("response", lambda answer: seen.append(answer.url))
        watched.launch(base, ehr)
        expect(watched.page.locator("h1")).to_contain_text("CRS grade")
        pages = [watched.page.request.get(f"{base}/smart/{name}").text() for name in ("launch", "app")]
    assert ehr.credentials == ["Basic Y3JzLWNkczpvbmx5LWhlcmU="]
    assert f"{ehr.origin}/auth/token" not in seen
    assert not any("only-here" in text for text in [*pages, watched.page.content()])
    assert watched.complaints == []


def test_a_token_endpoint_elsewhere_is_asked_by_the_service(watched: Watched, ehr: FakeEhr) -> None:
    """The page's own policy lets it call the EHR's FHIR origin and no other."""
    with FakeEhr() as elsewhere, serving(ehr.base) as base:
        ehr.token_endpoint = f"{elsewhere.origin}/auth/token"
        elsewhere.asked = ehr.asked
        watched.page.route("**/auth/authorize*", lambda route: route.continue_())
        watched.page.on("request", lambda _: elsewhere.asked.update(ehr.asked))
        watched.launch(base, ehr)
        assert elsewhere.forms[0]["client_id"] == "crs-cds"
    assert watched.complaints == []
    assert {seen.headers.get("authorization") for seen in ehr.calls("Observation")} == {f"Bearer {TOKEN}"}
