"""Writes docs/specification.md from vignettes and vectors: ``python -m tests.spec.render``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from cds_service.tables import load_guideline
from tests.spec.limits.cases import vectors as limits
from tests.spec.limits.words import charted as ordered
from tests.spec.limits.words import expected
from tests.spec.treatment.cases import vectors
from tests.spec.vignettes.cases import cases
from tests.spec.words import advised, charted, graded

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "specification.md"
REQUIREMENTS = ROOT / "docs" / "reference" / "requirements.md"
ROW = re.compile(r"^\| ((?:GR|TX|DL)-\d+) \| (.+?) \| (.+?) \| \w+ \|$", re.MULTILINE)
LETTERS = {"A": "lee-2019", "S": "seed", "L": "label", "H": "hooks"}
HOOKS = "CDS Hooks 2.0.1: suggestions, actions `update` and `delete` (2025-03-12)"
HEAD = """\
# Specification

What the service does for which patient, case by case. Every line is a test of that name, through FHIR,
mapping, engine and card. Rows are those of the [requirements](reference/requirements.md); how charts of
different systems are read has [a page of its own](reference/chart-shapes.md). The cases are data in
[`tests/spec/vignettes`](../tests/spec/vignettes) (grades),
[`tests/spec/treatment`](../tests/spec/treatment) (advice) and
[`tests/spec/limits`](../tests/spec/limits) (orders about to be signed); whoever changes a rule changes
them first.

Every case is judged at 10 March 2026, 09:00 UTC, by the shipped table `astct-2019`. Advice is named by the
id of its row there: recommended, to be considered, or information. "Offered" is what a clinician may sign.

This page is written by `python -m tests.spec.render`.
"""


class Line(NamedTuple):
    id: str
    says: str
    charted: str
    expected: str
    source: str


def page() -> str:
    found = lines()
    sections = [_section(rule, text, letters, found.get(rule, [])) for rule, text, letters in _requirements()]
    return "\n".join([HEAD, *sections, _sources()])


def _requirements() -> list[tuple[str, str, str]]:
    return ROW.findall(REQUIREMENTS.read_text("utf-8"))


def lines() -> dict[str, list[Line]]:
    """By requirement; a grading vignette cites what its requirement cites."""
    found: dict[str, list[Line]] = {}
    for case in sorted(cases(), key=lambda c: int(c.id[1:])):
        found.setdefault(case.rule, []).append(Line(case.id, case.says, charted(case), graded(case), ""))
    for vector in vectors():
        told = Line(vector.id, vector.says, charted(vector), advised(vector), vector.source)
        found.setdefault(vector.rule, []).append(told)
    for limit in limits():
        told = Line(limit.id, limit.says, ordered(limit), expected(limit), limit.source)
        found.setdefault(limit.rule, []).append(told)
    return found


def _section(rule: str, text: str, letters: str, rows: list[Line]) -> str:
    named = [LETTERS[letter] for letter in letters.split() if letter in LETTERS]
    source = ", ".join(map(_cited, named)) or letters
    head = [f"## {rule}", "", f"**{text}.** Source: {source}.", ""]
    if not rows:
        return "\n".join([*head, "No case is named after this row: it is in all of them.", ""])
    table = ["| case | what is charted | expected | source |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *table, *(_line(row, source) for row in rows), ""])


def _line(row: Line, source: str) -> str:
    cited = _cited(row.source) if row.source else source
    cells = (f"`{row.id}`<br>{row.says}", row.charted, row.expected, cited)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _cited(key: str) -> str:
    return f"[{key}](#sources)"


def _sources() -> str:
    guideline = load_guideline("astct-2019")
    drugs = {key: source for table in guideline.drugs.values() for key, source in table.sources.items()}
    sources = {**guideline.sources, **{k: s for k, s in drugs.items() if k not in guideline.sources}}
    told = [f"- **{key}**: {source.citation} ({source.date})" for key, source in sources.items()]
    return "\n".join(["## Sources", "", *told, f"- **hooks**: {HOOKS}", ""])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
