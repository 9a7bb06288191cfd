"""What is in a SQLite store, read past the service."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from cds_service.records.database import FILE

TABLES = ("calls", "cards", "feedback", "full_records")


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    """All rows of a table, by column."""
    with closing(sqlite3.connect(folder / FILE)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608


def everything(folder: Path) -> bytes:
    """All bytes of the store, as they lie on the disk."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
