"""How long things are kept, and their end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import ColumnElement, Connection, Table, delete, select

from cds_service.records.schema import calls, cards, feedback, full_records

AT_ONCE = 2_000
"""Rows a transaction: other processes get their turn in between."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Days; full records, which hold patient data, have a limit of their own. 0: none are made."""

    days: int
    full_days: int

    def full_until(self, made: datetime) -> datetime:
        return made + timedelta(days=min(self.full_days, self.days))


def purge(
    connection: Connection, retention: Retention, now: datetime, portions: int | None = None
) -> dict[str, int]:
    """Delete what is older than it may be, or so many portions of it; how many rows went, by table.

    A full record goes when its own time is over, or earlier where fewer days are asked for now. That none are
    made any more asks for nothing: the setting may be missing by mistake.
    """
    before = now - timedelta(days=retention.days)
    full_before = now - timedelta(days=min(retention.full_days or retention.days, retention.days))
    over = (full_records.c.expires < now) | (full_records.c.time < full_before)
    return {
        table.name: sum(islice(_portions(connection, table, too_old), portions))
        for table, too_old in (
            (calls, calls.c.time < before),
            (cards, cards.c.time < before),
            (feedback, feedback.c.received < before),
            (full_records, over),
        )
    }


def are_full_records_left(connection: Connection) -> bool:
    with connection.begin():
        return connection.execute(select(full_records.c.request_id).limit(1)).first() is not None


def _portions(connection: Connection, table: Table, too_old: ColumnElement[bool]) -> Iterator[int]:
    (key,) = table.primary_key.columns
    oldest = select(key).where(too_old).limit(AT_ONCE)
    gone = AT_ONCE
    while gone == AT_ONCE:
        with connection.begin():
            gone = connection.execute(delete(table).where(key.in_(oldest))).rowcount
        yield gone
