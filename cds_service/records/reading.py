"""The store as the commands read it: nothing is written, and no writer waits for it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from cds_service.errors import ConfigurationError
from cds_service.records.database import database_url, open_engine
from cds_service.records.migrate import HEAD, version_of
from cds_service.records.schema import calls, full_records
from cds_service.settings import Settings


class Kept(NamedTuple):
    """A full record."""

    inputs: bytes
    response: bytes


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """A connection for reading. Raises ConfigurationError where there is no store of this version."""
    url = database_url(settings)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise ConfigurationError(f"there is no store at {url.database}")
    engine = open_engine(url, read_only=True)
    try:
        with engine.connect() as connection:
            if version_of(connection) != HEAD:
                raise ConfigurationError("the store is of another version: see crs-cds records migrate")
            yield connection
    except DBAPIError as error:
        raise ConfigurationError(f"the store cannot be read: {type(error.orig).__name__}") from None


def recent_calls(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """The last calls, the newest first."""
    chosen = select(calls).order_by(calls.c.id.desc()).limit(limit)
    return [dict(row) for row in connection.execute(chosen).mappings()]


def full_record(connection: Connection, request_id: str) -> Kept | None:
    """The full record of a call, or None."""
    chosen = select(full_records.c.inputs, full_records.c.response)
    found = connection.execute(chosen.where(full_records.c.request_id == request_id)).first()
    return Kept(zlib.decompress(found.inputs), zlib.decompress(found.response)) if found else None
