"""The store as its one writer sees it: a connection that is opened when needed, and whole batches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
    SQLAlchemyError,
)

from cds_service.errors import ConfigurationError
from cds_service.observability import logger
from cds_service.records.database import connect, open_engine, through_power_failure
from cds_service.records.entries import Call, Feedback
from cds_service.records.migrate import migrate
from cds_service.records.retention import AT_ONCE, Retention, are_full_records_left, purge
from cds_service.records.rows import Rows

_OF_A_VALUE = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)
A_TURN = 5
"""Portions of each table that are purged before the writer looks at its queue again."""


class StoreError(Exception):
    """The store cannot be written now; the same batch may be tried again later."""


class Store:
    """Belongs to one thread at a time."""

    def __init__(self, url: URL, rows: Rows, retention: Retention) -> None:
        self._engine = open_engine(url)
        self._rows = rows
        self._retention = retention
        self._connection: Connection | None = None

    def prepare(self) -> None:
        """Open and migrate; what is not to be had yet is tried again with the first batch.

        Raises ConfigurationError where waiting will not help.
        """
        try:
            connection = self._open()
            if not self._retention.full_days and are_full_records_left(connection):
                logger.error("full-records-while-off")
        except (SQLAlchemyError, OSError) as error:
            logger.error("records-not-ready", error=_name(error))
        finally:
            self.close()  # no connection is carried into a process that is forked later

    def write(self, made: Sequence[Call], given: Sequence[Feedback]) -> None:
        """All or nothing. Feedback is on the disk when this returns.

        Raises StoreError where the store is out of order, another error where an entry cannot be written.
        """
        connection = self._connected()
        try:
            # The records of calls are not worth a sync each.
            through_power_failure(connection, wanted=bool(given))
            with connection.begin():
                self._rows.insert(connection, made, given)
        except Exception as error:
            self.close()
            if is_of_an_entry(error):
                raise
            raise StoreError(_name(error)) from error

    def purge(self, now: datetime) -> bool:
        """Delete a turn's worth of what is too old; whether all of it is gone. Raises StoreError."""
        connection = self._connected()
        try:
            gone = purge(connection, self._retention, now, portions=A_TURN)
        except (SQLAlchemyError, OSError) as error:
            self.close()
            raise StoreError(_name(error)) from error
        return all(number < A_TURN * AT_ONCE for number in gone.values())

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except (SQLAlchemyError, OSError):  # gone already
                logger.warning("records-connection-lost")

    def _connected(self) -> Connection:
        try:
            return self._connection or self._open()
        except (SQLAlchemyError, OSError, ConfigurationError) as error:
            self.close()
            raise StoreError(_name(error)) from error

    def _open(self) -> Connection:
        self._connection = connect(self._engine)
        migrate(self._connection)
        return self._connection


def is_of_an_entry(error: Exception) -> bool:
    """Whether a value was refused, so that the rest of a batch can be written without it."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, _OF_A_VALUE)
    if isinstance(error, ProgrammingError | InterfaceError):
        by_the_driver = getattr(error.orig, "sqlstate", None) is None
        return by_the_driver and not error.connection_invalidated
    return isinstance(error, DataError | IntegrityError)


def _name(error: Exception) -> str:
    """The kind of failure; its text may hold addresses, names or values."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {code}" if code else type(cause).__name__
