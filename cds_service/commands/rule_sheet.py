"""``crs-cds tables show --format html``: the rule set as one page to print and sign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cds_service.cards.formats import MONTHS
from cds_service.cards.wording import rule_sheet as wording
from cds_service.commands.rule_sheet_rows import CODE_SYSTEMS, AdviceLine, Example, Line, Lines, examples
from cds_service.commands.table_files import code_files, rule_files
from cds_service.commands.tables_markdown import TITLES
from cds_service.crs.drug_table import DrugTable
from cds_service.crs.guideline import Guideline
from fhir_mappings import CodeBook

TEMPLATES = Path(__file__).parent / "templates"
GRADES = (0, 1, 2, 3, 4)
SIGNATURES = 6
CHANGES = 8


class DrugSection(NamedTuple):
    drug: DrugTable
    lines: list[Line]
    examples: list[Example]


class CodeCount(NamedTuple):
    """How much a code table knows, and how well its codes are confirmed."""

    title: str
    codes: int
    texts: int
    standings: str


def rule_sheet(
    guideline: Guideline, codebook: CodeBook, path: Path, overlay: Path | None, printed: datetime
) -> str:
    """One HTML page without script and without anything fetched; ``printed`` is an aware time."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = _content(guideline, codebook, path, overlay)
    return environment.get_template("rule_sheet.html").render(printed=_moment(printed), **shown)


def _content(guideline: Guideline, codebook: CodeBook, path: Path, overlay: Path | None) -> dict[str, Any]:
    lines = Lines(guideline)
    return {
        "guideline": guideline,
        "wording": wording,
        "topics": lines.topics(),
        "grading": _grading(lines),
        "definitions": _definitions(lines),
        "grades": GRADES,
        "advice": _advice(lines),
        "regimen": _regimen(lines),
        "drugs": list(_drugs(lines)),
        "orders": lines.orders(),
        "code_systems": CODE_SYSTEMS,
        "code_counts": list(_code_counts(codebook)),
        "codebook": codebook,
        "rule_files": rule_files(guideline, path),
        "code_files": code_files(overlay),
        "sources": lines.references.numbers,
        "policies": sum(rule.standing == "site policy" for rule in guideline.rules),
        "signatures": range(SIGNATURES),
        "changes": range(CHANGES),
    }


def _grading(lines: Lines) -> dict[str, list[Line]]:
    return {
        "Fever and what masks it": lines.under("thresholds.fever", "masking"),
        "Hypotension by age": lines.under("hypotension"),
        "Vasopressors": lines.under("vasopress"),
        "Oxygen and ventilation": lines.under("oxygen", words=wording.bands_in_words),
        "What is not known": lines.under("unknown"),
        "Baseline": lines.under("baseline", words=wording.devices_in_words),
        "Norepinephrine equivalents: shown for the trend, never for the grade": lines.under(
            "equivalents", words=wording.drugs_in_words
        ),
    }


def _definitions(lines: Lines) -> dict[str, list[Line]]:
    """Windows and thresholds: first those of the grading, then those of treatment and doses."""
    every = [line for line in lines.under("windows.", "thresholds.") if line.key != "thresholds.fever"]
    return {
        "Of the grading": [line for line in every if line.rule.startswith("GR")],
        "Of treatment and doses": [line for line in every if not line.rule.startswith("GR")],
    }


def _advice(lines: Lines) -> dict[str, list[AdviceLine]]:
    """By line of the card; a line that a site named itself goes by its name."""
    regimen = lines.guideline.regimen
    names = dict.fromkeys([*wording.LINES, *(row.line for row in (*regimen.advice, *regimen.not_chosen))])
    return {wording.LINES.get(name, name): lines.advice(name) for name in names}


def _regimen(lines: Lines) -> dict[str, list[Line]]:
    return {
        "Methylprednisolone at grade 4, step by step": lines.under("taper"),
        "Steroid doses": lines.under("steroid"),
        "Early products": lines.under("early-products", words=wording.drugs_in_words),
        "Daily tests": lines.under("labs", words=wording.tests_in_words),
        "Orders checked against these limits: what is critical": lines.under("danger"),
    }


def _drugs(lines: Lines) -> Iterator[DrugSection]:
    for drug in lines.guideline.drugs.values():
        yield DrugSection(drug, [lines.line(rule) for rule in drug.rules], examples(drug))


def _code_counts(book: CodeBook) -> Iterator[CodeCount]:
    for table, title in TITLES.items():
        rows = [row for row in book.rows if row.table == table]
        standings = Counter(row.standing for row in rows if row.code)
        shown = ", ".join(f"{count} {name}" for name, count in sorted(standings.items()))
        yield CodeCount(title, sum(standings.values()), sum(not row.code for row in rows), shown)


def _moment(time: datetime) -> str:
    zone = time.tzname() or ""
    return f"{time.day} {MONTHS[time.month - 1]} {time.year}, {time:%H:%M} {zone}".strip()
