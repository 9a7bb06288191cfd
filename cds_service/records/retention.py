"""How long things are kept, and their end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import Column, Connection, Table, delete, select

from cds_service.records.schema import calls, cards, feedback, full_records

AT_ONCE = 2_000
"""Rows a transaction: other processes get their turn in between."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Days; full records, which hold patient data, have a limit of their own."""

    days: int
    full_days: int


def purge(
    connection: Connection, retention: Retention, now: datetime, portions: int | None = None
) -> dict[str, int]:
    """Delete what is older than it may be, or so many portions of it; how many rows went, by table."""
    return {
        table.name: sum(islice(_portions(connection, table, time, now - timedelta(days=days)), portions))
        for table, time, days in (
            (calls, calls.c.time, retention.days),
            (cards, cards.c.time, retention.days),
            (feedback, feedback.c.received, retention.days),
            (full_records, full_records.c.time, min(retention.full_days, retention.days)),
        )
    }


def _portions(
    connection: Connection, table: Table, time: Column[datetime], before: datetime
) -> Iterator[int]:
    (key,) = table.primary_key.columns
    oldest = select(key).where(time < before).limit(AT_ONCE)
    gone = AT_ONCE
    while gone == AT_ONCE:
        with connection.begin():
            gone = connection.execute(delete(table).where(key.in_(oldest))).rowcount
        yield gone
