"""``crs-cds feedback report``: what clinicians did with the cards, by week and rule."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cds_service.commands.arguments import count
from cds_service.records.reading import reading
from cds_service.records.report import Line, report
from cds_service.settings import load_settings

MOST_WEEKS = 5_200
"""A century."""
HEAD = ("week", "rule", "shown", "shadow", "accepted", "overridden", "override reasons")


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("feedback", help="what clinicians did with the cards")
    actions = parser.add_subparsers(dest="action", required=True, metavar="report")
    chosen = actions.add_parser(
        "report", help="by week and rule: shown, held back, accepted, overridden, reasons"
    )
    chosen.add_argument("--json", action="store_true", help="one JSON object in place of a table")
    chosen.add_argument("--weeks", type=count(MOST_WEEKS), metavar="N", help="only the last N weeks")
    chosen.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    since = datetime.now(UTC) - timedelta(weeks=options.weeks) if options.weeks else None
    with reading(load_settings()) as connection:
        lines = report(connection, since)
    if options.json:
        sys.stdout.write(json.dumps({"lines": [line.document() for line in lines]}) + "\n")
    else:
        sys.stdout.write("\n".join(_table(lines)) + "\n")
    return 0


def _table(lines: Sequence[Line]) -> list[str]:
    rows = [HEAD, *(_row(line) for line in lines)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows]  # fmt: skip


def _row(line: Line) -> tuple[str, ...]:
    reasons = ", ".join(f"{item['code']} ({item['count']})" for item in line.document()["reasons"])
    numbers = (line.shown, line.shadow, line.accepted, line.overridden)
    return line.week, line.rule, *map(str, numbers), reasons
