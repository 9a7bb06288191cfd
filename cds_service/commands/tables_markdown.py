"""The code tables as a page of Markdown: what every code and text means, in which unit, and who says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from fhir_mappings import CodeBook, TableRow
from fhir_mappings.facts import Method, Route
from fhir_mappings.meanings import ConceptSpec, Diagnosis, DrugCode, Excluded, Measure
from fhir_mappings.units import Unit

HEAD = """\
# Codes

What every code, name and unit means to this service, from the tables in `fhir_mappings/tables/`. Written by
`make docs`: change the tables, not this page. A site adds its own codes by an
[overlay](../how-to/site-codes.md).

Standing: `verified` was seen with the same meaning in two or more independent public sources, `single-source`
in one, `site` comes from an overlay. Texts are compared whole and without regard to case. Codes that no
source confirmed are left out, and listed at the end of each table file.
"""
SPECIAL = re.compile(r"[\\`*|~]")
BAR = "\\|"
TITLES = {
    "observations": "Observations",
    "devices": "Oxygen, ventilation and reasons for them",
    "medications": "Drugs and routes",
    "therapies": "Cell products and T-cell engagers",
    "conditions": "Diagnoses",
    "timing": "How often an ordered drug is due",
}


def codes_page(book: CodeBook) -> str:
    """The whole page."""
    lines = [HEAD, "## What is measured", "", *_concepts(book)]
    for table, title in TITLES.items():
        rows = [row for row in book.rows if row.table == table]
        lines += [
            "",
            f"## {title}",
            "",
            *_sources(rows),
            *_drugs(table, book),
            *_codes(rows, book),
            *_texts(rows),
        ]
    lines += ["", "## Units", "", *_units(book)]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """A text that stays inside its cell and says what it says."""
    return SPECIAL.sub(r"\\\g<0>", " ".join(text.split())).replace("<", "&lt;")


def literal(text: str) -> str:
    """A code or unit, letter for letter."""
    return f"`{text.replace('|', BAR)}`" if text else ""


def table_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield "|" + "".join(f" {each} |" if each else " |" for each in row)


def _sources(rows: Iterable[TableRow]) -> Iterator[str]:
    sources = dict.fromkeys(row.source for row in rows)
    yield f"Source: {'; '.join(cell(source) for source in sources)}."
    yield ""


def _concepts(book: CodeBook) -> Iterator[str]:
    head = (
        "concept",
        "unit",
        "believed from",
        "to",
        "without a unit",
        "a bound may stand",
        "a date is enough",
    )
    return table_of(head, (_concept(spec) for spec in book.specs.values()))


def _concept(spec: ConceptSpec) -> tuple[str, ...]:
    assumed = "; ".join(
        f"{_number(each.low)} to {_number(each.high)} is {literal(each.unit.code)}" for each in spec.assumed
    )
    flags = ("yes" if flag else "" for flag in (spec.bounds, spec.day_is_enough))
    unit = literal(spec.unit.code)
    return literal(spec.name), unit, _number(spec.low), _number(spec.high), assumed, *flags


def _number(value: Decimal) -> str:
    return format(value, "f")


def _drugs(table: str, book: CodeBook) -> Iterator[str]:
    """What each drug means to the grading."""
    if table in ("medications", "therapies"):
        drugs = [drug for drug in book.drugs.values() if bool(drug.therapy) is (table == "therapies")]
        rows = ((literal(drug.id), cell(drug.display), ", ".join(sorted(drug.groups))) for drug in drugs)
        yield from table_of(("id", "name", "groups"), rows)
        yield ""


def _codes(rows: Iterable[TableRow], book: CodeBook) -> Iterator[str]:
    """Every code, in the order of the table file."""
    names = {system.uri: system.id for system in book.systems.values()}
    head = ("means", "system", "code", "display", "in particular", "standing")
    coded = (row for row in rows if row.code)
    return table_of(
        head,
        (
            (
                literal(row.id),
                names.get(row.system, cell(row.system)),
                literal(row.code),
                cell(row.display),
                cell(_particulars(row, book)),
                row.standing,
            )
            for row in coded
        ),
    )


def _particulars(row: TableRow, book: CodeBook) -> str:
    """What a code tells beyond what it means."""
    meaning = book.find(row.system, row.code)
    if isinstance(meaning, Measure):
        return "" if meaning.method is Method.UNSPECIFIED else meaning.method
    if isinstance(meaning, Excluded):
        return "known, and not used"
    if isinstance(meaning, Diagnosis):
        return "" if meaning.grade is None else f"grade {meaning.grade}"
    if isinstance(meaning, DrugCode):
        return ", ".join(part for part in (meaning.product, _route(meaning.route)) if part)
    return row.range if row.table == "timing" else ""


def _route(route: Route) -> str:
    return "" if route is Route.UNSPECIFIED else route


def _texts(rows: Iterable[TableRow]) -> Iterator[str]:
    """Every name and word, by what it means."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if not row.code:
            found.setdefault(row.id, []).append(row.display)
    if found:
        yield ""
        yield from table_of(
            ("means", "texts"), ((literal(owner), cell(", ".join(texts))) for owner, texts in found.items())
        )


def _units(book: CodeBook) -> Iterator[str]:
    """Every unit with the texts that stand for it, and what one of it is in the base of its kind."""
    rows = [row for row in book.rows if row.table == "units"]
    texts: dict[str, list[str]] = {}
    for row in rows:
        texts.setdefault(row.id, []).append("" if row.display == row.id else row.display)
    yield from _sources(rows)
    yield from table_of(
        ("unit", "kind", "in the base unit of its kind", "texts"),
        (
            (
                literal(code),
                unit.dimension,
                _conversion(unit),
                cell(", ".join(filter(None, texts.get(code, [])))),
            )
            for code, unit in book.units.codes.items()
        ),
    )


def _conversion(unit: Unit) -> str:
    shifted = f"(x {'−' if unit.offset < 0 else '+'} {_number(abs(unit.offset))})" if unit.offset else "x"
    top = f" × {_number(unit.factor)}" if unit.factor != 1 else ""
    bottom = f" ÷ {_number(unit.divisor)}" if unit.divisor != 1 else ""
    return shifted + top + bottom
