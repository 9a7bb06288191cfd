"""The page of codes is that of the tables, and its tables are well formed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cds_service.cli import main
from cds_service.commands.tables_markdown import cell, codes_page, literal
from fhir_mappings import CodeBook

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "codes.md"
BETWEEN_CELLS = re.compile(r"(?<!\\)\|")


def test_the_committed_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == codes_page(CodeBook.load()), "run: make docs"


def test_the_command_writes_the_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CRS_CDS_CODES", raising=False)
    assert main(["tables", "show", "--format", "markdown"]) == 0
    assert capsys.readouterr().out == codes_page(CodeBook.load())


def test_every_code_text_and_unit_of_the_tables_is_on_the_page() -> None:
    book = CodeBook.load()
    page = codes_page(book)
    for row in book.rows:
        assert literal(row.code or row.id) in page
        assert cell(row.display) in page or row.table == "units"
    assert all(literal(code) in page for code in book.units.codes)
    assert all(literal(concept) in page for concept in book.specs)


def test_every_row_has_the_cells_of_its_head() -> None:
    width = 0
    for line in codes_page(CodeBook.load()).splitlines():
        cells = len(BETWEEN_CELLS.findall(line)) if line.startswith("|") else 0
        assert cells == width or 0 in (cells, width), line
        width = cells


def test_what_would_end_a_cell_does_not(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        'source = "a | b"\ndate = 2026-03-01\n\n[[concept]]\nid = "weight"\n'
        'codes = [{ system = "http://a.example", code = "W|1", display = "Wt | <b> *x*\\nnext" }]\n'
    )
    page = codes_page(CodeBook.load(site))
    assert r"| `W\|1` | Wt \| &lt;b> \*x\* next | | site |" in page
    assert r"a \| b" in page
