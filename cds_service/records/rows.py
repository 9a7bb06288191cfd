"""Entries as rows, written many at a time.

The statements are made by SQLAlchemy once; the rows go past it to the driver as tuples in the order of the
columns. This runs beside every hook call, and the detour by names would cost as much as the insert.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Dialect, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

from cds_service.records.entries import Call, Feedback, Tables
from cds_service.records.retention import Retention
from cds_service.records.schema import calls, cards, feedback, full_records

Row = tuple[Any, ...]
_INSERTS: Mapping[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
_NUMBERED_BY_THE_DATABASE = "id"


class Rows:
    """Writes entries within a transaction; what is there already is left as it is."""

    def __init__(self, tables: Tables, patient_hash: Callable[[str, str], str], retention: Retention) -> None:
        self._tables = tables
        self._retention = retention
        self._patient_hash = patient_hash
        self._statements: dict[str, str] = {}

    def insert(self, connection: Connection, made: Sequence[Call], given: Sequence[Feedback]) -> None:
        """Write calls, their cards and feedback."""
        time = _naive if connection.dialect.name == "sqlite" else _as_it_is
        self._insert(connection, calls, [self._call(call, time(call.time)) for call in made])
        shown = [row for call in made if call.cards for row in self._cards(call, time(call.time))]
        self._insert(connection, cards, shown)
        until = self._retention.full_until
        full = [
            _full(call, time(call.time), time(until(call.time))) for call in made if call.full is not None
        ]
        self._insert(connection, full_records, full)
        given_rows = [_feedback(item, time(item.outcome_time), time(item.received)) for item in given]
        self._insert(connection, feedback, given_rows)

    def _insert(self, connection: Connection, table: Table, rows: list[Row]) -> None:
        if rows:
            if table.name not in self._statements:
                self._statements[table.name] = _statement(connection.dialect, table)
            connection.exec_driver_sql(self._statements[table.name], rows)

    def _call(self, call: Call, time: object) -> Row:
        summary = call.summary
        lowest, highest = summary.get("grade") or (None, None)
        return (
            call.request_id,
            time,
            call.hook_instance or None,
            call.service or None,
            call.client or None,
            call.status,
            call.error or None,
            summary.get("episode"),
            lowest,
            highest,
            " ".join(summary.get("rules", ())) or None,
            " ".join(summary.get("missing", ())) or None,
            " ".join((*_pairs(summary.get("failures", {})), *call.lacking)) or None,
            len(call.cards),
            call.duration_ms,
            call.shadow,
            *self._tables,
        )

    def _cards(self, call: Call, time: object) -> Iterator[Row]:
        patient = self._patient_hash(call.client, call.patient_id)
        rest = (patient, self._tables.guideline, self._tables.guideline_sha256, call.shadow)
        for card in call.cards:
            yield (card.uuid, time, call.request_id, call.service, " ".join(card.rules), *rest)


def _statement(dialect: Dialect, table: Table) -> str:
    names = [column.name for column in table.columns if column.name != _NUMBERED_BY_THE_DATABASE]
    insert = _INSERTS[dialect.name](table).on_conflict_do_nothing()
    return str(insert.values({name: bindparam(name) for name in names}).compile(dialect=dialect))


def _naive(time: datetime) -> str:
    """As SQLAlchemy writes a time for SQLite."""
    return time.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def _as_it_is(time: datetime) -> datetime:
    return time


def _pairs(failures: Mapping[str, str]) -> Iterator[str]:
    return (f"{key}:{reason}" for key, reason in failures.items())


def _full(call: Call, time: object, expires: object) -> Row:
    if call.full is None:
        raise TypeError("no full record")
    packed = (zlib.compress(call.full.inputs, 1), zlib.compress(call.full.response, 1))
    return call.request_id, time, expires, *packed


def _feedback(item: Feedback, outcome_time: object, received: object) -> Row:
    return (
        item.card,
        item.outcome,
        outcome_time,
        item.service,
        item.client or None,
        item.reason_system,
        item.reason_code,
        json.dumps(item.suggestions) if item.suggestions else None,
        item.comment,
        received,
        _digest(item),
    )


def _digest(item: Feedback) -> str:
    """Of all that a client said, and not of when it was received."""
    said = item._replace(received=item.outcome_time)
    return sha256(json.dumps(said, default=_in_utc).encode()).hexdigest()


def _in_utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat()
