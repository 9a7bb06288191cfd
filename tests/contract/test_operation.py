"""Readiness and metrics: what they say, and that neither they nor the log ever name a patient."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from cds_service.app import the_writer
from cds_service.web import operation
from tests.builders import LOINC, concept, observation, patient, quantity
from tests.contract import trusted
from tests.contract.service import PATH, _encoder, call, client, prefetch, request, searchset
from tests.contract.test_feedback import overridden, send
from tests.integration.fake_fhir import FakeFhir, status
from tests.logged import Logged
from tests.redis_server import RedisServer


def samples(service: FlaskClient) -> dict[str, float]:
    lines = [line for line in service.get("/metrics").text.splitlines() if not line.startswith("#")]
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}


@pytest.fixture
def service(tmp_path: Path) -> FlaskClient:
    return client(data_dir=tmp_path)


def test_a_call_is_counted_with_its_grade_rules_and_gaps(service: FlaskClient) -> None:
    call(service, request(prefetch=prefetch(oxygen=None)))
    found = samples(service)
    view = 'service="crs-patient-view"'
    assert found[f'crs_cds_calls_total{{client="",kind="hook",{view},status="200"}}'] == 1
    assert found['crs_cds_assessments_total{episode="active",highest="4",lowest="3"}'] == 1
    assert found['crs_cds_rules_total{rule="GR-3"}'] == 1
    assert found['crs_cds_searches_incomplete_total{key="oxygen",reason="null"}'] == 1
    assert any(name.startswith('crs_cds_missing_total{axis="hypoxia"') for name in found)
    assert found[f"crs_cds_call_seconds_count{{{view}}}"] == 1
    assert found[f'crs_cds_cards_total{{{view},shadow="false"}}'] == 1


def test_requests_to_the_fhir_server_are_counted_by_type_and_outcome(tmp_path: Path) -> None:
    with FakeFhir([{"resourceType": "Patient", "id": "p"}]) as fhir:
        fhir.always("Condition", status(403))
        service = client(data_dir=tmp_path, fhir_servers=(fhir.base,))
        call(service, request(prefetch=..., fhirServer=fhir.base))
    found = samples(service)
    assert found['crs_cds_fhir_request_seconds_count{outcome="200",type="Patient"}'] == 1
    assert found['crs_cds_fhir_request_seconds_count{outcome="403",type="Condition"}'] == 1


def test_a_refused_token_is_counted_with_its_reason(tmp_path: Path) -> None:
    service = trusted.service(tmp_path)
    trusted.call(service, None)
    trusted.call(service, f"Bearer {trusted.token(aud='https://elsewhere.example')}")
    found = samples(service)
    assert found['crs_cds_refused_tokens_total{reason="no-token"}'] == 1
    assert found['crs_cds_refused_tokens_total{reason="wrong-audience"}'] == 1
    assert found['crs_cds_calls_total{client="",kind="hook",service="other",status="401"}'] == 2


def test_names_that_callers_make_up_add_no_series(service: FlaskClient) -> None:
    call(service, request(), path="/cds-services/one")
    before = len(samples(service))
    for number in range(20):
        call(service, request(), path=f"/cds-services/made-up-{number}")
    assert len(samples(service)) == before


def test_metrics_can_be_turned_off(tmp_path: Path) -> None:
    assert client(data_dir=tmp_path, metrics=False).get("/metrics").status_code == 404


def test_without_redis_a_service_that_needs_it_is_not_ready(tmp_path: Path) -> None:
    answer = trusted.service(tmp_path, redis_url="redis://127.0.0.1:9/0").get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert (answer.json["status"], answer.json["redis"]) == ("not ready", {"state": "failing"})


def test_with_redis_it_is_ready_until_redis_hangs(tmp_path: Path, redis_server: RedisServer) -> None:
    service = trusted.service(tmp_path, redis_url=redis_server.url)
    assert service.get("/readyz").status_code == 200
    redis_server.freeze()
    try:
        assert service.get("/readyz").status_code == 503
        assert service.get("/livez").status_code == 200
    finally:
        redis_server.thaw()
    assert service.get("/readyz").status_code == 200


CANARY = re.compile(r"(?i)canary|MRN-?88140|19710203")


def poisoned() -> dict[str, object]:
    """A chart with a name, a record number and a birth date wherever text can stand."""
    temperature = observation(
        "MRN-88140", concept(LOINC, "8310-5"), -1, valueQuantity=quantity("39.4", "Cel")
    )
    temperature["note"] = [{"text": "Canary, Yellow called the ward"}]
    temperature["code"]["text"] = "Temp of Mrs Canary"
    local = observation("Canary-2", {"text": "Canary score"}, -1, valueQuantity=quantity("7", "canaries"))
    named = patient("1971-02-03") | {"name": [{"family": "Canary"}], "identifier": [{"value": "MRN-88140"}]}
    good = prefetch()
    vitals = [*(entry["resource"] for entry in good["vitals"]["entry"]), temperature, local]
    return good | {"patient": named, "vitals": searchset(vitals), "MRN-88140": {"resourceType": "Canary"}}


def test_no_patient_is_in_log_metrics_or_refusals_at_debug_either(tmp_path: Path, logged: Logged) -> None:
    service = client(data_dir=tmp_path, feedback_comments=True)
    headers = {
        "Authorization": "Bearer canary-token", "X-Request-Id": "MRN-88140", "traceparent": "00-canary",
        "User-Agent": "Canary", "Cookie": "patient=MRN-88140", "Content-Type": "application/json",
    }  # fmt: skip
    context = {"userId": "Practitioner/Canary", "patientId": "p", "encounterId": "MRN-88140"}
    good = request(prefetch=poisoned(), context=context)
    answers = [
        service.post(PATH, data=_encoder.encode(body), headers=headers)
        for body in (
            good,
            good | {"hook": "canary"},
            good | {"hookInstance": "MRN-88140"},
            good | {"context": {"patientId": "MRN-88140/../Canary"}},
            good | {"fhirServer": "http://canary.example/MRN-88140"},
            good | {"prefetch": "Canary"},
            good | {"prefetch": poisoned() | {"vitals": {"resourceType": "Canary"}}},
        )
    ]
    answers.append(service.post("/cds-services/MRN-88140", data=_encoder.encode(good), headers=headers))
    answers.append(service.get("/Patient/MRN-88140?name=Canary", headers=headers))
    answers.append(service.post(PATH, data=b'{"patient": "Canary"', headers=headers))
    send(service, overridden(overrideReason={"userComment": "Canary is well"}))
    the_writer(service.application).stop()
    assert [answer.status_code for answer in answers].count(200) == 1
    for answer in answers[1:]:
        assert not CANARY.search(answer.text), answer.text
    assert "hook" in logged.events
    assert not CANARY.search(logged.text)
    assert not CANARY.search(service.get("/metrics").text)
    assert not CANARY.search(service.get("/readyz").text)


def test_an_error_within_is_logged_without_its_text(
    tmp_path: Path, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bool:
        raise RuntimeError("Canary MRN-88140")

    service = client(data_dir=tmp_path)
    monkeypatch.setattr(operation, "in_shadow", fail)
    answer = call(service, request())
    assert answer.status_code == 500
    (line,) = [line for line in logged.lines if line["event"] == "unexpected"]
    assert (line["error"], line["where"].partition(":")[0]) == ("RuntimeError", "test_operation.py")
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert not CANARY.search(logged.text + answer.text)


def test_what_cannot_be_counted_is_answered_all_the_same(
    service: FlaskClient, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(operation.of(service.application).metrics, "calls", full)
    answer = call(service, request())
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["cards"]
    assert "not-counted" in logged.events
