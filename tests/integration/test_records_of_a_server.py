"""What is in the store after a real server was killed, stopped, or served by several workers."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from psycopg import sql
from sqlalchemy import make_url

from benchmarks.charts import hook_request
from cds_service.records.database import open_engine
from tests.contract.service import PATH
from tests.contract.test_feedback import overridden
from tests.integration.serving import Served, served
from tests.stored import rows

HEADERS = {"Content-Type": "application/json"}


def hook(server: Served) -> requests.Response:
    return requests.post(
        server.base + PATH, data=hook_request(6, datetime.now(UTC)), headers=HEADERS, timeout=10
    )


def give(server: Served, card: str) -> int:
    body = {"feedback": [overridden(card)]}
    return requests.post(f"{server.base}{PATH}/feedback", json=body, timeout=20).status_code


def acknowledged_until_killed(server: Served, senders: int = 4, seconds: float = 1.5) -> set[str]:
    """Feedback and hook calls from several clients; the server is killed in the midst of it."""
    known: set[str] = set()

    def send() -> None:
        try:
            while True:
                card = str(uuid.uuid4())
                hook(server)
                if give(server, card) == 200:
                    known.add(card)
        except requests.RequestException:
            return

    threads = [threading.Thread(target=send) for _ in range(senders)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    server.kill()
    for thread in threads:
        thread.join()
    return known


def test_no_acknowledged_feedback_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    with served(2, data_dir=str(tmp_path)) as server:
        known = acknowledged_until_killed(server)
    assert len(known) > 5
    assert known <= {row["card"] for row in rows(tmp_path, "feedback")}


def test_a_server_that_is_stopped_writes_what_it_has(tmp_path: Path) -> None:
    with served(data_dir=str(tmp_path)) as server:
        ids = {hook(server).headers["X-Request-Id"] for _ in range(20)}
        output = server.stop()
    assert {row["request_id"] for row in rows(tmp_path, "calls")} == ids
    assert "Traceback" not in output


def side_by_side(server: Served, calls: int = 15, clients: int = 6) -> Counter[int]:
    statuses: list[int] = []

    def send() -> None:
        for _ in range(calls):
            statuses.append(hook(server).status_code)
            statuses.append(give(server, str(uuid.uuid4())))

    threads = [threading.Thread(target=send) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server.stop()
    return Counter(statuses)


def test_several_workers_write_to_one_file(tmp_path: Path) -> None:
    with served(3, data_dir=str(tmp_path)) as server:
        assert side_by_side(server) == {200: 180}
    assert len(rows(tmp_path, "calls")) == 180
    assert len(rows(tmp_path, "feedback")) == len(rows(tmp_path, "cards")) == 90


def counted(database: str, table: str) -> int:
    with psycopg.connect(database) as connection:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        found: Any = connection.execute(query).fetchone()
    return int(found[0])


def test_several_workers_write_to_postgresql(database: str, tmp_path: Path) -> None:
    with served(3, data_dir=str(tmp_path), database_url=database) as server:
        assert side_by_side(server) == {200: 180}
    assert counted(database, "calls") == 180
    assert counted(database, "feedback") == counted(database, "cards") == 90


def test_no_acknowledged_feedback_is_lost_with_postgresql(database: str, tmp_path: Path) -> None:
    with served(2, data_dir=str(tmp_path), database_url=database) as server:
        known = acknowledged_until_killed(server)
    with psycopg.connect(database) as connection:
        stored = {card for (card,) in connection.execute("SELECT card FROM feedback")}
    assert len(known) > 5
    assert known <= stored


def test_a_postgresql_that_restarts_costs_no_record(database: str, tmp_path: Path) -> None:
    with served(1, data_dir=str(tmp_path), database_url=database) as server:
        assert hook(server).status_code == 200
        end_all_connections(database)
        assert hook(server).status_code == 200
        assert [give(server, str(uuid.uuid4())) for _ in range(3)][-1] == 200
        server.stop()
    assert counted(database, "calls") == 5


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York"])
def test_times_come_back_in_utc_whatever_the_zone_of_the_role(database: str, zone: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER ROLE crs SET timezone = {}").format(zone))
    try:
        for read_only in (False, True):
            url = make_url(database).set(drivername="postgresql+psycopg")
            with open_engine(url, read_only=read_only).connect() as connection:
                found = connection.exec_driver_sql(
                    "SELECT current_setting('TimeZone'), '9999-12-31 23:59Z'::timestamptz"
                )
                assert found.one() == ("UTC", datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
    finally:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("ALTER ROLE crs RESET timezone")


def end_all_connections(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@contextmanager
def silent_server() -> Iterator[int]:
    """Takes connections, and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield int(listening.getsockname()[1])


def test_a_database_that_hangs_leaves_threads_to_hook_calls(tmp_path: Path) -> None:
    with silent_server() as port:
        url = f"postgresql://crs@127.0.0.1:{port}/none"
        with served(1, data_dir=str(tmp_path), database_url=url) as server, ThreadPoolExecutor(24) as many:
            feedback = [many.submit(give, server, str(uuid.uuid4())) for _ in range(16)]
            time.sleep(0.3)
            took = []
            for _ in range(20):
                began = time.monotonic()
                assert hook(server).status_code == 200
                took.append(time.monotonic() - began)
            assert {future.result() for future in feedback} == {503}
    assert sorted(took)[10] < 0.3
    assert max(took) < 1.5


def test_a_postgresql_that_cannot_be_reached_costs_no_answer(tmp_path: Path) -> None:
    url = "postgresql://crs:secret@127.0.0.1:9/none"
    with served(1, data_dir=str(tmp_path), database_url=url) as server:
        assert hook(server).status_code == 200
        assert give(server, str(uuid.uuid4())) == 503
        assert requests.get(f"{server.base}/readyz", timeout=5).json()["records"]["state"] == "failing"
        output = server.stop()
    assert "records-not-written" in output
    assert "secret" not in output
