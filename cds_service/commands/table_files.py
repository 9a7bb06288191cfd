"""The files that decide, each with its version, date and hash: what a committee signs for."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from cds_service.crs.guideline import Guideline
from cds_service.tables import DRUGS, GUIDELINES, ORDERS, sha256_of
from fhir_mappings import loading


class TableFile(NamedTuple):
    """``version`` is empty where a file goes by its date alone."""

    name: str
    version: str
    dated: date
    sha256: str


def rule_files(guideline: Guideline, path: Path) -> list[TableFile]:
    """The guideline, the drugs and the orders, in the order in which their hash together is made."""
    name = f"guidelines/{path.name}" if path.parent == GUIDELINES else str(path)
    found = [TableFile(name, guideline.version, guideline.date, guideline.own_sha256)]
    for file in sorted(DRUGS.glob("*.toml")):
        drug = next(
            table for table in guideline.drugs.values() if table.sha256 == sha256_of(file.read_bytes())
        )
        found.append(TableFile(f"drugs/{file.name}", drug.version, drug.date, drug.sha256))
    orders = guideline.orders
    return [*found, TableFile(ORDERS.name, orders.version, orders.date, orders.sha256)]


def code_files(overlay: Path | None) -> list[TableFile]:
    """The code tables, and the site's overlay."""
    return [*_code_tables(), *([_dated(overlay, f"{overlay} (overlay of the site)")] if overlay else [])]


def _code_tables() -> Iterator[TableFile]:
    for name in loading.SECTIONS:
        yield _dated(loading.TABLES / name, f"fhir_mappings/tables/{name}")


def _dated(path: Path, name: str) -> TableFile:
    content = path.read_bytes()
    return TableFile(name, "", tomllib.loads(content.decode())["date"], sha256_of(content))
