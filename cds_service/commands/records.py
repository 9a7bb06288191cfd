"""``crs-cds records migrate|purge``: the store brought up to date, and freed of what is too old."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from cds_service.errors import ConfigurationError
from cds_service.records.database import connect, database_url, open_engine
from cds_service.records.migrate import HEAD, migrate
from cds_service.records.opening import retention
from cds_service.records.retention import purge
from cds_service.settings import Settings, load_settings


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("records", help="the store of feedback and audit")
    actions = parser.add_subparsers(dest="action", required=True, metavar="migrate|purge")
    for name, run, text in (
        ("migrate", run_migrate, "bring it to this version, as a start of the service does too"),
        ("purge", run_purge, "delete what is older than the site keeps it, as the service does every hour"),
    ):
        action: argparse.ArgumentParser = actions.add_parser(name, help=text)
        action.set_defaults(run=_within(run))


def _within(run: Callable[[Settings, Connection], str]) -> Callable[[argparse.Namespace], int]:
    def with_store(_: argparse.Namespace) -> int:
        settings = load_settings()
        with _writing(settings) as connection:
            sys.stdout.write(run(settings, connection) + "\n")
        return 0

    return with_store


@contextmanager
def _writing(settings: Settings) -> Iterator[Connection]:
    try:
        with connect(open_engine(database_url(settings))) as connection:
            yield connection
    except DBAPIError as error:
        raise ConfigurationError(f"the store cannot be written: {type(error.orig).__name__}") from None


def run_migrate(_: Settings, connection: Connection) -> str:
    return f"migrated to {HEAD}" if migrate(connection) else f"up to date at {HEAD}"


def run_purge(settings: Settings, connection: Connection) -> str:
    migrate(connection)
    gone = purge(connection, retention(settings), datetime.now(UTC))
    return "deleted: " + ", ".join(f"{name} {number}" for name, number in gone.items())
