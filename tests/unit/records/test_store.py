"""The store by itself: its schema, how long it keeps things, and the key of its hashes."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from cds_service.cli import main
from cds_service.errors import ConfigurationError
from cds_service.records.database import FILE, connect, database_url, open_engine
from cds_service.records.entries import Call, Card, Full, Tables
from cds_service.records.hashing import KEY_FILE, PatientHash, load_key
from cds_service.records.migrate import HEAD, VERSION_TABLE, migrate, version_of
from cds_service.records.opening import open_writer
from cds_service.records.retention import Retention
from cds_service.records.rows import Rows
from cds_service.records.schema import metadata
from cds_service.records.store import Store
from cds_service.settings import Settings, load_settings
from tests.logged import Logged
from tests.stored import TABLES, rows

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
TABLES_IN_USE = Tables("astct-2019", "a" * 64, "b" * 64, "0.1.0")


def call(number: int, age: timedelta = timedelta(0)) -> Call:
    name = f"{number:08}-0000-4000-8000-000000000000"
    cards = (Card(name, ["GR-3"]),)
    full = Full(b"{}", b"{}")
    return Call(name, NOW - age, "crs-patient-view", name, "", 200, "", (), {}, cards, "p", 3, full)


def store(folder: Path, days: int = 30, full_days: int = 2) -> Store:
    url = database_url(Settings(auth="none", data_dir=folder))
    kept = Retention(days, full_days)
    return Store(url, Rows(TABLES_IN_USE, PatientHash(b"k" * 32), kept), kept)


def test_an_empty_directory_becomes_a_store_of_this_version(tmp_path: Path) -> None:
    with connect(
        open_engine(database_url(Settings(auth="none", data_dir=tmp_path / "a" / "b")))
    ) as connection:
        assert version_of(connection) is None
        connection.rollback()
        assert migrate(connection) is True
        assert version_of(connection) == HEAD
        connection.rollback()
        assert migrate(connection) is False


def test_the_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    with connect(open_engine(database_url(Settings(auth="none", data_dir=tmp_path)))) as connection:
        migrate(connection)
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


def test_a_store_of_a_newer_version_stops_the_start(tmp_path: Path) -> None:
    store(tmp_path).prepare()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("UPDATE crs_cds_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(ConfigurationError, match="newer"):
        store(tmp_path).prepare()


def test_nobody_else_on_the_machine_reads_the_store(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    open_writer(Settings(auth="none", data_dir=folder), TABLES_IN_USE, lambda: NOW)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_what_is_too_old_goes_and_full_records_go_first(tmp_path: Path) -> None:
    kept = store(tmp_path)
    days = [timedelta(days=n) for n in (0, 1, 3, 29, 31, 400)]
    kept.write([call(n, age) for n, age in enumerate(days)], [])
    kept.purge(NOW)
    kept.close()
    assert {table: len(rows(tmp_path, table)) for table in ("calls", "cards", "full_records")} == {
        "calls": 4,
        "cards": 4,
        "full_records": 2,
    }


def full_after(tmp_path: Path, days: int, full_days: int) -> int:
    """Of three full records, 0, 5 and 12 days old, made to be kept for ten: how many other settings leave."""
    first = store(tmp_path, 30, 10)
    first.write([call(n, timedelta(days=age)) for n, age in enumerate((0, 5, 12))], [])
    first.close()
    later = store(tmp_path, days, full_days)
    later.prepare()
    assert later.purge(NOW)
    later.close()
    return len(rows(tmp_path, "full_records"))


@pytest.mark.parametrize(
    ("days", "full_days", "left"),
    [(30, 10, 2), (30, 0, 2), (30, 90, 2), (30, 3, 1), (3, 0, 1), (3, 90, 1)],
)
def test_a_full_record_is_kept_for_the_days_it_was_made_for_unless_fewer_are_asked_for(
    tmp_path: Path, days: int, full_days: int, left: int
) -> None:
    """A start without the setting, by mistake, erases nothing; a longer one prolongs nothing."""
    assert full_after(tmp_path, days, full_days) == left


@pytest.mark.parametrize(("full_days", "said"), [(0, True), (10, False)])
def test_full_records_that_the_settings_do_not_know_of_are_said_at_the_start(
    tmp_path: Path, logged: Logged, full_days: int, said: bool
) -> None:
    full_after(tmp_path, 30, full_days)
    found = [line["level"] for line in logged.lines if line["event"] == "full-records-while-off"]
    assert found == (["error"] if said else [])


def test_more_than_one_portion_of_old_rows_is_purged(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.write([call(n, timedelta(days=90)) for n in range(4_500)], [])
    kept.purge(NOW)
    kept.close()
    assert not any(rows(tmp_path, table) for table in TABLES)


def test_purge_and_migrate_are_commands_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CRS_CDS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CRS_CDS_RETENTION_DAYS", "1")
    assert main(["records", "migrate"]) == 0
    kept = store(tmp_path)
    kept.write([call(1)], [])
    kept.close()
    assert main(["records", "purge"]) == 0  # by the clock of the machine the record is old
    assert "calls 1" in capsys.readouterr().out
    assert rows(tmp_path, "full_records") == []
    assert rows(tmp_path, "calls") == []


@pytest.mark.parametrize(
    "url", ["mysql://x", "nonsense", "sqlite://", "postgresql://h:port/x", "sqlite:///:memory:"]
)
def test_a_database_that_cannot_be_is_refused_without_its_password(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRS_CDS_DATABASE_URL", url)
    with pytest.raises(ConfigurationError, match="CRS_CDS_DATABASE_URL") as refused:
        database_url(load_settings())
    assert "x" not in str(refused.value).replace("postgresql", "")


def test_the_key_of_the_hashes_is_made_once_and_kept(tmp_path: Path) -> None:
    key = load_key(tmp_path)
    assert load_key(tmp_path) == key
    assert load_key(tmp_path / "other") != key
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [KEY_FILE]


def test_the_same_id_of_another_client_is_another_patient() -> None:
    hashed = PatientHash(b"k" * 32)
    assert hashed("https://a.example", "1") != hashed("https://b.example", "1")
    assert hashed("https://a.example", "1") == PatientHash(b"k" * 32)("https://a.example", "1")
