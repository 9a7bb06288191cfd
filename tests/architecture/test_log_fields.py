"""Every line of the log says what it means to: a field that is not allowed is left out in silence."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cds_service.observability.logs import FIELDS, LEVELS
from tests.architecture.test_imports import ALL

CALLS = [(name, path) for name, path in ALL if "logger." in path.read_text()]


def fields(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"logger.{level}" for level in LEVELS}:
            yield from (given.arg for given in node.keywords if given.arg is not None)


@pytest.mark.parametrize(("name", "path"), CALLS, ids=[name for name, _ in CALLS])
def test_every_field_that_is_logged_is_one_that_may_be(name: str, path: Path) -> None:
    assert set(fields(path.read_text())) <= FIELDS, name


def test_a_field_that_is_not_allowed_is_found() -> None:
    assert set(fields('logger.info("x", extra={}, status=1)')) == {"extra", "status"}
