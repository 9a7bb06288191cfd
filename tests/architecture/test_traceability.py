"""From a requirement to the rule that serves it and the test that holds it, and back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cds_service.tables import load_guideline

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| ((?:GR|TX|DL)-\d+) \|.*\| (done|planned) \|$", re.MULTILINE)
MENTION = re.compile(r"\b(?:GR|TX|DL)-\d+\b")


def rows() -> dict[str, str]:
    return dict(ROW.findall((ROOT / "docs" / "reference" / "requirements.md").read_text()))


def mentioned(*folders: str) -> set[str]:
    found: set[str] = set()
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".toml", ".json"} and path != Path(__file__):
                found.update(MENTION.findall(path.read_text()))
    return found


DONE = sorted(key for key, state in rows().items() if state == "done")


def test_the_list_of_requirements_is_whole() -> None:
    expected = {
        *(f"GR-{n}" for n in range(1, 12)),
        *(f"TX-{n}" for n in range(1, 24)),
        *(f"DL-{n}" for n in range(1, 14)),
    }
    assert set(rows()) == expected


@pytest.mark.parametrize("requirement", DONE)
def test_a_requirement_that_is_done_has_a_rule_and_a_test(requirement: str) -> None:
    assert requirement in mentioned("cds_service/crs", "cds_service/cards"), "no rule names it"
    assert requirement in mentioned("tests"), "no test names it"


def test_every_rule_of_the_guideline_serves_a_requirement() -> None:
    named = {rule.rule for rule in load_guideline("astct-2019").rules}
    assert named <= set(rows())
