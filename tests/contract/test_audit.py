"""One record for every call, however it ended; and no patient in any of them unless a site asks for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.app import the_writer
from cds_service.cli import main
from cds_service.hooks.identity import with_uuids
from cds_service.records.reading import full_record, reading
from cds_service.settings import Settings
from cds_service.tables import GUIDELINES
from tests.builders import ICD_10_PCS, LOINC, concept, observation, patient, procedure, quantity
from tests.contract.service import PATH, call, client, prefetch, request, searchset
from tests.stored import TABLES, everything, rows

INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FlaskClient]:
    found = client(data_dir=tmp_path)
    yield found
    the_writer(found.application).stop()


def recorded(service: FlaskClient, folder: Path) -> list[dict[str, Any]]:
    the_writer(service.application).stop()
    return rows(folder, "calls")


def test_a_grade_is_recorded_with_rules_tables_and_request(service: FlaskClient, tmp_path: Path) -> None:
    answer = call(service, request(prefetch=prefetch(oxygen=None)))
    (row,) = recorded(service, tmp_path)
    assert answer.json is not None
    card = answer.json["cards"][0]
    assert row["request_id"] == answer.headers["X-Request-Id"]
    assert (row["hook_instance"], row["service"], row["status"]) == (INSTANCE, "crs-patient-view", 200)
    assert (row["assessment"], row["lowest"], row["highest"], row["cards"]) == ("active", 3, 4, 1)
    assert row["rules"].split() == card["extension"]["org.crs-cds.rules"]
    assert row["missing"].startswith("hypoxia:")
    assert row["failures"] == "oxygen:null"
    guideline = card["extension"]["org.crs-cds.assessment"]["guideline"]
    assert (row["guideline"], row["guideline_sha256"]) == (guideline["id"], guideline["sha256"])
    assert re.fullmatch("[0-9a-f]{64}", row["codebook_sha256"])
    assert row["duration_ms"] >= 0


def test_a_card_is_remembered_by_its_uuid_without_its_patient(service: FlaskClient, tmp_path: Path) -> None:
    shown = call(service, request()).json
    again = call(service, request()).json
    the_writer(service.application).stop()
    assert shown is not None
    assert again is not None
    one, other = rows(tmp_path, "cards")
    assert {one["uuid"], other["uuid"]} == {shown["cards"][0]["uuid"], again["cards"][0]["uuid"]}
    assert one["rules"].split() == shown["cards"][0]["extension"]["org.crs-cds.rules"]
    assert one["patient_hash"] == other["patient_hash"] != "p"


REFUSED: list[tuple[int, dict[str, Any]]] = [
    (400, {"body": request(context={"patientId": "p"})}),
    (400, {"body": b"{"}),
    (404, {"body": request(), "path": "/cds-services/other"}),
    (412, {"body": request(prefetch=prefetch(vitals=None))}),
    (413, {"body": b"x" * (33 * 1024 * 1024)}),
    (415, {"body": request(), "content_type": "text/plain"}),
]


@pytest.mark.parametrize(("status", "sent"), REFUSED, ids=[str(s) for s, _ in REFUSED])
def test_a_refused_call_is_recorded_too(
    service: FlaskClient, tmp_path: Path, status: int, sent: dict[str, Any]
) -> None:
    assert call(service, **sent).status_code == status
    (row,) = recorded(service, tmp_path)
    assert row["status"] == status
    if status in (400, 412) and sent["body"] != b"{":
        assert row["hook_instance"] == INSTANCE
    if status == 412:
        assert (row["error"], row["failures"]) == ("processing", "prefetch.vitals")


def test_a_failure_of_the_service_and_of_the_fhir_server_are_recorded(
    service: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("canary-value")

    monkeypatch.setattr("cds_service.web.routes.parse_request", broken)
    assert call(service, request()).status_code == 500
    monkeypatch.undo()
    dead = client(data_dir=tmp_path, fhir_servers=("http://127.0.0.1:9",))
    assert call(dead, request(fhirServer="http://127.0.0.1:9", prefetch=...)).status_code == 503
    the_writer(dead.application).stop()
    assert [row["status"] for row in recorded(service, tmp_path)].count(500) == 1
    assert [row["status"] for row in rows(tmp_path, "calls")].count(503) == 1


def test_other_methods_and_feedback_are_recorded_and_discovery_is_not(
    service: FlaskClient, tmp_path: Path
) -> None:
    service.get("/cds-services")
    service.options(PATH)
    service.get("/readyz")
    assert service.get(PATH).status_code == 405
    assert service.post(f"{PATH}/feedback", json={"feedback": []}).status_code == 200
    assert sorted(row["status"] for row in recorded(service, tmp_path)) == [200, 405]


CANARY = "canary"


def canary_request() -> dict[str, Any]:
    """A chart in which every free text, name, id and amount is recognisable."""
    vitals = searchset(
        [
            observation(f"{CANARY}-t", concept(LOINC, "8310-5", f"{CANARY} text"), -1,
                        valueQuantity=quantity("39.4718", "Cel")),
            observation(f"{CANARY}-b", concept(LOINC, "8480-6"), -1,
                        valueQuantity=quantity("84.718", "mm[Hg]")),
        ]
    )  # fmt: skip
    named = {**patient("1971-01-02"), "id": f"{CANARY}-id", "name": [{"family": CANARY}]}
    therapy = procedure(f"{CANARY}-p", concept(ICD_10_PCS, "XW033H7", CANARY), -72)
    chart = prefetch(patient=named, vitals=vitals, procedures=searchset([therapy]), medications=searchset([]))
    text = json.dumps(chart, default=str).replace('"Patient/p"', f'"Patient/{CANARY}-id"')
    context = {"userId": f"Practitioner/{CANARY}", "patientId": f"{CANARY}-id", "encounterId": f"{CANARY}-e"}
    return request(prefetch=json.loads(text), context=context)


def cut_off() -> dict[str, Any]:
    """A page that is complete only back to its oldest item."""
    temperature = concept(LOINC, "8310-5")
    found = [
        observation(f"t{n}", temperature, -n, valueQuantity=quantity(f"39.{n}0", "Cel")) for n in range(1, 6)
    ]
    return searchset(found, link=[{"relation": "next", "url": "https://ehr.example/fhir?page=2"}])


def make_every_kind_of_record(service: FlaskClient) -> str:
    body = canary_request()
    answer = call(service, body)
    assert answer.status_code == 200
    assert answer.json is not None
    card = answer.json["cards"][0]["uuid"]
    call(service, {**body, "context": {**body["context"], "userId": CANARY}})
    call(service, {**body, "context": {f"{CANARY}": CANARY}})
    call(service, {**body, "prefetch": {**body["prefetch"], "procedures": CANARY, CANARY: CANARY}})
    call(service, body, path=f"/cds-services/{CANARY}")
    call(service, b'{"' + CANARY.encode())
    entry = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-03-10T09:05:00Z"}
    reason = {"reason": {"code": "x", "system": "http://x.example", "display": CANARY}, "userComment": CANARY}
    sent = service.post(f"{PATH}/feedback", json={"feedback": [{**entry, "overrideReason": reason}]})
    assert sent.status_code == 200
    the_writer(service.application).stop()
    return answer.headers["X-Request-Id"]


def test_no_patient_data_is_in_the_store_unless_asked_for(service: FlaskClient, tmp_path: Path) -> None:
    make_every_kind_of_record(service)
    assert all(rows(tmp_path, table) for table in TABLES if table != "full_records")
    stored = everything(tmp_path)
    for secret in (CANARY, "39.47", "84.7", "1971"):
        assert secret.encode() not in stored


def test_only_full_records_hold_patient_data_and_even_they_no_clinician(tmp_path: Path) -> None:
    service = client(data_dir=tmp_path, audit_full_days=7)
    make_every_kind_of_record(service)
    kept = str([rows(tmp_path, table) for table in TABLES if table != "full_records"])
    assert CANARY not in kept
    assert len(rows(tmp_path, "full_records")) == 2  # the grade, and the refusal after the chart was read
    with reading(Settings(auth="none", data_dir=tmp_path)) as connection:
        inputs = [full_record(connection, row["request_id"]) for row in rows(tmp_path, "full_records")]
    assert all(found is not None and b"Practitioner" not in found.inputs for found in inputs)


@pytest.fixture
def stored_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Service and commands use one store, that of this test."""
    monkeypatch.setenv("CRS_CDS_DATA_DIR", str(tmp_path))


