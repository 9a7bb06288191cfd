"""The same patients by prefetch and over REST: exactly the same assessments, also from a real FHIR server."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient

from cds_service.app import create_app, the_writer
from cds_service.sandbox import patients
from cds_service.settings import Settings
from tests.contract.examples import AUTHORIZATION
from tests.integration.fake_fhir import FakeFhir, Reply, from_store, status
from tests.integration.hapi_server import Resource
from tests.logged import Logged

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PATH = "/cds-services/crs-patient-view"
LONG_ENOUGH_MS = 60_000
IDS = sorted(patients.ids())
SEARCHES = {
    "vitals": "Observation", "oxygen": "Observation", "labs": "Observation", "procedures": "Procedure",
    "medications": "MedicationAdministration", "immunizations": "Immunization", "conditions": "Condition",
    "orders": "MedicationRequest",
}  # fmt: skip
Json = dict[str, Any]
_encoder = msgspec.json.Encoder(decimal_format="number")


def chart(patient: str) -> list[Json]:
    return list(patients.resources(patient, NOW))


def service(*servers: str) -> FlaskClient:
    settings = Settings(auth="none", fhir_servers=servers, fhir_budget_ms=LONG_ENOUGH_MS)
    return create_app(settings, clock=lambda: NOW).test_client()


def prefetched(resources: Iterable[Json]) -> Json:
    """Every search answered with all resources of its type: the mapper picks what it knows."""
    by_type: dict[str, list[Json]] = {}
    for resource in resources:
        by_type.setdefault(resource["resourceType"], []).append({"resource": resource})
    companions = {"medications": "Medication", "oxygen": "Device"}
    found: Json = {"patient": by_type["Patient"][0]["resource"]}
    for key, kind in SEARCHES.items():
        extra = by_type.get(companions[key], []) if key in companions else []
        matches = by_type.get(kind, [])
        size = {"total": len(matches)}
        found[key] = {"resourceType": "Bundle", "type": "searchset", **size, "entry": matches + extra}
    return found


def assessed(where: FlaskClient, patient: str, **members: Any) -> Json:
    """The machine-readable assessment, or the status where there is no card."""
    request = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/1", "patientId": patient},
        **members,
    }
    answer = where.post(PATH, data=_encoder.encode(request), content_type="application/json")
    assert answer.status_code == 200, answer.text
    cards = answer.json["cards"] if answer.json else []
    found: Json = cards[0]["extension"]["org.crs-cds.assessment"] if cards else {"cards": []}
    return found


@pytest.mark.parametrize("patient", IDS)
def test_a_fhir_server_with_pages_gives_what_prefetch_gives(patient: str) -> None:
    """CH-31."""
    resources = chart(patient)
    with FakeFhir(resources) as server:
        over_rest = assessed(service(server.base), patient, fhirServer=server.base)
    assert over_rest == assessed(service(), patient, prefetch=prefetched(resources))


@pytest.mark.parametrize("patient", IDS)
def test_a_real_fhir_server_gives_what_prefetch_gives(
    hapi_base: str, load: Callable[[Iterable[Resource]], None], patient: str
) -> None:
    resources = chart(patient)
    load(resources)
    over_rest = assessed(service(hapi_base), patient, fhirServer=hapi_base)
    assert over_rest == assessed(service(), patient, prefetch=prefetched(resources))


@pytest.mark.parametrize("full", [0, 30])
def test_the_token_goes_to_the_fhir_server_and_nowhere_else(
    logged: Logged, tmp_path: Path, full: int
) -> None:
    """CH-32: not into logs, answers or records, whether the call succeeds or not."""
    secret = "s3cret-of-this-call"
    with FakeFhir(chart("demo-03")) as server:
        server.once("Observation", status(403), status(500), from_store)
        where = create_app(
            Settings(auth="none", fhir_servers=(server.base,), data_dir=tmp_path, audit_full_days=full)
        ).test_client()
        request = {
            "hook": "patient-view",
            "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "fhirServer": server.base,
            "fhirAuthorization": AUTHORIZATION | {"access_token": secret, "scope": "user/*.rs"},
            "context": {"userId": "Practitioner/1", "patientId": "demo-03"},
        }
        answers = [where.post(PATH, json=message) for message in (request, request, request | {"hook": "x"})]
        assert {seen.headers["authorization"] for seen in server.seen} == {f"Bearer {secret}"}
    the_writer(where.application).stop()
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert secret.encode() not in kept
    assert "refused" in logged.events
    assert secret not in logged.text + "".join(answer.text for answer in answers)


def refusal(server: FakeFhir, resource_type: str, reply: Reply) -> tuple[int, Json, str | None]:
    server.always(resource_type, lambda handler, _: handler.reply(reply))
    settings = Settings(auth="none", fhir_servers=(server.base,), fhir_budget_ms=1500)
    where = create_app(settings, clock=lambda: NOW).test_client()
    request = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "fhirServer": server.base,
        "context": {"userId": "Practitioner/1", "patientId": "demo-10"},
    }
    answer = where.post(PATH, json=request)
    return answer.status_code, answer.json or {}, answer.headers.get("Retry-After")


@pytest.mark.parametrize(
    ("upstream", "status"), [(500, 503), (503, 503), (429, 503), (401, 412), (403, 412), (404, 412)]
)
def test_what_a_server_does_not_give_is_never_answered_with_no_cards(upstream: int, status: int) -> None:
    """Without medications nobody can say that the patient is not at risk."""
    with FakeFhir(chart("demo-10")) as server:
        found, outcome, wait = refusal(server, "MedicationAdministration", Reply(upstream))
    assert found == status
    assert outcome["issue"][0]["expression"] == ["prefetch.medications"]
    assert (wait is not None) is (status == 503)


def test_a_patient_whom_the_server_does_not_know_is_not_called_well() -> None:
    with FakeFhir(chart("demo-10")) as server:
        where = service(server.base)
        request = {
            "hook": "patient-view",
            "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "fhirServer": server.base,
            "context": {"userId": "Practitioner/1", "patientId": "nobody-here"},
        }
        answer = where.post(PATH, json=request)
    assert answer.status_code == 412
    assert answer.json is not None
    assert answer.json["issue"][0]["expression"] == ["prefetch.patient"]


def test_a_server_that_is_away_is_said() -> None:
    with FakeFhir([]) as server:
        base = server.base
    request = {
        "hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "fhirServer": base,
        "context": {"userId": "Practitioner/1", "patientId": "demo-10"},
    }  # fmt: skip
    where = create_app(Settings(auth="none", fhir_servers=(base,), fhir_budget_ms=800)).test_client()
    answer = where.post(PATH, json=request)
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["resourceType"] == "OperationOutcome"
