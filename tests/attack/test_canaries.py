"""Secrets planted everywhere a caller can put one, and looked for in everything that the process writes."""

from __future__ import annotations

import http.client
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.contract.service import prefetch, request, searchset
from tests.integration.fake_fhir import FakeFhir, reset, status
from tests.integration.serving import Served, served
from tests.trusted_ehr import PATH, PUBLIC_URL, Ehr, Json, client_entry, write_clients

CANARIES = {
    "name": "Kanarienvogel",
    "identifier": "MRN-7731-CANARY",
    "patient": "canary-patient-4711",
    "bearer": "canary-bearer-8822",
    "user": "Practitioner/canary-nurse",
    "note": "canary note of a nurse",
    "header": "canary-in-a-header",
    "query": "canary-in-the-query",
    "comment": "canary-comment",
    "birth": "1931-07-19",
    "value": "41.77",
    "jti": "canary-jti-55",
}
FEEDBACK = f"{PATH}/feedback"


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path, list[str]]]:
    """The service after calls that went well and calls that went wrong; and the tokens that were sent."""
    folder = tmp_path_factory.mktemp("canaries")
    with FakeFhir([]) as fhir:
        fhir.once("Observation", reset())
        fhir.always("Condition", status(500, text=CANARIES["note"]))
        clients = write_clients(folder, client_entry(folder, fhir_base=fhir.base, allow_http=True))
        with served(
            1,
            auth="jwt",
            clients=str(clients),
            public_url=PUBLIC_URL,
            rate_limit="10000",
            data_dir=str(folder / "data"),
            audit_full_days="0",
        ) as where:
            tokens = [speak(where, body, path) for path, body in messages(fhir.base)]
            tokens += [refused(where) for _ in range(3)]
            where.stop()
            yield where, folder / "data", tokens


def whole(base: str) -> Json:
    chart = prefetch(conditions=...)
    chart["patient"] |= {
        "id": CANARIES["patient"],
        "name": [{"family": CANARIES["name"]}],
        "birthDate": CANARIES["birth"],
        "identifier": [{"value": CANARIES["identifier"]}],
    }
    text = (
        json.dumps(chart, default=str)
        .replace("39.4", CANARIES["value"])
        .replace("Patient/p", f"Patient/{CANARIES['patient']}")
    )
    chart = json.loads(text)
    for entry in chart["vitals"]["entry"]:
        entry["resource"]["note"] = [{"text": CANARIES["note"]}]
    access = {
        "access_token": CANARIES["bearer"],
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.rs",
        "subject": "crs",
    }
    context = {"userId": CANARIES["user"], "patientId": CANARIES["patient"]}
    return request(prefetch=chart, context=context, fhirServer=base, fhirAuthorization=access)


def messages(base: str) -> list[tuple[str, str]]:
    good = whole(base)
    comment = {
        "card": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
        "outcome": "overridden",
        "overrideReason": {"userComment": CANARIES["comment"]},
        "outcomeTimestamp": "2026-03-10T09:00:00Z",
    }
    return [
        (PATH, json.dumps(good)),
        (PATH, json.dumps(good | {"prefetch": good["prefetch"] | {"conditions": searchset([])}})),
        (PATH, json.dumps(good)[:-9]),
        (PATH, json.dumps(good | {"prefetch": {}})),
        (PATH, json.dumps(good | {"hook": CANARIES["note"]})),
        (PATH, json.dumps(good | {"fhirServer": f"https://evil.example/{CANARIES['patient']}"})),
        (
            PATH,
            json.dumps(
                good
                | {
                    "context": {
                        "userId": CANARIES["user"],
                        "patientId": f"{CANARIES['name']} {CANARIES['identifier']}",
                    }
                }
            ),
        ),
        (f"/cds-services/{CANARIES['patient']}", json.dumps(good)),
        (FEEDBACK, json.dumps({"feedback": [comment]})),
        (FEEDBACK, json.dumps({"feedback": [comment | {"outcome": CANARIES["note"]}]})),
    ]


def speak(where: Served, body: str, path: str) -> str:
    token = Ehr().token(path=path, jti=f"{CANARIES['jti']}-{len(body)}-{path}"[:200])
    post(where, f"{path}?x={CANARIES['query']}", body, token)
    return token


def refused(where: Served) -> str:
    token = Ehr().token(aud=CANARIES["note"], sub=CANARIES["name"])
    post(where, PATH, "{}", token)
    post(where, PATH, "{}", f"{CANARIES['header']}.x.y")
    return token


def post(where: Served, path: str, body: str, token: str) -> int:
    parts = urlsplit(where.base)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    named = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {token}",
        "Cookie": CANARIES["header"],
        "User-Agent": CANARIES["header"],
        "Referer": f"https://ehr.example/{CANARIES['patient']}",
        "traceparent": CANARIES["header"],
    }
    connection.request("POST", path, body.encode(), named)
    status = connection.getresponse().status
    connection.close()
    return status


def test_all_kinds_of_calls_were_made_and_logged(spoken: tuple[Served, Path, list[str]]) -> None:
    """Else there would be nothing to look at."""
    said = spoken[0].said()
    assert '"hook"' in said
    assert "wrong-audience" in said
    assert said.count("refused") >= 8


@pytest.mark.parametrize("name", CANARIES)
def test_no_secret_is_in_the_log(spoken: tuple[Served, Path, list[str]], name: str) -> None:
    assert CANARIES[name] not in spoken[0].said()


def test_no_token_is_in_the_log_or_in_the_records(spoken: tuple[Served, Path, list[str]]) -> None:
    where, data, tokens = spoken
    for token in tokens:
        for part in token.split("."):
            assert part not in where.said()
            assert all(part.encode() not in file.read_bytes() for file in data.rglob("*") if file.is_file())


@pytest.mark.parametrize("name", CANARIES)
def test_no_secret_is_in_the_records(spoken: tuple[Served, Path, list[str]], name: str) -> None:
    """Without full records and without comments, which a site must ask for."""
    for file in spoken[1].rglob("*"):
        if file.is_file():
            assert CANARIES[name].encode() not in file.read_bytes(), file.name


def test_every_call_is_recorded_with_its_client_also_when_it_was_refused(
    spoken: tuple[Served, Path, list[str]],
) -> None:
    (file,) = spoken[1].rglob("*.sqlite*") if not list(spoken[1].rglob("*.db")) else spoken[1].rglob("*.db")
    with sqlite3.connect(file) as store:
        rows = store.execute("select client, status, error from calls").fetchall()
    assert ("https://ehr.example", 401, "wrong-audience") in rows
    assert (None, 401, "malformed-token") in rows
    assert {client for client, status, _ in rows if status != 401} == {"https://ehr.example"}
