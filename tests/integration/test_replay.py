"""Decisions made again from full records, for every patient of the sandbox, however the chart was had."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.app import create_app, the_writer
from cds_service.cli import main
from cds_service.settings import Settings
from tests.integration.fake_fhir import FakeFhir, status
from tests.integration.test_rest_equals_prefetch import (
    IDS,
    NOW,
    PATH,
    Json,
    _encoder,
    chart,
    prefetched,
)


@pytest.fixture(autouse=True)
def stored_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Service and commands use one store, that of this test."""
    monkeypatch.setenv("CRS_CDS_DATA_DIR", str(tmp_path))


def service(*servers: str) -> FlaskClient:
    settings = Settings(auth="none", fhir_servers=servers, audit_full_days=1, fhir_budget_ms=1_500)
    return create_app(settings, clock=lambda: NOW).test_client()


def ask(where: FlaskClient, patient: str, **members: object) -> TestResponse:
    request: Json = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/1", "patientId": patient},
        **members,
    }
    answer = where.post(PATH, data=_encoder.encode(request), content_type="application/json")
    the_writer(where.application).stop()
    return answer


def assert_replayed(answer: TestResponse, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "replay", answer.headers["X-Request-Id"]]) == 0
    assert capsys.readouterr().out.removesuffix("\n").encode() == answer.data


@pytest.mark.parametrize("patient", IDS)
def test_what_was_prefetched_is_answered_again_to_the_byte(
    patient: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_replayed(ask(service(), patient, prefetch=prefetched(chart(patient))), capsys)


@pytest.mark.parametrize("patient", IDS)
def test_what_was_fetched_in_pages_is_answered_again_to_the_byte(
    patient: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeFhir(chart(patient)) as server:
        server.page_limit = 20
        assert_replayed(ask(service(server.base), patient, fhirServer=server.base), capsys)


def test_a_fhir_server_that_failed_then_is_not_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    with FakeFhir(chart("demo-03")) as server:
        for resource_type in ("MedicationAdministration", "Procedure", "Condition", "Observation"):
            server.always(resource_type, status(500))
        answer = ask(service(server.base), "demo-03", fhirServer=server.base)
    assert answer.status_code == 503
    assert_replayed(answer, capsys)
