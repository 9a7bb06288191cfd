"""A patient whom nobody knows is never "not at risk" (GR-7, GR-8), whatever the other searches say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.acquire.acquire import Acquired
from cds_service.acquire.reasons import Failure, Reason
from cds_service.web.routes import EXTENSION
from fhir_mappings.facts import COMPLETE, Coverage, Source
from tests.builders import LOINC, Json, concept, observation, patient, quantity
from tests.contract.service import call, client, prefetch, request, searchset
from tests.integration import fake_fhir
from tests.integration.fake_fhir import FakeFhir, Fault

EMPTY = {key: searchset([], total=0) for key in prefetch() if key != "patient"}
OURS = observation("t", concept(LOINC, "8310-5"), -1, valueQuantity=quantity("36.8", "Cel"))
ANOTHERS = OURS | {"subject": {"reference": "Patient/someone-else"}}
NOBODYS = {key: value for key, value in OURS.items() if key != "subject"}


@pytest.fixture(scope="module")
def service() -> FlaskClient:
    return client()


def acquiring(failure: Failure, *found: Json) -> Callable[..., Acquired]:
    coverage = dict.fromkeys(Source, COMPLETE) | {Source.PATIENT: Coverage(None, failure.reason)}
    return lambda *_: Acquired(list(found), coverage, {"patient": failure})


def answered(failure: Failure, *found: Json) -> tuple[int, Json]:
    where = client()
    engine = where.application.extensions[EXTENSION]
    where.application.extensions[EXTENSION] = replace(engine, acquire=acquiring(failure, *found))
    answer = call(where, request())
    return answer.status_code, answer.json or {}


@pytest.mark.parametrize("transient", [False, True])
@pytest.mark.parametrize("reason", Reason)
def test_whatever_keeps_the_patient_unknown_is_named(reason: Reason, transient: bool) -> None:
    """CH-33."""
    status, body = answered(Failure(reason, transient))
    assert status == (503 if transient else 412)
    assert body["issue"][0]["expression"] == ["prefetch.patient"]
    assert f"patient ({reason})" in body["issue"][0]["diagnostics"]


@pytest.mark.parametrize("reason", Reason)
def test_only_a_key_that_was_never_sent_is_made_up_for_by_the_chart(reason: Reason) -> None:
    status, body = answered(Failure(reason), OURS)
    assert (status, body.get("cards")) == ((200, []) if reason is Reason.NOT_SUPPLIED else (412, None))


@pytest.mark.parametrize("value", [..., None, searchset([]), patient("1971-01-01") | {"id": "someone-else"}])
def test_empty_searches_alone_say_nothing_about_a_patient(service: FlaskClient, value: Any) -> None:
    """CH-29, CH-33."""
    sent = {key: each for key, each in (EMPTY | {"patient": value}).items() if each is not ...}
    answer = call(service, request(prefetch=sent))
    assert answer.status_code == 412
    assert (answer.json or {})["issue"][0]["expression"] == ["prefetch.patient"]


def test_a_known_patient_with_an_empty_chart_is_not_at_risk(service: FlaskClient) -> None:
    answer = call(service, request(prefetch=EMPTY | {"patient": patient("1971-01-01")}))
    assert (answer.status_code, answer.json) == (200, {"cards": []})


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ([OURS], 200),
        ([NOBODYS], 412),
        ([OURS | {"subject": {"reference": "https://e.example/Patient/p"}}], 200),
    ],
)
def test_an_ehr_that_never_sends_the_patient_proves_whom_it_speaks_of_by_the_chart(
    service: FlaskClient, found: list[Json], status: int
) -> None:
    """CH-30."""
    answer = call(service, request(prefetch=EMPTY | {"vitals": searchset(found, total=len(found))}))
    assert answer.status_code == status


def test_the_chart_of_another_proves_nothing(service: FlaskClient) -> None:
    """CH-34."""
    answer = call(service, request(prefetch=EMPTY | {"vitals": searchset([ANOTHERS])}))
    assert answer.status_code == 412


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (fake_fhir.status(401), 412),
        (fake_fhir.status(403), 412),
        (fake_fhir.status(404), 412),
        (fake_fhir.status(302, {"Location": "/elsewhere"}), 412),
        (fake_fhir.raw(b"<html>"), 412),
        (fake_fhir.document(searchset([])), 412),
        (fake_fhir.status(500), 503),
        (fake_fhir.status(503, {"Retry-After": "30"}), 503),
        (fake_fhir.status(429, {"Retry-After": "30"}), 503),
        (fake_fhir.reset(), 503),
    ],
)
def test_a_server_that_does_not_give_the_patient_gives_no_all_clear(fault: Fault, status: int) -> None:
    with FakeFhir() as server:
        server.always("Patient", fault)
        answer = call(client(fhir_servers=(server.base,)), request(prefetch=..., fhirServer=server.base))
    assert answer.status_code == status
    assert (answer.json or {})["issue"][0]["expression"] == ["prefetch.patient"]
