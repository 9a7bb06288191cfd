"""The list of codes that others published: every confirmed one is known, and no unconfirmed one is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_mappings import CodeBook
from tests import prerequisites

Row = dict[str, Any]

CONFIRMED = {"verified", "single-source"}
NO_RULE = "no rule uses it"
NO_STATE = "a number of the ventilator, no state by itself"
OTHER_DRUG = "no group of drugs it would belong to"
LEFT_OUT = {
    "20077-4": NO_STATE,
    "19835-8": NO_STATE,
    "T80.82XA": NO_RULE,
    "T45.AX5A": NO_RULE,
    "Z92.850": "says nothing of when the cells were given",
    "D76.1": NO_RULE,
    "R50.9": NO_RULE,
    "R50.81": NO_RULE,
    "I95.9": NO_RULE,
    "1191": "aspirin: a low dose does not mask fever, and charts give it for other reasons",
    "3966": "ephedrine: given as single boluses, not as vasopressor support",
    "20481": OTHER_DRUG,
    "74169": OTHER_DRUG,
    "37617": OTHER_DRUG,
    "29561": OTHER_DRUG,
    "4450": OTHER_DRUG,
    "114477": OTHER_DRUG,
}


@pytest.fixture(scope="module")
def published(external_data: Path) -> list[Row]:
    """The rows of the list that carry a code."""
    path = external_data.parent / "design" / "terminology.json"
    if not path.is_file():
        prerequisites.missing("no list of published codes beside the external data: design/terminology.json")
    rows = json.loads(path.read_text(encoding="utf-8"))["codes"]
    return [row for row in rows if row["code"]]


def of_standing(rows: list[Row], *, confirmed: bool) -> list[Row]:
    return [row for row in rows if (row["status"] in CONFIRMED) is confirmed]


def unknown_to_the_tables(rows: list[Row]) -> set[str]:
    book = CodeBook.load()
    return {row["code"] for row in rows if book.find(row["system"], row["code"]) is None}


def test_every_confirmed_code_is_known_or_left_out_for_a_reason(published: list[Row]) -> None:
    rows = of_standing(published, confirmed=True)
    assert rows
    assert unknown_to_the_tables(rows) == set(LEFT_OUT)


def test_no_code_is_known_whose_meaning_nobody_confirmed(published: list[Row]) -> None:
    rows = of_standing(published, confirmed=False)
    assert rows
    assert unknown_to_the_tables(rows) == {row["code"] for row in rows}
