"""In shadow all is computed and recorded, no card leaves, and a failure fails as it would in earnest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cds_service.app import the_writer
from cds_service.cli import main
from tests.contract import trusted
from tests.contract.service import call, client, prefetch, request
from tests.logged import Logged
from tests.stored import rows
from tests.trusted_ehr import Ehr, client_entry

HEADER = "CRS-CDS-Shadow"


def test_no_card_leaves_and_the_record_says_what_it_would_have_been(tmp_path: Path, logged: Logged) -> None:
    live = client(data_dir=tmp_path / "live")
    shadow = client(data_dir=tmp_path / "shadow", shadow=True)
    seen, held = call(live, request()), call(shadow, request())
    assert (held.status_code, held.json) == (200, {"cards": []})
    assert (held.headers[HEADER], HEADER in seen.headers) == ("true", False)
    for service in (live, shadow):
        the_writer(service.application).stop()
    kept = {name: rows(tmp_path / name, "calls")[0] for name in ("live", "shadow")}
    for column in ("assessment", "lowest", "highest", "rules", "cards", "status"):
        assert kept["shadow"][column] == kept["live"][column]
    assert [(kept[name]["shadow"], rows(tmp_path / name, "cards")[0]["shadow"]) for name in kept] == [
        (0, 0),
        (1, 1),
    ]
    assert [line.get("shadow") for line in logged.lines if line["event"] == "hook"] == [None, True]


@pytest.mark.parametrize(
    ("status", "changes"),
    [(412, {"prefetch": prefetch(vitals=None)}), (400, {"context": {"patientId": "p"}})],
)
def test_a_failure_is_never_an_empty_answer(tmp_path: Path, status: int, changes: dict[str, object]) -> None:
    service = client(data_dir=tmp_path, shadow=True)
    assert call(service, request(**changes)).status_code == status
    the_writer(service.application).stop()
    (row,) = rows(tmp_path, "calls")
    assert row["status"] == status


def test_one_client_may_be_in_shadow_while_another_is_live(tmp_path: Path) -> None:
    live, quiet = Ehr(), Ehr(iss="https://quiet.example")
    entries = client_entry(tmp_path, live), client_entry(tmp_path, quiet, shadow=True)
    service = trusted.service(tmp_path, *entries)
    answers = [trusted.call(service, f"Bearer {trusted.token(ehr)}") for ehr in (live, quiet)]
    assert [len((answer.json or {})["cards"]) for answer in answers] == [1, 0]
    assert service.get("/readyz").json["shadow"] == "clients that are shown no card: 1"  # type: ignore[index]


def test_nobody_can_take_a_service_in_shadow_for_a_live_one(tmp_path: Path) -> None:
    shadow, live = client(data_dir=tmp_path, shadow=True), client(data_dir=tmp_path)
    for service in (shadow.get("/cds-services").json or {})["services"]:
        assert "in shadow: no cards are shown" in service["title"]
    assert "shadow" in (shadow.get("/readyz").json or {})
    assert "shadow" not in (live.get("/readyz").json or {})
    assert "shadow" not in live.get("/cds-services").text


def test_the_report_tells_cards_that_were_held_back_from_those_that_were_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for shadow in (True, True, False):
        service = client(data_dir=tmp_path, shadow=shadow)
        call(service, request())
        the_writer(service.application).stop()
    monkeypatch.setenv("CRS_CDS_DATA_DIR", str(tmp_path))
    main(["feedback", "report", "--json"])
    found = {line["rule"]: line for line in json.loads(capsys.readouterr().out)["lines"]}
    assert (found["GR-3"]["shown"], found["GR-3"]["shadow"]) == (1, 2)
    main(["audit", "list"])
    listed = [json.loads(line)["shadow"] for line in capsys.readouterr().out.splitlines()]
    assert listed == [False, True, True]


def test_a_decision_made_in_shadow_is_made_again_with_its_cards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service = client(data_dir=tmp_path, shadow=True, audit_full_days=1)
    answer = call(service, request())
    the_writer(service.application).stop()
    monkeypatch.setenv("CRS_CDS_DATA_DIR", str(tmp_path))
    assert main(["audit", "replay", answer.headers["X-Request-Id"]]) == 0
    assert "CRS grade 3" in capsys.readouterr().out
