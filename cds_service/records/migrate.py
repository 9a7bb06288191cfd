"""Brings the store to the schema of this version: at the start, or by ``crs-cds records migrate``."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from cds_service.errors import ConfigurationError

FOLDER = Path(__file__).parent / "migrations"
VERSION_TABLE = "crs_cds_version"
HEAD = "0002"
"""The newest migration."""
_LOCK = 0x637273
"""Number of the lock that lets one of several starting processes migrate (PostgreSQL)."""


def version_of(connection: Connection) -> str | None:
    """The migration that the store is at; None for an empty one."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
    return found


def migrate(connection: Connection) -> bool:
    """Bring the store up to date within one transaction; False where it was already.

    Raises ConfigurationError for a store that a newer version of the service has changed.
    """
    with connection.begin():
        if version_of(connection) == HEAD:
            return False
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        _upgrade(connection)
    return True


def _upgrade(connection: Connection) -> None:
    # Slow to import, and needed only where there is something to do.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    found = version_of(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise ConfigurationError(
            f"the store was changed by a newer version of the service (it is at {found})"
        )
    command.upgrade(config, "head")