@pytest.mark.parametrize(
    "sent",
    [
        request(),
        request(prefetch=prefetch(oxygen=None)),
        request(prefetch=prefetch(procedures=searchset([]))),
        request(prefetch=prefetch(vitals=None)),
        canary_request(),
        request(prefetch=prefetch(vitals=cut_off())),
    ],
    ids=["grade 3", "open grade", "no card", "412", "canary", "a page of several"],
)
@pytest.mark.usefixtures("stored_here")
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_decision_made_again_gives_the_same_bytes(
    capsys: pytest.CaptureFixture[str], sent: Any, zone: str | None
) -> None:
    service = client(audit_full_days=1, timezone=zone)
    answer = call(service, sent)
    the_writer(service.application).stop()
    assert main(["audit", "replay", answer.headers["X-Request-Id"]]) == 0
    found = capsys.readouterr()
    assert found.out.removesuffix("\n").encode() == answer.data
    assert "the same bytes" in found.err


@pytest.mark.usefixtures("stored_here")
def test_a_decision_of_another_guideline_is_not_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service = client(audit_full_days=1)
    answer = call(service, request())
    the_writer(service.application).stop()
    other = tmp_path / "other.toml"
    other.write_text((GUIDELINES / "astct-2019.toml").read_text() + "\n# another file\n")
    monkeypatch.setenv("CRS_CDS_GUIDELINE", str(other))
    assert main(["audit", "replay", answer.headers["X-Request-Id"]]) == 1
    assert "CRS_CDS_GUIDELINE" in capsys.readouterr().err


