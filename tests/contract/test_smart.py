"""The SMART page as the network sees it: who may call what, and what comes back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.app import create_app, the_writer
from cds_service.errors import ConfigurationError
from cds_service.sandbox import patients
from cds_service.settings import load_settings
from tests.integration.fake_fhir import FakeFhir, document, raw, status

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
PUBLIC, EHR = "http://127.0.0.1:4711", "https://ehr.example/fhir"
OWN = {"Origin": PUBLIC, "Sec-Fetch-Site": "same-origin"}
Json = dict[str, Any]
KINDS = {
    "vitals": "Observation", "oxygen": "Observation", "labs": "Observation", "procedures": "Procedure",
    "medications": "MedicationAdministration", "immunizations": "Immunization", "conditions": "Condition",
    "orders": "MedicationRequest",
}  # fmt: skip


def app_with(**settings: Any) -> Flask:
    own: dict[str, Any] = {"public_url": PUBLIC, "smart_issuers": (EHR,)}
    return create_app(load_settings(auth="none", **{**own, **settings}), lambda: NOW)


@pytest.fixture
def client() -> FlaskClient:
    return app_with().test_client()


def chart(patient: str = "demo-03") -> Json:
    """A whole chart by prefetch key; an Observation stands in each of its searches, as codes may overlap."""
    resources = patients.resources(patient, NOW)
    found: Json = {
        key: bundle([r for r in resources if r["resourceType"] == kind]) for key, kind in KINDS.items()
    }
    return {**found, "patient": next(r for r in resources if r["resourceType"] == "Patient")}


def bundle(resources: list[Json]) -> Json:
    entries = [{"resource": r, "search": {"mode": "match"}} for r in resources]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}


def post(client: FlaskClient, headers: dict[str, str] | None = None, **context: Any) -> TestResponse:
    prefetch = context.pop("prefetch", None) or chart()
    body = {"context": {"patientId": "demo-03", **context}, "prefetch": prefetch}
    return client.post("/smart/assessment", json=body, headers=OWN if headers is None else headers)


def test_without_an_issuer_there_is_no_page() -> None:
    client = app_with(smart_issuers=()).test_client()
    assert client.get(f"/smart/launch?iss={EHR}").status_code == 404
    assert client.get("/smart/static/app.js").status_code == 404


def test_a_page_without_an_address_of_its_own_stops_the_start() -> None:
    with pytest.raises(ConfigurationError, match="CRS_CDS_PUBLIC_URL"):
        app_with(public_url=None)


@pytest.mark.parametrize("iss", ["https://other.example/fhir", f"{EHR}/sub", "https://ehr.example/", "", "x"])
def test_only_an_issuer_on_the_list_may_launch(client: FlaskClient, iss: str) -> None:
    answer = client.get("/smart/launch", query_string={"iss": iss, "launch": "1"})
    assert answer.status_code == 403
    assert "connect-src 'self';" in answer.headers["Content-Security-Policy"]


def test_a_page_may_speak_to_us_and_to_the_ehr_that_launched_it() -> None:
    client = app_with(smart_issuers=(EHR, "https://second.example:8443/r4")).test_client()
    for place, origin in enumerate(("https://ehr.example", "https://second.example:8443")):
        answer = client.get(f"/smart/app?state={place}-abc")
        policy = dict(
            part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
        )
        assert policy["connect-src"] == f"'self' {origin}"
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
    assert client.get("/smart/app").status_code == 400, "which EHR it comes from is not guessed"
    assert client.get("/smart/app?state=7-abc").status_code == 400
    assert client.get("/smart/app?state=-1").status_code == 400


def test_a_launch_that_is_written_into_the_page_stays_text(client: FlaskClient) -> None:
    hostile = '</script><script>alert(1)</script>"'
    answer = client.get("/smart/launch", query_string={"iss": EHR, "launch": hostile}).text
    assert "<script>alert" not in answer


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": PUBLIC, "Sec-Fetch-Site": "cross-site"},
        {"Origin": PUBLIC, "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
@pytest.mark.parametrize("path", ["/smart/assessment", "/smart/token?issuer=0"])
def test_other_pages_cannot_use_what_is_for_our_own(
    client: FlaskClient, headers: dict[str, str], path: str
) -> None:
    answer = client.post(path, json={}, headers=headers)
    assert answer.status_code == 403
    assert answer.get_json()["issue"][0]["code"] == "forbidden"


def test_the_course_is_the_assessment_of_the_card(client: FlaskClient) -> None:
    drawn = post(client).get_json()
    request = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/1", "patientId": "demo-03"},
        "prefetch": chart(),
    }
    card = client.post("/cds-services/crs-patient-view", json=request).get_json()["cards"][0]
    assert drawn["assessment"] == card["extension"]["org.crs-cds.assessment"]
    assert drawn["headline"]["text"] == card["summary"]
    assert drawn["gaps"] == []


@pytest.mark.parametrize("patient", patients.ids())
def test_every_patient_of_the_demo_has_a_course_that_is_the_assessment(
    client: FlaskClient, patient: str
) -> None:
    """Also those who are well, not considered, resolved or not gradable."""
    answer = post(client, prefetch=chart(patient), patientId=patient)
    assert answer.status_code == 200
    drawn = answer.get_json()
    assert drawn["assessment"]["status"] == patients.expected(patient).status
    lanes = {lane["id"]: lane for lane in drawn["lanes"]}
    course = drawn["assessment"].get("course", [])
    told = [(c["grade"]["lowest"], c["grade"]["highest"]) if "grade" in c else None for c in course]
    assert [(i["low"], i["high"]) if "low" in i else None for i in lanes["grade"]["items"]] == told
    begin, end = drawn["window"]["whole"]
    assert begin <= drawn["window"]["first"][0] < drawn["window"]["now"] < end


def test_an_empty_chart_of_a_known_patient_is_drawn(client: FlaskClient) -> None:
    prefetch = {**{key: bundle([]) for key in KINDS}, "patient": chart()["patient"]}
    drawn = post(client, prefetch=prefetch).get_json()
    assert drawn["assessment"]["status"] == "not-considered"
    assert all(lane["items"] == [] for lane in drawn["lanes"])


@pytest.mark.parametrize(
    ("patient", "said"),
    [
        ("demo-11", "No criterion is known to hold now; not everything is known."),
        ("demo-06", "There is no open episode: nothing is weighed."),
    ],
)
def test_that_no_criterion_holds_is_said_only_where_it_is_known(
    client: FlaskClient, patient: str, said: str
) -> None:
    drawn = post(client, prefetch=chart(patient), patientId=patient).get_json()
    assert drawn["evidence"]["rows"] == []
    assert drawn["evidence"]["empty"] == said


def test_limits_in_the_plot_are_those_of_the_tables(client: FlaskClient) -> None:
    lanes = {lane["id"]: lane for lane in post(client).get_json()["lanes"]}
    assert [limit["text"] for limit in lanes["temperature"]["limits"]] == ["fever from 38.0 °C"]
    assert [limit["text"] for limit in lanes["pressure"]["limits"]] == ["hypotension below 90 mmHg"]


def test_a_child_has_the_limit_of_its_age(client: FlaskClient) -> None:
    prefetch = chart()
    prefetch["patient"]["birthDate"] = "2021-01-01"
    lanes = {lane["id"]: lane for lane in post(client, prefetch=prefetch).get_json()["lanes"]}
    assert [limit["text"] for limit in lanes["pressure"]["limits"]] == ["hypotension below 80 mmHg"]


def test_a_sum_of_vasopressors_that_is_not_to_be_had_says_why(client: FlaskClient) -> None:
    prefetch = chart()
    for entry in prefetch["medications"]["entry"]:
        rate = entry["resource"].get("dosage", {}).get("rateQuantity")
        if rate:
            rate |= {"unit": "mL/h", "code": "mL/h"}
    lanes = {lane["id"]: lane for lane in post(client, prefetch=prefetch).get_json()["lanes"]}
    items = lanes["vasopressors"]["items"]
    assert items
    assert all("y" not in item and item["text"].startswith("no sum: ") for item in items)


@pytest.mark.parametrize(
    "told",
    [
        "", "x", "{", "[]", '{"asOf": 1}', '{"asOf": "2026"}', '{"asOf": "2026-01-01T00:00:00"}',
        '{"asOf": "2026-01-01T00:00:00Z", "grade": [9, 1]}', '{"asOf": "2026-01-01T00:00:00Z", "grade": "x"}',
        '{"asOf": "0001-01-01T00:00:00+14:00"}', None, 7,
    ],
)  # fmt: skip
def test_a_context_of_another_app_is_left_aside(client: FlaskClient, told: Any) -> None:
    answer = post(client, appContext=told)
    assert answer.status_code == 200
    assert answer.get_json()["headline"]["card"] == ""


def test_what_the_page_could_not_read_opens_the_grade_and_is_named(client: FlaskClient) -> None:
    prefetch = chart()
    prefetch["medications"]["link"] = [{"relation": "next", "url": "https://elsewhere.example/2"}]
    failures = {"medications": "foreign-link"}
    drawn = post(client, prefetch=prefetch, failures=failures).get_json()
    assert drawn["assessment"]["grade"] == {"lowest": 3, "highest": 4}
    assert drawn["gaps"] == [
        "Drugs given: only in part: the rest is at an address outside the EHR, which was not asked."
    ]


def test_what_the_token_may_not_read_is_no_proof_of_absence(client: FlaskClient) -> None:
    scope = "launch patient/Observation.rs patient/Patient.rs patient/MedicationAdministration.rs"
    drawn = post(client, scope=scope).get_json()
    assert any(gap.startswith("Diagnoses: the EHR did not allow it") for gap in drawn["gaps"])


def test_a_chart_of_which_nothing_can_be_said_is_refused_not_called_well(client: FlaskClient) -> None:
    answer = post(client, prefetch={"patient": None})
    assert answer.status_code == 412
    assert "cannot" in answer.get_json()["issue"][0]["diagnostics"] or "not to be had" in answer.text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 400), (b"{", 400), (b"[]", 400), (b'{"context": {"patientId": "x"}}', 400),
        (b'{"prefetch": {}, "context": {}}', 400),
        (b'{"prefetch": {}, "context": {"patientId": "a/b"}}', 400),
        (b'{"prefetch": {}, "context": {"patientId": "a", "failures": {"vitals": "<img>"}}}', 400),
        (b'{"prefetch": [], "context": {"patientId": "a"}}', 400),
    ],
)  # fmt: skip
def test_a_malformed_body_is_told_so(client: FlaskClient, body: bytes, code: int) -> None:
    headers = {**OWN, "Content-Type": "application/json"}
    assert client.post("/smart/assessment", data=body, headers=headers).status_code == code
    assert client.post("/smart/assessment", data=body, headers=OWN).status_code == 415


def test_the_page_leaves_the_service_to_the_hooks() -> None:
    client = app_with().test_client()
    answers = [post(client, prefetch={"patient": None}) for _ in range(25)]
    assert answers[0].status_code == 412
    last = next(answer for answer in answers if answer.status_code == 429)
    assert last.headers["Retry-After"] == "1"


def test_a_call_of_the_page_is_recorded_without_the_patient(tmp_path: Path) -> None:
    app = app_with(data_dir=tmp_path)
    writer = the_writer(app)
    writer.start()
    assert post(app.test_client()).status_code == 200
    writer.stop()
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"demo-03" not in stored
    (file,) = tmp_path.glob("*.sqlite*")
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT service, status, lowest, highest, client FROM calls").fetchall()
    assert rows == [("smart-app", 200, 3, 3, None)]


# ------------------------------------------------------------------ the link on the card


def card_for(app: Flask, fhir_server: str | None) -> Json:
    request: Json = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/1", "patientId": "demo-03"},
        "prefetch": chart(),
    }
    if fhir_server:
        request["fhirServer"] = fhir_server
    found: Json = (
        app.test_client().post("/cds-services/crs-patient-view", json=request).get_json()["cards"][0]
    )
    return found


@pytest.mark.parametrize("server", [None, EHR, f"{EHR}/"])
def test_the_card_links_to_the_page_for_an_ehr_that_may_launch_it(server: str | None) -> None:
    link = card_for(app_with(fhir_servers=(EHR,)), server)["links"]
    assert link[0] | {"appContext": ""} == {
        "label": "See the course", "url": f"{PUBLIC}/smart/launch", "type": "smart", "appContext": "",
    }  # fmt: skip
    assert json.loads(link[0]["appContext"]) == {"asOf": "2026-03-10T09:00:00Z", "grade": [3, 3]}


def test_the_card_has_no_link_for_an_ehr_that_may_not() -> None:
    other = "https://other.example/fhir"
    assert "links" not in card_for(app_with(fhir_servers=(other,)), other)
    assert "links" not in card_for(app_with(smart_issuers=()), None)


# ------------------------------------------------------------------ the code for a token


def exchange(base: str, **settings: Any) -> TestResponse:
    client = app_with(smart_issuers=(base,), **settings).test_client()
    form = {"code": "abc", "code_verifier": "v" * 43, "redirect_uri": "https://evil.example", "scope": "all"}
    return client.post("/smart/token?issuer=0", data=form, headers=OWN)


def test_the_service_sends_the_code_and_its_proof_and_nothing_else_of_the_browser() -> None:
    with FakeFhir() as server:
        server.always(".well-known", document({"token_endpoint": f"{server.base}/token"}))
        server.always("token", document({"access_token": "t"}))
        answer = exchange(server.base, smart_client_secret="s3cret")
        assert answer.get_json() == {"access_token": "t"}
        assert answer.headers["Cache-Control"] == "no-store"
        sent = server.calls("token")[0]
    assert sent.params == {
        "grant_type": "authorization_code", "redirect_uri": f"{PUBLIC}/smart/app", "code": "abc",
        "code_verifier": "v" * 43,
    }  # fmt: skip
    assert sent.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: s.always(".well-known", status(500)),
        lambda s: s.always(".well-known", raw(b"no json")),
        lambda s: s.always(".well-known", document({"token_endpoint": "http://ehr.example/token"})),
        lambda s: s.always(".well-known", document({"token_endpoint": "file:///etc/passwd"})),
        lambda s: s.always("token", status(302, {"Location": "https://evil.example"})),
        lambda s: s.always("token", raw(b"x" * 70_000)),
    ],
    ids=["no configuration", "no json", "no tls", "no web address", "a redirect", "a flood"],
)
def test_an_ehr_that_gives_no_usable_answer_is_503_not_a_token(spoil: Callable[[FakeFhir], None]) -> None:
    with FakeFhir() as server:
        spoil(server)
        server.always(".well-known", document({"token_endpoint": f"{server.base}/token"}))
        assert exchange(server.base).status_code == 503


def test_a_refusal_of_the_ehr_is_handed_on() -> None:
    with FakeFhir() as server:
        server.always(".well-known", document({"token_endpoint": f"{server.base}/token"}))
        server.always("token", status(400))
        assert exchange(server.base).status_code == 400
