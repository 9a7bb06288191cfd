"""Every shape in which charts were seen to come, and every trap in them: read, or refused with its reason."""

from collections import Counter
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from fhir_mappings import ISSUES, CodeBook, map_resources
from fhir_mappings.facts import PatientFacts
from fhir_mappings.searchset import decode_searchset
from tests.spec.shapes.cases import ALLOWED, KINDS, REQUIRED, Shape, expected, found, sections, shapes
from tests.spec.shapes.render import PAGE, page
from tests.unit.mapping.fhir_json import NOW, book

SHAPES = list(shapes())
ROWS = [row for section in sections() for row in section.shape]
_exact = msgspec.json.Encoder(decimal_format="number")


def marked(shape: Shape) -> Any:
    """What is not read so yet is expected to fail; once it no longer does, the row must say so."""
    marks = [pytest.mark.xfail(reason=shape.pending)] if shape.pending else []
    return pytest.param(shape, id=shape.id, marks=marks)


@pytest.fixture(scope="session")
def overlays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("overlays")


@cache
def book_with(overlay: str, folder: Path) -> CodeBook:
    path = folder / f"{sha256(overlay.encode()).hexdigest()}.toml"
    path.write_text('source = "a site"\ndate = 2026-03-01\n' + overlay, "utf-8")
    return CodeBook.load(path)


def facts_of(shape: Shape, resources: Any, overlays: Path) -> PatientFacts:
    codes = book_with(shape.overlay, overlays) if shape.overlay else book()
    zone = ZoneInfo(shape.zone) if shape.zone else None
    return map_resources(resources, codes, as_of=NOW, patient_id="7", coverage={}, zone=zone)


@pytest.mark.parametrize("shape", [marked(shape) for shape in SHAPES])
def test_the_shape_is_read_or_refused(shape: Shape, overlays: Path) -> None:
    wanted = expected(shape)
    assert found(facts_of(shape, shape.resources, overlays), wanted) == wanted, shape.sentence


def pages(shape: Shape) -> list[Any]:
    """The same resources, each on a page of its own, the last one first."""
    apart = shape.resources if isinstance(shape.resources, list) else [shape.resources]
    return [
        each
        if isinstance(each, dict) and each.get("resourceType") == "Bundle"
        else {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": each}]}
        for each in reversed(apart)
    ]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.id)
def test_order_and_paging_change_nothing_about_a_shape(shape: Shape, overlays: Path) -> None:
    assert facts_of(shape, pages(shape), overlays) == facts_of(shape, shape.resources, overlays)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.id)
def test_the_short_way_from_the_bytes_reads_a_shape_the_same(shape: Shape, overlays: Path) -> None:
    decoded = [decode_searchset(_exact.encode(each)) for each in pages(shape)]
    resources = [
        entry.resource
        for bundle in decoded
        if bundle is not None and isinstance(bundle.entry, list)
        for entry in bundle.entry
    ]
    careful = [parsed for bundle, parsed in zip(decoded, pages(shape), strict=True) if bundle is None]
    short = facts_of(shape, [*resources, *careful], overlays)
    assert short == facts_of(shape, shape.resources, overlays)


def test_no_shape_has_a_key_that_nobody_reads() -> None:
    for row in ROWS:
        assert set(row) >= REQUIRED, row["id"]
        assert set(row) <= ALLOWED, row["id"]
        assert set(row["expect"]) <= set(KINDS), row["id"]
        for kind, facts in row["expect"].items():
            for fact in facts:
                assert set(fact) <= {*KINDS[kind].always, *KINDS[kind].stated}, f"{row['id']}: {kind}"


def test_every_shape_has_a_name_of_its_own() -> None:
    names = Counter(row["id"] for row in ROWS)
    assert [name for name, times in names.items() if times > 1] == []
    assert [name for name in names if not name.replace("-", "").isalnum() or name != name.lower()] == []


def test_a_shape_names_only_issues_that_exist() -> None:
    """A shape that is still pending would otherwise hide a misspelt one."""
    named = {issue["code"] for row in ROWS for issue in row["expect"].get("issues", ())}
    assert named <= set(ISSUES)


def test_the_page_of_the_shapes_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.spec.shapes.render"
