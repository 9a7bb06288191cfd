"""The site's own things: settings, tables, time zone, data directory and the store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, insert, literal, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from cds_service.doctor.findings import Finding, fail, ok, warn
from cds_service.errors import ConfigurationError
from cds_service.records.database import database_url, open_engine
from cds_service.records.hashing import KEY_FILE
from cds_service.records.migrate import HEAD, version_of
from cds_service.records.schema import metadata
from cds_service.settings import Settings
from cds_service.tables import load_codebook, load_guideline
from cds_service.trust.clients import Client


def check_settings(settings: Settings) -> Iterator[Finding]:
    if settings.auth == "none":
        text = "AUTH=none: whoever reaches the port is answered"
        yield warn("settings", text, "for trials on this machine only; set CRS_CDS_CLIENTS and PUBLIC_URL")
    elif settings.public_url is None or settings.clients is None:
        lacking = "PUBLIC_URL" if settings.public_url is None else "CLIENTS"
        yield fail("settings", f"CRS_CDS_{lacking} is not set", "AUTH=jwt, the default, needs it")
    elif settings.public_url.startswith("http://"):
        yield warn("settings", "PUBLIC_URL is not https", "tokens and patient data would cross the net open")
    else:
        yield ok("settings", f"read; EHRs call {settings.public_url}")
    if settings.audit_full_days:
        text = f"full records, with patient data, are kept for {settings.audit_full_days} days"
        yield warn("settings", text, "protect the store accordingly, or unset CRS_CDS_AUDIT_FULL_DAYS")
    yield from _shadow(settings)


def _shadow(settings: Settings) -> Iterator[Finding]:
    if settings.shadow:
        yield warn("shadow", "no client is shown a card", "unset CRS_CDS_SHADOW to go live")


def check_shadow_clients(clients: list[Client]) -> Iterator[Finding]:
    for client in clients:
        if client.shadow:
            yield warn("shadow", f"{client.iss} is shown no card", "take its shadow out to go live")


def check_tables(settings: Settings) -> Iterator[Finding]:
    try:
        guideline = load_guideline(settings.guideline)
        yield ok("guideline", f"{guideline.id}, sha256 {guideline.sha256}")
    except ConfigurationError as error:
        yield fail("guideline", str(error), "see crs-cds tables check FILE; the service does not start")
    try:
        codebook = load_codebook(settings.codes)
        overlay = f"overlay {settings.codes}" if settings.codes else "no overlay: local codes are unknown"
        yield ok("codes", f"{overlay}, sha256 {codebook.sha256}")
    except ConfigurationError as error:
        yield fail("codes", str(error), "see crs-cds tables check FILE; the service does not start")


def check_zone(settings: Settings) -> Iterator[Finding]:
    if settings.zone is None:
        text = "no time zone: times without one are refused, cards show UTC"
        yield warn("time zone", text, "set CRS_CDS_TIMEZONE, such as Europe/Berlin")
    else:
        yield ok("time zone", str(settings.zone))


def check_data_dir(settings: Settings) -> Iterator[Finding]:
    """Made by the service where its parent can be written."""
    place = settings.data_dir.absolute()
    existing = next(path for path in (place, *place.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        text = f"{existing} cannot be written: {error.strerror}"
        yield fail("data directory", text, "give it to the user of the service, or set CRS_CDS_DATA_DIR")
        return
    yield ok("data directory", f"{place} can be written{'' if existing == place else ', once it is made'}")
    if settings.patient_hash_key is None and settings.database_url is not None:
        key = place / KEY_FILE
        text = f"patients are hashed with the key in {key}"
        yield warn("patient hash", text, "several machines need one CRS_CDS_PATIENT_HASH_KEY")


def check_store(settings: Settings) -> Iterator[Finding]:
    try:
        url = database_url(settings)
    except ConfigurationError as error:
        yield fail("store", str(error), "mend CRS_CDS_DATABASE_URL")
        return
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        yield ok("store", f"{url.database} is not there yet: the first start makes it")
        return
    try:
        with open_engine(url).connect() as connection:
            yield _store(connection)
    except (SQLAlchemyError, OSError) as error:
        found = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        text = f"cannot be reached or written ({type(found).__name__})"
        yield fail("store", text, "calls are answered, and leave no record; feedback is refused")


def _store(connection: Connection) -> Finding:
    version = version_of(connection)
    connection.rollback()
    name = connection.dialect.name
    if version is None:
        return warn("store", f"{name}: empty", "run crs-cds records migrate, or let the start do it")
    if version != HEAD:
        text = f"{name}: at {version}, this version needs {HEAD}"
        return fail("store", text, "run crs-cds records migrate; a newer store needs the newer service")
    with connection.begin() as trial:
        for table in metadata.sorted_tables:  # no row: whether it would be allowed
            nothing = select(table).where(literal(1) == 0)
            connection.execute(insert(table).from_select([column.name for column in table.c], nothing))
        trial.rollback()
    return ok("store", f"{name}: at {HEAD}, can be written")
