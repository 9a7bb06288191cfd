"""From each item of the CDS Hooks specification to the test that holds it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| CH-(\d+) \|([^|]*)\|[^|]*\| (held|planned|unused|client) \|([^|]*)\|$", re.MULTILINE)
LAST = 75
NAMED = re.compile(r"\bCH-(\d+)(?:[a-j])?(?: to CH-(\d+))?")
IN_A_NAME = re.compile(r"^test_((?:\d+_)(?:(?:and_|to_)?\d+_)*)")


class Row(NamedTuple):
    item: int
    level: str
    state: str
    file: str


def rows() -> list[Row]:
    text = (ROOT / "docs" / "reference" / "cds-hooks.md").read_text()
    return [
        Row(int(n), level.strip(), state, file.strip(" `")) for n, level, state, file in ROW.findall(text)
    ]


@cache
def named_in(file: str) -> frozenset[int]:
    """The items that the tests of a file name, in their words or (feedback) in their names."""
    found: set[int] = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            found.update(_in_words(ast.get_docstring(node) or ""))
            if in_name := IN_A_NAME.match(node.name):
                found.update(map(int, re.findall(r"\d+", in_name[1])))
    return frozenset(found)


def _in_words(text: str) -> Iterator[int]:
    for first, last in NAMED.findall(text):
        yield from range(int(first), int(last or first) + 1)


HELD = [row for row in rows() if row.state == "held"]


def test_the_checklist_is_whole() -> None:
    assert [row.item for row in rows()] == list(range(1, LAST + 1))


@pytest.mark.parametrize("row", HELD, ids=lambda row: f"CH-{row.item}")
def test_an_item_that_is_held_has_a_test_that_names_it(row: Row) -> None:
    assert row.item in named_in(row.file), f"{row.file} names no CH-{row.item}"


def test_what_a_service_must_is_held_or_waits_for_what_it_belongs_to() -> None:
    """Orders that are proposed wait for the treatment advice, tokens for client authentication."""
    waiting = {row.item for row in rows() if row.state == "planned"}
    assert waiting == {54, 67, 68, 70, 71, 72}
    assert all(row.level.startswith(("O", "S (3.0)")) for row in rows() if row.state in ("unused", "client"))
