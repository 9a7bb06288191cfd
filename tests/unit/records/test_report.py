"""The numbers of the feedback report."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cds_service.cli import main
from cds_service.records.entries import Call, Card, Feedback
from tests.unit.records.test_store import store

MONDAY = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)  # 2026-W11
REASONS = "https://crs-cds.example/override"


def shown(number: int, rules: list[str], time: datetime = MONDAY) -> Call:
    name = f"{number:08}-0000-4000-8000-000000000000"
    return Call(name, time, "crs-patient-view", name, "", 200, "", (), {}, (Card(name, rules),), "p", 3)


def given(number: int, outcome: str, code: str | None = None, minute: int = 0) -> Feedback:
    name = f"{number:08}-0000-4000-8000-000000000000"
    time = MONDAY + timedelta(hours=1, minutes=minute)
    system = REASONS if code else None
    return Feedback(name, outcome, time, "crs-patient-view", "", system, code, (), None, time)


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four cards in one week and one in the next; some feedback twice, some of nobody's card."""
    monkeypatch.setenv("CRS_CDS_DATA_DIR", str(tmp_path))
    kept = store(tmp_path)
    cards = [shown(1, ["GR-1", "GR-10"]), shown(2, ["GR-1"]), shown(3, ["GR-3"]), shown(4, ["GR-1"])]
    feedback = [
        given(1, "accepted"),
        given(1, "accepted", minute=1),
        given(2, "overridden", "wrong-value"),
        given(2, "overridden", "wrong-value", minute=2),
        given(4, "overridden", "discussed"),
        given(4, "accepted", minute=5),
        given(5, "overridden"),
        given(99, "accepted"),
    ]
    kept.write(cards[:1], [])  # as after a commit whose answer was lost
    kept.write([*cards, shown(5, ["GR-1"], MONDAY + timedelta(days=7))], feedback)
    kept.close()


@pytest.mark.usefixtures("filled")
def test_each_rule_has_its_numbers_by_week(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feedback", "report", "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)["lines"]
    numbers = [(x["week"], x["rule"], x["shown"], x["accepted"], x["overridden"]) for x in lines]
    assert numbers == [
        ("2026-W11", "(unknown card)", 0, 1, 0),
        ("2026-W11", "GR-1", 3, 2, 2),
        ("2026-W11", "GR-3", 1, 0, 0),
        ("2026-W11", "GR-10", 1, 1, 0),
        ("2026-W12", "GR-1", 1, 0, 1),
    ]
    assert lines[1]["reasons"] == [
        {"system": REASONS, "code": "discussed", "count": 1},
        {"system": REASONS, "code": "wrong-value", "count": 1},
    ]


@pytest.mark.usefixtures("filled")
def test_the_table_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feedback", "report"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == [
        "week",
        "rule",
        "shown",
        "shadow",
        "accepted",
        "overridden",
        "override",
        "reasons",
    ]
    assert any("discussed (1), wrong-value (1)" in line for line in lines)


@pytest.mark.usefixtures("filled")
def test_old_weeks_can_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feedback", "report", "--json", "--weeks", "1"]) == 0
    assert json.loads(capsys.readouterr().out) == {"lines": []}


def test_without_a_store_the_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CRS_CDS_DATA_DIR", str(tmp_path / "nowhere"))
    assert main(["feedback", "report"]) == 1
    assert "there is no store" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()
