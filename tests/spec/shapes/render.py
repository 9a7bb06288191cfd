"""Writes docs/reference/chart-shapes.md from the shapes: ``python -m tests.spec.shapes.render``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

from tests.spec.shapes.cases import KINDS, Row, Section, Shape, sections, shape_of

TODAY = date(2026, 3, 10)
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "chart-shapes.md"
HEAD = """\
# Chart shapes

What electronic records were seen to send, and what this mapping makes of it. Every line is a test of that
name; the FHIR resources are in [`tests/spec/shapes`](../../tests/spec/shapes). Whatever is sent is read, or
refused with an [issue](mapping-issues.md), named here as `code`. Where a line names no issue, there is none.
Values are in the unit in which they are used; times are UTC, and the chart is read as of 09:00.

This page is written by `python -m tests.spec.shapes.render`.
"""


def page() -> str:
    return "\n".join([HEAD, *map(_section, sections())])


def _section(section: Section) -> str:
    rows = [_line(shape_of(row)) for row in section.shape]
    head = ["| shape | what is sent | what becomes of it |", "| --- | --- | --- |"]
    return "\n".join([f"## {section.title}", "", section.about, "", *head, *rows, ""])


def _line(shape: Shape) -> str:
    cells = (f"`{shape.id}`", shape.sentence, outcome(shape))
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def outcome(shape: Shape) -> str:
    """The facts, then the issues, in words."""
    told = [
        *_each(_reading(row) for row in _rows(shape, "readings")),
        *_each(_support(row) for row in _rows(shape, "oxygen")),
        *_each(_given(row) for row in _rows(shape, "administrations")),
        *_each(_therapy(row) for row in _rows(shape, "therapies")),
        *_each(_diagnosis(row) for row in _rows(shape, "conditions")),
        *_each(f"may have been given: {row['drug'] or 'any drug'}" for row in _rows(shape, "unplaced")),
        *_each(_issue(row) for row in _rows(shape, "issues")),
    ]
    said = "; ".join(told) or "nothing: no fact, no issue"
    return f"{said}. **Not yet so:** {shape.pending}" if shape.pending else said


def _rows(shape: Shape, kind: str) -> list[Row]:
    return [KINDS[kind].always | row for row in shape.expect[kind]]


def _each(words: Iterable[str]) -> list[str]:
    """Each once, with how often."""
    return [f"{times} × {word}" if times > 1 else word for word, times in Counter(words).items()]


def _listed(*words: str) -> str:
    return ", ".join(filter(None, words))


def _when(moment: datetime | None, before: str) -> str:
    if moment is None:
        return ""
    utc = moment.astimezone(UTC)
    return f"{before} {utc:%H:%M}" if utc.date() == TODAY else f"{before} {utc:%d %B}"


def _reading(row: Row) -> str:
    method = "" if row["method"] == "unspecified" else f" ({row['method']})"
    return _listed(f"{row['concept']} {row['value']} {row['unit']}{method}", _when(row.get("time"), "at"))


def _support(row: Row) -> str:
    device = row["device"] or ""
    known = _listed(
        f"{device} (by its mode)" if row["mode"] else device,
        f"{row['flow']} L/min" if row["flow"] else "",
        f"FiO2 {row['fio2']}" if row["fio2"] else "",
    )
    reasons = f"because of {' and '.join(row['reasons'])}" if row.get("reasons") else ""
    state = "still on" if row["ongoing"] else ""
    times = (_when(row.get("time"), "at"), _when(row["end"], "until"))
    return "oxygen: " + _listed(known or "of unknown amount", state, *times, reasons)


def _given(row: Row) -> str:
    period = "a period" if row["end"] else "not running"
    return _listed(
        f"{row['drug']}: {'single event' if row['point'] else 'runs' if row['ongoing'] else period}",
        _when(row.get("start"), "from"),
        _when(row["end"], "until"),
        f"dose {row['dose']}" if row["dose"] else "",
        f"that is {row['mass']}" if row.get("mass", row["dose"]) != row["dose"] else "",
        f"rate {row['rate']}" if row["rate"] else "",
        f"that is {row['per_minute']}" if row.get("per_minute", row["rate"]) != row["rate"] else "",
        "" if row["route"] == "unspecified" else row["route"],
        "" if row["certain"] else "uncertain",
    )


def _therapy(row: Row) -> str:
    return _listed(
        f"{row['kind']}: {row['product'] or 'product not named'}",
        _when(row.get("time"), "at"),
        "known to the day" if row["date_only"] else "",
        "" if row["certain"] else "uncertain",
    )


def _diagnosis(row: Row) -> str:
    grade = f"grade {row['grade']}" if row["grade"] else ""
    return _listed(f"diagnosis: {row['group']}", "active" if row["active"] else "not active", grade)


def _issue(row: Row) -> str:
    return f"`{row['code']}`" + (f" ({row['concept']})" if row["concept"] else "")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