def test_a_refusal_before_the_chart_was_read_leaves_a_short_record_only(tmp_path: Path) -> None:
    service = client(data_dir=tmp_path, audit_full_days=1)
    elsewhere = request(fhirServer="https://elsewhere.example/fhir", prefetch=...)
    assert call(service, elsewhere).status_code == 400
    assert [row["status"] for row in recorded(service, tmp_path)] == [400]
    assert rows(tmp_path, "full_records") == []


def test_a_number_that_no_record_can_hold_costs_the_full_record_only(tmp_path: Path) -> None:
    service = client(data_dir=tmp_path, audit_full_days=1)
    body = json.dumps(request(prefetch=None), default=str).replace('"userId"', f'"huge": {10**40}, "userId"')
    call(service, body.encode())
    assert len(recorded(service, tmp_path)) == 1


@pytest.mark.usefixtures("stored_here")
def test_without_a_full_record_nothing_is_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    service = client()
    answer = call(service, request())
    the_writer(service.application).stop()
    assert main(["audit", "replay", answer.headers["X-Request-Id"]]) == 1
    assert "no full record" in capsys.readouterr().err


@pytest.mark.usefixtures("stored_here")
def test_the_last_calls_are_listed_newest_first(capsys: pytest.CaptureFixture[str]) -> None:
    service = client()
    ids = [call(service, request()).headers["X-Request-Id"] for _ in range(3)]
    the_writer(service.application).stop()
    assert main(["audit", "list", "--limit", "2"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [call["request_id"] for call in listed] == ids[:0:-1]
    assert listed[0]["lowest"] == 3


def test_cards_of_one_call_have_uuids_that_follow_from_it() -> None:
    body = {"cards": [{"summary": "a", "suggestions": [{"label": "x"}, {"label": "y"}]}, {"summary": "b"}]}
    one, other = with_uuids(body, "r", "s"), with_uuids(body, "r", "s")
    assert one == other != with_uuids(body, "r2", "s")
    card = one["cards"][0]
    found = [card["uuid"], one["cards"][1]["uuid"], *(item["uuid"] for item in card["suggestions"])]
    assert len(set(found)) == 4
