"""The store in trouble: a hook call is answered all the same, loudly; feedback is not acknowledged."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from cds_service.app import the_writer
from cds_service.records import backlog, writer
from cds_service.records import database as store
from cds_service.records.database import FILE
from cds_service.web import feedback
from tests.contract.service import call, client, request
from tests.contract.test_feedback import overridden, send
from tests.logged import Logged
from tests.stored import rows


def records(service: FlaskClient) -> dict[str, Any]:
    answer = service.get("/readyz")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json["records"] if answer.json else {}
    return found


def until(holds: Any, seconds: float = 10.0) -> None:
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit, "it did not come about in time"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BUSY_MS", 200)
    monkeypatch.setattr(writer, "RETRY_S", 0.1)


@pytest.fixture
def stopping() -> Iterator[list[FlaskClient]]:
    """Services whose writers are stopped at the end."""
    services: list[FlaskClient] = []
    yield services
    for service in services:
        the_writer(service.application).stop()


def test_a_directory_that_cannot_be_written_costs_records_and_no_answer(
    tmp_path: Path, stopping: list[FlaskClient], logged: Logged
) -> None:
    (tmp_path / "file").write_text("")  # below a file nobody can make anything, root neither
    service = client(data_dir=tmp_path / "file" / "data")
    stopping.append(service)
    assert call(service, request()).status_code == 200
    until(lambda: records(service)["state"] == "failing")
    assert send(service, overridden()).status_code == 503
    assert {"records-not-ready", "records-not-written"} <= set(logged.events)
    assert "39.4" not in logged.text


def test_a_locked_database_costs_time_but_no_record(tmp_path: Path, stopping: list[FlaskClient]) -> None:
    service = client(data_dir=tmp_path)
    stopping.append(service)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        assert call(service, request()).status_code == 200
        assert time.monotonic() - began < 0.5
        assert send(service, overridden()).status_code == 503
        until(lambda: records(service)["state"] == "failing")
        other.execute("ROLLBACK")
    until(lambda: records(service)["state"] == "writing")
    assert send(service, overridden()).status_code == 200
    the_writer(service.application).stop()
    assert [row["status"] for row in rows(tmp_path, "calls")].count(503) == 1
    assert records(service)["dropped"] == 0
    assert len(rows(tmp_path, "feedback")) == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 600 kB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("a file system can be mounted by root only")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_costs_records_and_recovers(small_disk: Path, stopping: list[FlaskClient]) -> None:
    service = client(data_dir=small_disk)
    stopping.append(service)
    (small_disk / "ballast").write_bytes(b"x" * (600 * 1024 - used(small_disk)))
    for _ in range(40):
        assert call(service, request()).status_code == 200
    until(lambda: records(service)["state"] == "failing")
    assert send(service, overridden()).status_code == 503
    (small_disk / "ballast").unlink()
    until(lambda: records(service)["state"] == "writing")
    assert send(service, overridden()).status_code == 200
    the_writer(service.application).stop()
    assert [row["status"] for row in rows(small_disk, "calls")].count(200) == 41


def used(place: Path) -> int:
    stats = os.statvfs(place)
    return (stats.f_blocks - stats.f_bavail) * stats.f_bsize


def test_a_store_that_may_not_grow_takes_a_batch_whole_or_not_at_all(
    tmp_path: Path, stopping: list[FlaskClient]
) -> None:
    """A full disk where nothing can be mounted: SQLite's own limit of pages."""
    service = client(data_dir=tmp_path)
    stopping.append(service)

    @event.listens_for(the_writer(service.application)._store._engine, "connect")
    def limit(connection: Any, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    assert send(service, overridden()).status_code == 200
    reason = {"code": "c" * 255, "system": "s" * 255}
    many = [overridden(f"{n:0255}", overrideReason={"reason": reason}) for n in range(200)]
    assert send(service, *many).status_code == 503
    assert len(rows(tmp_path, "feedback")) == 1


def test_a_full_queue_drops_records_and_counts_them(
    tmp_path: Path, stopping: list[FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "MOST_QUEUED", 3)
    service = client(data_dir=tmp_path)
    stopping.append(service)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(12):
            assert call(service, request()).status_code == 200
        until(lambda: records(service)["dropped"] > 0)
        assert records(service)["queued"] <= 4


def test_an_entry_that_cannot_be_written_takes_no_other_along(
    tmp_path: Path, stopping: list[FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cds_service.web.audit.round", lambda _: object(), raising=False)
    service = client(data_dir=tmp_path)
    stopping.append(service)
    assert call(service, request()).status_code == 200
    monkeypatch.undo()
    assert call(service, request()).status_code == 200
    the_writer(service.application).stop()
    assert len(rows(tmp_path, "calls")) == 1
    assert records(service) == {"state": "writing", "queued": 0, "dropped": 1}


def test_a_value_that_can_never_be_stored_is_no_reason_to_send_it_again(
    database: str, tmp_path: Path, stopping: list[FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the checks of the edge may let pass: PostgreSQL knows no NUL in text."""
    monkeypatch.setattr(feedback, "STORABLE", re.compile("(?s).*"))
    service = client(data_dir=tmp_path, database_url=database)
    stopping.append(service)
    assert send(service, overridden("a\0b")).status_code == 400
    assert send(service, overridden()).status_code == 200
    assert records(service)["state"] == "writing"


def test_full_records_are_let_go_before_memory_is(
    tmp_path: Path, stopping: list[FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "MOST_FULL_BYTES", 10)
    service = client(data_dir=tmp_path, audit_full_days=1)
    stopping.append(service)
    assert call(service, request()).status_code == 200
    the_writer(service.application).stop()
    assert len(rows(tmp_path, "calls")) == 1
    assert rows(tmp_path, "full_records") == []
    assert json.dumps(records(service)) == '{"state": "writing", "queued": 0, "dropped": 1}'
