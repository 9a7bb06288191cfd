"""``crs-cds tables check|show``: the clinical tables, checked without a server, printed for a committee."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cds_service.commands.rule_sheet import rule_sheet
from cds_service.commands.tables_markdown import codes_page
from cds_service.crs.guideline import Guideline
from cds_service.crs.table_reading import Citation
from cds_service.settings import load_settings
from cds_service.tables import check_file, guideline_path, load_codebook, load_guideline
from fhir_mappings import CodeBook


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("tables", help="check or print the clinical tables")
    actions = parser.add_subparsers(dest="action", required=True, metavar="check|show")
    check = actions.add_parser("check", help="check guideline tables and code overlays")
    check.add_argument("files", nargs="*", type=Path, metavar="FILE", help="default: the tables in use")
    check.set_defaults(run=run_check)
    show = actions.add_parser("show", help="print every rule with unit, standing and source")
    show.add_argument(
        "--format",
        choices=("text", "markdown", "html"),
        default="text",
        help="html: the rules as a sheet to print and sign; markdown: the codes alone, as a page",
    )
    show.set_defaults(run=run_show)


def run_check(options: argparse.Namespace) -> int:
    settings = load_settings()
    if not options.files:
        load_codebook(settings.codes)
        load_guideline(settings.guideline)
        sys.stdout.write("tables in use: good\n")
    for file in options.files:
        sys.stdout.write(f"{file}: {check_file(file)}\n")
    return 0


def run_show(options: argparse.Namespace) -> int:
    settings = load_settings()
    guideline, codebook = load_guideline(settings.guideline), load_codebook(settings.codes)
    if options.format == "markdown":
        sys.stdout.write(codes_page(codebook))
        return 0
    if options.format == "html":
        path, printed = guideline_path(settings.guideline), datetime.now(settings.zone or UTC)
        sys.stdout.write(rule_sheet(guideline, codebook, path, settings.codes, printed))
        return 0
    sys.stdout.write("\n".join(_guideline_lines(guideline)) + "\n\n")
    sys.stdout.write("\n".join(_code_lines(codebook)) + "\n")
    return 0


def _guideline_lines(guideline: Guideline) -> list[str]:
    lines = [
        f"# {guideline.title}",
        f"id {guideline.id}, version {guideline.version}, sha256 {guideline.sha256}",
        "",
    ]
    lines += [f"{r.rule:6} {r.text} [{r.standing}; {r.source}] ({r.key})" for r in guideline.rules]
    lines += ["", "Sources:", *_source_lines("", guideline.sources)]
    for drug, table in guideline.drugs.items():
        lines += _source_lines(f"{drug}: ", table.sources)
    return lines


def _source_lines(owner: str, sources: Mapping[str, Citation]) -> list[str]:
    return [f"  {owner}{key}: {c.citation} ({c.date.isoformat()})" for key, c in sources.items()]


def _code_lines(codebook: CodeBook) -> list[str]:
    """Every code, name, unit and plausible range, one a line."""
    lines = [f"# Codes, sha256 {codebook.sha256}", ""]
    for row in codebook.rows:
        parts = (row.system, row.code, row.display, row.unit, row.range, row.standing, row.source)
        lines.append(f"{row.table}: {row.id}: " + " | ".join(part for part in parts if part))
    return lines
