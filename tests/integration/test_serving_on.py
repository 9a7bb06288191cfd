"""A server that is stopped, reloaded and asked how it does while it answers: real processes, real load."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from benchmarks.charts import hook_request
from cds_service.tables import GUIDELINES
from tests.contract.service import PATH, _encoder, request
from tests.integration.fake_fhir import FakeFhir, after, status
from tests.integration.serving import Served, served

JSON = {"Content-Type": "application/json"}
CANARY = "MRN-88140-Canary"
GUIDELINE = GUIDELINES / "astct-2019.toml"


def events(output: str) -> list[dict[str, Any]]:
    """What was logged; a line that is no JSON fails the test."""
    return [json.loads(line) for line in output.splitlines()]


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit, "it did not come about in time"
        time.sleep(0.02)


def readiness(server: Served) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{server.base}/readyz", timeout=30).json()
    return found


def samples(server: Served) -> dict[str, float]:
    text = requests.get(f"{server.base}/metrics", timeout=30).text
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


# ---------------------------------------------------------------- stopping


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
def test_calls_under_way_are_answered_when_the_server_stops_or_reloads(
    tmp_path: Path, sent: signal.Signals
) -> None:
    with FakeFhir() as fhir:
        for resource_type in ("Patient", "Observation", "MedicationAdministration", "Procedure", "Condition"):
            fhir.always(resource_type, after(1.0))
        fhir.resources.append({"resourceType": "Patient", "id": "p"})
        with served(2, data_dir=str(tmp_path), fhir_servers=fhir.base, fhir_budget_ms="20000") as server:
            body = _encoder.encode(request(prefetch=..., fhirServer=fhir.base))
            with ThreadPoolExecutor(16) as many:
                calls = [
                    many.submit(requests.post, server.base + PATH, data=body, headers=JSON, timeout=60)
                    for _ in range(16)
                ]
                until(lambda: len(fhir.calls("Patient")) == 16)
                os.kill(server.process.pid, sent)
                answers = [call.result() for call in calls]
            assert [answer.status_code for answer in answers] == [200] * 16, answers[0].text
            if sent is signal.SIGHUP:
                assert requests.post(server.base + PATH, data=body, headers=JSON, timeout=60).ok
            output = server.stop()
    assert server.process.returncode == 0
    assert "Traceback" not in output


# ---------------------------------------------------------------- reloading


@contextmanager
def load(server: Served, clients: int = 4) -> Iterator[list[tuple[int, str]]]:
    """Calls without a pause, on connections that are kept; status and table of every answer."""
    seen: list[tuple[int, str]] = []
    over = threading.Event()
    body = hook_request(6, datetime.now(UTC))

    def call() -> None:
        connection = http.client.HTTPConnection(urlsplit(server.base).netloc, timeout=60)
        while not over.is_set():
            connection.request("POST", PATH, body, JSON)
            answer = connection.getresponse()
            card = json.loads(answer.read())["cards"][0]
            guideline = card["extension"]["org.crs-cds.assessment"]["guideline"]
            seen.append((answer.status, guideline["sha256"]))
            time.sleep(0.01)
        connection.close()

    with ThreadPoolExecutor(clients) as many:
        running = [many.submit(call) for _ in range(clients)]
        try:
            yield seen
        finally:
            over.set()
            for each in running:
                each.result()


def test_new_tables_are_taken_under_load_without_an_error(tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(GUIDELINE.read_text())
    with served(2, data_dir=str(tmp_path), guideline=str(file)) as server:
        before = readiness(server)["sha256"]
        with load(server) as seen:
            until(lambda: len(seen) > 20)
            file.write_text(file.read_text() + "\n# signed again\n")
            server.process.send_signal(signal.SIGHUP)
            until(lambda: any(table != before for _, table in seen))
            until(lambda: all(table != before for _, table in seen[-40:]))
            after_it = readiness(server)["sha256"]
        assert {status for status, _ in seen} == {200}
        assert {table for _, table in seen} == {before, after_it}
        found = samples(server)
        (workers,) = [(name, n) for name, n in found.items() if name.startswith("crs_cds_workers")]
        assert after_it in workers[0]
        assert workers[1] == 2
        assert found['crs_cds_reloads_total{outcome="good"}'] == 1
        output = server.stop()
    assert [line["sha256"] for line in events(output) if line["event"] == "reloaded"] == [after_it]


def test_tables_that_are_wrong_are_refused_aloud_and_the_old_ones_stay(tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(GUIDELINE.read_text())
    with served(2, data_dir=str(tmp_path), guideline=str(file)) as server:
        before = readiness(server)["sha256"]
        good = file.read_text()
        with load(server) as seen:
            file.write_text("[guideline]\nid = 7\n")
            server.process.send_signal(signal.SIGHUP)
            until(lambda: readiness(server)["reload"]["state"] == "refused")
            assert readiness(server)["status"] == "ready"
            until(lambda: samples(server).get("crs_cds_reload_failed") == 1)
            file.write_text(good)
            server.process.send_signal(signal.SIGHUP)
            until(lambda: [readiness(server)["reload"]["state"] for _ in range(6)] == ["good"] * 6)
            until(lambda: samples(server)["crs_cds_reload_failed"] == 0)
        assert set(seen) == {(200, before)}
        output = server.stop()
    (refused,) = [line for line in events(output) if line["event"] == "reload-refused"]
    assert "ours.toml" in refused["error"]
    assert refused["level"] == "error"


# ---------------------------------------------------------------- counting


def test_workers_count_together_and_what_they_counted_outlives_them(tmp_path: Path) -> None:
    with served(2, data_dir=str(tmp_path)) as server:
        body = hook_request(6, datetime.now(UTC))
        for _ in range(30):
            assert requests.post(server.base + PATH, data=body, headers=JSON, timeout=30).ok
        name = 'crs_cds_calls_total{client="",kind="hook",service="crs-patient-view",status="200"}'
        assert samples(server)[name] == 30
        server.process.send_signal(signal.SIGHUP)
        until(lambda: samples(server).get('crs_cds_reloads_total{outcome="good"}') == 1)
        until(lambda: sum(n for each, n in samples(server).items() if "crs_cds_workers" in each) == 2)
        assert samples(server)[name] == 30
        found = samples(server)
        assert found['crs_cds_call_seconds_count{service="crs-patient-view"}'] == 30
        assert found["crs_cds_records_failing"] == 0


def test_the_folder_of_the_counts_is_gone_with_the_server(tmp_path: Path) -> None:
    with served(1, data_dir=str(tmp_path)) as server:
        readiness(server)  # the worker is there, and has begun
        place = set(Path("/dev/shm").glob("crs-cds-metrics-*"))  # noqa: S108
        pid = server.process.pid
        held = [os.readlink(link) for link in Path(f"/proc/{children(pid)[0]}/map_files").iterdir()]
        own = {path for path in place if any(name.startswith(str(path)) for name in held)}
        assert len(own) == 1
        server.stop()
    assert not any(path.exists() for path in own)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# ---------------------------------------------------------------- as it is found


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, FakeFhir]]:
    """A server that logs all that it can, and the FHIR server that it may ask."""
    folder = str(tmp_path_factory.mktemp("talkative"))
    with (
        FakeFhir([{"resourceType": "Patient", "id": CANARY}]) as fhir,
        served(1, data_dir=folder, log_level="debug", fhir_servers=fhir.base) as server,
    ):
        yield server, fhir


def test_every_line_of_the_log_is_json_and_names_its_call(talkative: tuple[Served, FakeFhir]) -> None:
    server, _ = talkative
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = JSON | {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "X-Request-Id": CANARY}
    body = hook_request(6, datetime.now(UTC))
    answer = requests.post(server.base + PATH, data=body, headers=headers, timeout=30)
    lines = [line for line in events(server.said()) if line["event"] == "hook"]
    assert (lines[-1]["request_id"], lines[-1]["trace_id"]) == (answer.headers["X-Request-Id"], trace)
    (serving,) = [line for line in events(server.said()) if line["event"] == "serving"]
    assert (serving["workers"], serving["guideline"]) == (1, "astct-2019")


def test_a_patient_who_is_fetched_is_named_nowhere(talkative: tuple[Served, FakeFhir]) -> None:
    server, fhir = talkative
    fhir.once("Condition", status(500))
    fhir.once("Procedure", status(400, text=f"unknown parameter _sort of {CANARY}"))
    authorization = {
        "access_token": CANARY, "token_type": "Bearer", "expires_in": 300, "scope": "user/*.rs",
        "subject": "e",
    }  # fmt: skip
    context = {"userId": "Practitioner/1", "patientId": CANARY}
    asked = {"fhirServer": fhir.base, "context": context, "fhirAuthorization": authorization}
    body = _encoder.encode(request(prefetch=..., **asked))
    for _ in range(2):
        requests.post(server.base + PATH, data=body, headers=JSON, timeout=30)
    requests.get(f"{server.base}/{CANARY}?patient={CANARY}", headers={"X-A": CANARY}, timeout=30)
    raw(server, f"GET /{CANARY} HTTP/1.1\r\nHost: localhost\r\n{CANARY} {CANARY}\r\n\r\n")
    raw(server, f"{CANARY}\r\n\r\n")
    assert any(CANARY in json.dumps(seen.params) for seen in fhir.seen)
    assert CANARY not in server.said()
    assert CANARY not in requests.get(f"{server.base}/metrics", timeout=30).text
    logged = {line["event"] for line in events(server.said())}
    assert {"refused", "fhir-parameter-refused", "not-http"} <= logged


def raw(server: Served, sent: str) -> bytes:
    place = urlsplit(server.base)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=30) as connection:
        connection.sendall(sent.encode())
        return connection.recv(65_536)


def test_forwarded_headers_change_nothing(talkative: tuple[Served, FakeFhir]) -> None:
    server, _ = talkative
    sent = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "SCRIPT_NAME": "/x"}
    address = f"{server.base}/schemas/openapi.json"
    plain = requests.get(address, timeout=30)
    told = requests.get(address, headers=sent, timeout=30)
    assert (told.status_code, told.text) == (200, plain.text)


def test_a_head_beyond_the_bound_is_refused_and_a_long_token_is_not(
    talkative: tuple[Served, FakeFhir],
) -> None:
    server, _ = talkative
    for size, status_code in ((7_000, 200), (40_000, 431)):
        headers = {"Authorization": "Bearer " + CANARY * (size // len(CANARY))}
        found = requests.get(f"{server.base}/livez", headers=headers, timeout=30)
        assert found.status_code == status_code
    assert CANARY not in server.said()
