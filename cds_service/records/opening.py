"""The writer of a process, put together from the settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cds_service.records.database import database_url
from cds_service.records.entries import Tables
from cds_service.records.hashing import PatientHash, load_key
from cds_service.records.retention import Retention
from cds_service.records.rows import Rows
from cds_service.records.store import Store
from cds_service.records.writer import Health, Writer
from cds_service.settings import Settings


def open_writer(
    settings: Settings,
    tables: Tables,
    clock: Callable[[], datetime],
    tell: Callable[[Health], None] = lambda _: None,
) -> Writer:
    """A writer over a store that is up to date. Raises ConfigurationError where waiting will not help."""
    kept = retention(settings)
    store = Store(database_url(settings), Rows(tables, PatientHash(_key(settings)), kept), kept)
    store.prepare()
    return Writer(store, clock, tell)


def retention(settings: Settings) -> Retention:
    return Retention(settings.retention_days, settings.audit_full_days)


def _key(settings: Settings) -> bytes:
    given = settings.patient_hash_key
    return given.get_secret_value().encode() if given is not None else load_key(settings.data_dir)
