"""An EHR before the whole set-up as it is deployed: TLS, signed calls, two replicas, real servers."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from benchmarks.charts import hook_request
from cds_service.sandbox import patients
from tests.topology.conftest import Site
from tools.trial import VIEW, Ehr, patient_view

FEEDBACK = f"{VIEW}/feedback"
Json = dict[str, Any]


def view(site: Site, patient: str, token: str | None = None) -> requests.Response:
    hospital = site.hospital
    body = patient_view(patient, hospital.fhir_base)
    return site.session().post(
        hospital.url + VIEW, json=body, headers=hospital.header(VIEW, token), timeout=30
    )


def prefetched(
    site: Site, address: str | None = None, token: str | None = None, **headers: str
) -> requests.Response:
    body = hook_request(24, datetime.now(UTC))
    sent = {"Content-Type": "application/json", **site.hospital.header(VIEW, token), **headers}
    data = gzip.compress(body) if headers else body
    return site.session().post((address or site.hospital.url) + VIEW, data=data, headers=sent, timeout=30)


def feedback(site: Site, card: str, address: str | None = None) -> requests.Response:
    entry = {"card": card, "outcome": "overridden", "outcomeTimestamp": datetime.now(UTC).isoformat()}
    where = (address or site.hospital.url) + FEEDBACK
    headers = site.hospital.header(FEEDBACK)
    return site.session().post(where, json={"feedback": [entry]}, headers=headers, timeout=30)


def grade(answer: requests.Response) -> tuple[int, int] | None:
    assert answer.status_code == 200, answer.text
    for card in answer.json()["cards"]:
        found = card["extension"]["org.crs-cds.assessment"].get("grade")
        if found:
            return found["lowest"], found["highest"]
    return None


def test_discovery_needs_no_token_and_comes_over_tls(hospital: Site) -> None:
    answer = hospital.session().get(f"{hospital.hospital.url}/cds-services", timeout=30)
    assert answer.status_code == 200
    assert len(answer.json()["services"]) == 3
    assert "Strict-Transport-Security" in answer.headers
    assert answer.headers["Server"] == "nginx"  # without its version


@pytest.mark.parametrize("patient", patients.ids())
def test_a_signed_call_reads_the_fhir_server_and_gives_the_grade_of_the_patient(
    hospital: Site, patient: str
) -> None:
    expected = patients.expected(patient)
    found = grade(view(hospital, patient))
    assert found == (None if expected.lowest is None else (expected.lowest, expected.highest))


def test_a_call_without_a_token_or_signed_by_another_is_refused(hospital: Site) -> None:
    other = Ehr.made().token(hospital.hospital.url + VIEW)
    assert view(hospital, "demo-03", other).status_code == 401
    assert view(hospital, "demo-03", "none").status_code == 401


def test_a_token_that_one_replica_took_is_refused_by_the_other(hospital: Site) -> None:
    for first, second in ((0, 1), (1, 0)):
        token = hospital.hospital.ehr.token(hospital.hospital.url + VIEW)
        assert prefetched(hospital, hospital.hospital.address(first), token).status_code == 200
        assert prefetched(hospital, hospital.hospital.address(second), token).status_code == 401


def test_feedback_through_either_replica_arrives_once(hospital: Site) -> None:
    for number in (0, 1):
        card = str(uuid.uuid4())
        assert feedback(hospital, card, hospital.hospital.address(number)).status_code == 200
        assert hospital.stored(card) == 1
    card = str(uuid.uuid4())
    assert feedback(hospital, card).status_code == 200
    assert hospital.stored(card) == 1


def test_calls_go_on_while_a_replica_is_stopped_and_when_it_is_back(hospital: Site) -> None:
    one = hospital.hospital.replicas[0]
    one.stop()
    try:
        assert {prefetched(hospital).status_code for _ in range(20)} == {200}
        assert grade(view(hospital, "demo-03")) == (3, 3)
    finally:
        one.start()
    hospital.hospital.await_ready()
    assert {prefetched(hospital).status_code for _ in range(20)} == {200}


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/metrics/", "/readyz/x", "//metrics", "/%6detrics"])
def test_what_is_for_the_monitoring_inside_is_not_reached_from_outside(hospital: Site, path: str) -> None:
    answer = hospital.session().get(hospital.hospital.url + path, timeout=30)
    assert answer.status_code == 404
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_body_beyond_the_limit_is_refused_before_it_reaches_a_replica(hospital: Site) -> None:
    answer = hospital.session().post(
        hospital.hospital.url + VIEW,
        data=b" " * (33 * 1024 * 1024),
        headers=hospital.hospital.header(VIEW),
        timeout=60,
    )
    assert answer.status_code == 413
    assert answer.json()["issue"][0]["code"] == "too-long"


def test_a_body_within_the_limit_is_passed_on_whole(hospital: Site) -> None:
    request: Json = json.loads(hook_request(24, datetime.now(UTC)))
    request["prefetch"]["padding"] = {"resourceType": "Basic", "text": "x" * (20 * 1024 * 1024)}
    answer = hospital.session().post(
        hospital.hospital.url + VIEW, json=request, headers=hospital.hospital.header(VIEW), timeout=60
    )
    assert grade(answer) == (3, 3)


def test_packed_requests_and_answers_pass_through(hospital: Site) -> None:
    answer = prefetched(hospital, **{"Content-Encoding": "gzip", "Accept-Encoding": "gzip"})
    assert grade(answer) == (3, 3)
    assert answer.headers["Content-Encoding"] == "gzip"


def raw(site: Site) -> ssl.SSLSocket:
    trust = ssl.create_default_context(cafile=str(site.hospital.certificate))
    port = site.hospital.nginx.port
    return trust.wrap_socket(
        socket.create_connection(("127.0.0.1", port), timeout=30), server_hostname="localhost"
    )


def is_let_go(connection: ssl.SSLSocket) -> bool:
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:  # reset
        return True
    return True


def test_clients_that_never_finish_their_header_are_let_go_and_hold_up_nobody(hospital: Site) -> None:
    slow = [raw(hospital) for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(b"POST /cds-services/crs-patient-view HTTP/1.1\r\nHost: localhost\r\nX-")
        began = time.monotonic()
        assert prefetched(hospital).status_code == 200
        assert time.monotonic() - began < 2
        time.sleep(max(0.0, 8 - (time.monotonic() - began)))
        for connection in slow:
            connection.settimeout(2)
            assert is_let_go(connection)
    finally:
        for connection in slow:
            connection.close()


def test_the_log_of_nginx_has_no_identifier_of_a_patient(hospital: Site) -> None:
    site = hospital.hospital
    hospital.session().get(f"{site.url}/smart/launch?launch=canary-1&iss=https://ehr.example", timeout=30)
    view(hospital, "demo-03")
    said = site.nginx.log.read_text()
    assert '"path":"/cds-services/crs-patient-view"' in said
    assert "canary-1" not in said
    assert "demo-03" not in said
