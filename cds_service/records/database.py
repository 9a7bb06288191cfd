"""The database behind the store: a SQLite file in the data directory, or PostgreSQL by its URL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from cds_service.errors import ConfigurationError
from cds_service.settings import PREFIX, Settings

FILE = "records.sqlite"
BUSY_MS = 2_000
"""How long a statement waits for another process's lock."""
STATEMENT_MS = 5_000
_POSTGRESQL = {
    "connect_timeout": 3,
    "tcp_user_timeout": STATEMENT_MS,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "application_name": "crs-cds",
}


def database_url(settings: Settings) -> URL:
    """Where the store is. Raises ConfigurationError, without the password that a URL may hold."""
    if settings.database_url is None:
        return URL.create("sqlite", database=str((settings.data_dir / FILE).absolute()))
    try:
        url = make_url(settings.database_url.get_secret_value())
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise ConfigurationError(f"{PREFIX}DATABASE_URL: not a database URL") from None
    kind = url.drivername.split("+")[0]
    if kind in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if kind == "sqlite" and url.database not in (None, "", ":memory:"):
        return url.set(drivername="sqlite")
    raise ConfigurationError(f"{PREFIX}DATABASE_URL: postgresql://… or sqlite:///file is understood")


def open_engine(url: URL, *, read_only: bool = False) -> Engine:
    """An engine whose waiting is bounded everywhere; nothing is opened yet, and nothing is pooled."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, poolclass=NullPool, connect_args=_sqlite_arguments())
        _set_up_sqlite(engine, read_only=read_only)
    else:
        engine = create_engine(url, poolclass=NullPool, connect_args=_POSTGRESQL, paramstyle="format")
        _set_up_postgresql(engine, read_only=read_only)
    return engine


def connect(engine: Engine) -> Connection:
    """A connection. A SQLite file and its directory are made where they are missing, for their owner only."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        _make_file(Path(engine.url.database))
    return engine.connect()


def through_power_failure(connection: Connection, *, wanted: bool) -> None:
    """Whether the next commit waits for the disk; every commit outlives the process in any case.

    To be called outside a transaction. PostgreSQL waits always.
    """
    if connection.dialect.name == "sqlite":
        raw: Any = connection.connection
        raw.execute(f"PRAGMA synchronous = {'FULL' if wanted else 'NORMAL'}")


def _make_file(path: Path) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _sqlite_arguments() -> dict[str, Any]:
    # The writer opens and uses its connection in one thread; the start uses another, before.
    return {"timeout": BUSY_MS / 1000, "isolation_level": None}


def _set_up_sqlite(engine: Engine, *, read_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        if read_only:
            connection.execute("PRAGMA query_only = ON")
            return
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # what was purged is not left in the file

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # At once for writing: a lock taken later could not wait for another process.
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _set_up_postgresql(engine: Engine, *, read_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            limit = 0 if read_only else STATEMENT_MS
            cursor.execute(f"SET statement_timeout = {limit}")
            cursor.execute("SET TIME ZONE 'UTC'")  # of a role or a machine: times would come back in its zone
            cursor.execute(f"SET default_transaction_read_only = {'on' if read_only else 'off'}")
        connection.commit()
