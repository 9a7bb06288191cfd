"""From each item of the CDS Hooks specification to the test that holds it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| CH-(\d+) \|([^|]*)\|[^|]*\| (held|planned|unused|client) \|([^|]*)\|$", re.MULTILINE)
LAST = 75
RAISING = frozenset({"raises", "validate", "call_and_validate"})
"""What asserts by itself: pytest, jsonschema and schemathesis raise where something does not hold."""
SKIPPING = frozenset({"skip", "skipif", "xfail", "importorskip"})
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
    return named_by((ROOT / file).read_text())


def named_by(source: str) -> frozenset[int]:
    """Only tests that run, and that can fail, hold an item."""
    module = ast.parse(source)
    found: set[int] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and asserts(node):
            if is_skipped(node) or any(map(skips, module.body)):
                continue
            found.update(_in_words(ast.get_docstring(node) or ""))
            if in_name := IN_A_NAME.match(node.name):
                found.update(map(int, re.findall(r"\d+", in_name[1])))
    return frozenset(found)


def asserts(test: ast.FunctionDef) -> bool:
    """Whether it says what must hold, other than that True is true."""
    found = [node for node in ast.walk(test) if isinstance(node, ast.Assert)]
    return any(not isinstance(node.test, ast.Constant) for node in found) or _mentions(test.body, RAISING)


def is_skipped(test: ast.FunctionDef) -> bool:
    return _mentions(test.decorator_list, SKIPPING) or any(map(skips, test.body))


def skips(statement: ast.stmt) -> bool:
    """``pytest.skip(…)`` where nothing decides whether it comes to that, or ``pytestmark``."""
    return isinstance(statement, ast.Expr | ast.Assign) and _mentions([statement], SKIPPING)


def _mentions(nodes: Sequence[ast.AST], names: AbstractSet[str]) -> bool:
    inside = (found for node in nodes for found in ast.walk(node))
    return any(isinstance(node, ast.Attribute) and node.attr in names for node in inside)


def _in_words(text: str) -> Iterator[int]:
    for first, last in NAMED.findall(text):
        yield from range(int(first), int(last or first) + 1)


HELD = [row for row in rows() if row.state == "held"]


def test_the_checklist_is_whole() -> None:
    assert [row.item for row in rows()] == list(range(1, LAST + 1))


A_TEST = '''
def test_x():
    """CH-5, CH-7."""
    assert answer() == 200
'''
NO_TESTS = [
    A_TEST.replace("assert answer() == 200", "answer()"),
    A_TEST.replace("assert answer() == 200", "assert True"),
    A_TEST.replace("assert answer() == 200", "pytest.skip('later')\n    assert answer() == 200"),
    A_TEST.replace("def", "@pytest.mark.skip(reason='later')\ndef"),
    A_TEST.replace("def", "@pytest.mark.skipif(True, reason='later')\ndef"),
    A_TEST.replace("def", "@pytest.mark.parametrize('a', [pytest.param(1, marks=pytest.mark.xfail)])\ndef"),
    f"pytestmark = pytest.mark.skip\n{A_TEST}",
    A_TEST.replace("test_x", "helper"),
]


def test_a_test_that_runs_and_asserts_holds_what_it_names() -> None:
    assert named_by(A_TEST) == {5, 7}
    assert named_by(A_TEST.replace("assert answer() == 200", "with pytest.raises(E):\n        f()")) == {5, 7}


@pytest.mark.parametrize("source", NO_TESTS)
def test_a_test_that_is_skipped_or_asserts_nothing_holds_no_item(source: str) -> None:
    assert named_by(source) == frozenset()


@pytest.mark.parametrize("row", HELD, ids=lambda row: f"CH-{row.item}")
def test_an_item_that_is_held_has_a_test_that_names_it(row: Row) -> None:
    assert row.item in named_in(row.file), f"{row.file} names no CH-{row.item}"


def test_what_a_service_must_is_held_or_waits_for_what_it_belongs_to() -> None:
    """Orders that are proposed wait for the treatment advice."""
    waiting = {row.item for row in rows() if row.state == "planned"}
    assert waiting == {54}
    assert all(row.level.startswith(("O", "S (3.0)")) for row in rows() if row.state in ("unused", "client"))
