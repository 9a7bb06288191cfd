"""The direction of imports, and what the engine may not touch."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("cds_service", "fhir_mappings")

# Each part may import itself, what stands under it here, and nothing above.
LAYERS = (
    ("cds_service.cli",),
    ("cds_service.commands",),
    ("cds_service.sandbox", "cds_service.doctor"),
    ("cds_service.app",),
    ("cds_service.smart",),
    ("cds_service.web",),
    ("cds_service.hooks",),
    ("cds_service.cards", "cds_service.acquire", "cds_service.tables", "cds_service.records"),
    ("cds_service.crs",),
    ("cds_service.trust",),
    ("cds_service.settings", "cds_service.observability"),
    ("cds_service.errors",),
    ("fhir_mappings",),
)
PURE = {
    "bisect", "collections", "collections.abc", "dataclasses", "datetime", "decimal", "enum", "functools",
    "itertools", "operator", "typing", "__future__",
}  # fmt: skip
CLOCKS = {"now", "today", "utcnow", "fromtimestamp", "perf_counter", "monotonic"}


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(name: str) -> int | None:
    for index, parts in enumerate(LAYERS):
        if any(name == part or name.startswith(part + ".") for part in parts):
            return index
    return None


def part(name: str) -> str:
    """The room that a module stands in: a part of the service, or the whole library."""
    return "fhir_mappings" if name.startswith("fhir_mappings") else ".".join(name.split(".")[:2])


ALL = list(modules())
ENGINE = [(name, path) for name, path in ALL if name.startswith("cds_service.crs")]


def test_every_module_has_a_place_in_the_house() -> None:
    assert [name for name, _ in ALL if name != "cds_service" and layer(name) is None] == []


@pytest.mark.parametrize(("name", "path"), ALL, ids=[name for name, _ in ALL])
def test_imports_go_down_only(name: str, path: Path) -> None:
    own = layer(name)
    for target in imported(path):
        below = layer(target)
        if own is None or below is None or part(name) == part(target):
            continue
        assert below > own, f"{name} imports {target}, which stands above or beside it"


@pytest.mark.parametrize(("name", "path"), ENGINE, ids=[name for name, _ in ENGINE])
def test_the_engine_sees_only_facts_and_errors(name: str, path: Path) -> None:
    allowed = ("cds_service.crs", "cds_service.errors", "fhir_mappings.facts")
    for target in imported(path):
        pure = target in PURE or target.rpartition(".")[0] in PURE
        assert pure or target.startswith(allowed), f"{name} imports {target}"


@pytest.mark.parametrize(("name", "path"), ENGINE, ids=[name for name, _ in ENGINE])
def test_the_engine_has_no_clock_no_file_and_no_float(name: str, path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float), f"{name}:{node.lineno}: a float"
        if isinstance(node, ast.Attribute):
            assert node.attr not in CLOCKS, f"{name}:{node.lineno}: a clock"
        if isinstance(node, ast.Name):
            assert node.id not in {"float", "open", "print", "input"}, f"{name}:{node.lineno}: {node.id}"


def test_the_facts_need_the_standard_library_alone() -> None:
    for path in (ROOT / "fhir_mappings" / "facts").iterdir():
        if path.suffix == ".py":
            others = {target for target in imported(path) if target.split(".")[0] in PACKAGES}
            assert {target for target in others if not target.startswith("fhir_mappings.facts")} == set()


@pytest.mark.parametrize(("name", "path"), ALL, ids=[name for name, _ in ALL])
def test_no_room_is_crowded(name: str, path: Path) -> None:
    """Files under 400 lines and functions under 60, or they are two."""
    assert path.read_text().count("\n") <= 400, name
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or node.lineno) - node.lineno < 60, f"{name}: {node.name}"


PAGES = [
    path
    for path in sorted((ROOT / "cds_service").rglob("*"))
    if path.suffix in (".js", ".css", ".html") and "vendor" not in path.parts
]


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_no_script_style_or_page_is_crowded(path: Path) -> None:
    assert path.read_text(encoding="utf-8").count("\n") <= 400


def test_no_two_modules_of_the_sandbox_need_each_other() -> None:
    """Imports in a circle hide which of two rooms is the foundation."""
    rooms = {name: set(imported(path)) for name, path in ALL if name.startswith("cds_service.sandbox.")}
    circles = [(a, b) for a in rooms for b in rooms if a < b and b in rooms[a] and a in rooms[b]]
    assert circles == []
