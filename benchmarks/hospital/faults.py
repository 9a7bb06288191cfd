"""What breaks in a hospital at night: each fault, who may be refused while it lasts, and how it is mended."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.hospital.hospital import Hospital
from benchmarks.hospital.programs import Program
from benchmarks.hospital.traffic import FETCHED, GIVEN, PREFETCHED
from tests.integration.postgresql_server import PostgresqlServer

KILL_EVERY_S = 0.5
NOTICED_S = 60
ALL = frozenset({PREFETCHED, FETCHED, GIVEN})


@dataclass(frozen=True, slots=True)
class Fault:
    """``refused``: the kinds of calls that may be answered 503 from the fault until all is well again.

    ``cuts``: what is killed in the midst of sending leaves an answer that is shorter than its Content-Length.
    nginx has passed on its head by then, and can only close the connection.
    """

    name: str
    refused: frozenset[str]
    lasting: Callable[[], AbstractContextManager[None]]
    cuts: bool = False


def none() -> Fault:
    @contextmanager
    def nothing() -> Iterator[None]:
        yield

    return Fault("nothing", frozenset(), nothing)


def workers_killed(hospital: Hospital) -> Fault:
    """kill -9 of one worker after the other, of each replica in turn."""

    @contextmanager
    def killing() -> Iterator[None]:
        over = threading.Event()

        def kill() -> None:
            number = 0
            while not over.wait(KILL_EVERY_S):
                workers = hospital.replicas[number % len(hospital.replicas)].workers()
                with suppress(ProcessLookupError):
                    os.kill(workers[0], signal.SIGKILL)
                number += 1

        thread = threading.Thread(target=kill, daemon=True)
        thread.start()
        yield
        over.set()
        thread.join()

    return Fault("a worker killed every 0.5 s", ALL, killing, cuts=True)


def stopped(program: Program, name: str) -> Fault:
    """As an operator stops it, and starts it again.

    Calls that a worker has taken are answered. One that was handed to the kernel and not yet to a worker when
    the port is closed is reset: nginx says 503.
    """

    @contextmanager
    def gone() -> Iterator[None]:
        program.stop()
        yield
        program.start()

    return Fault(name, ALL, gone)


def killed(program: Program, refused: frozenset[str], name: str, *, cuts: bool = False) -> Fault:
    @contextmanager
    def gone() -> Iterator[None]:
        program.kill()
        yield
        program.start()

    return Fault(name, refused, gone, cuts)


def frozen(program: Program, refused: frozenset[str], name: str) -> Fault:
    """As a machine that hangs: connections are taken, nothing is answered."""

    @contextmanager
    def hanging() -> Iterator[None]:
        program.freeze()
        yield
        program.thaw()

    return Fault(name, refused, hanging)


def restarted(database: PostgresqlServer) -> Fault:
    @contextmanager
    def restarting() -> Iterator[None]:
        database.stop()
        yield
        database.start()

    return Fault("PostgreSQL gone", frozenset({GIVEN}), restarting)


def disk_full(hospital: Hospital, disk: Path) -> Fault:
    """The file system of the SQLite files, and of the log, has no byte left, and the store has noticed.

    Until then it writes over what its journal has done with. Raises SystemExit where it never does.
    """

    @contextmanager
    def full() -> Iterator[None]:
        ballast = disk / "ballast"
        with suppress(OSError), ballast.open("ab", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        limit = time.monotonic() + NOTICED_S
        while "failing" not in requests.get(f"{hospital.address(0)}/readyz", timeout=10).text:
            if time.monotonic() > limit:
                raise SystemExit("the store never noticed that the disk is full")
            time.sleep(0.1)
        yield
        ballast.unlink()

    return Fault("SQLite's disk full", frozenset({GIVEN}), full)


def of_a_hospital(hospital: Hospital, database: PostgresqlServer, fhir: Program) -> list[Fault]:
    one = hospital.replicas[0]
    return [
        none(),
        workers_killed(hospital),
        stopped(one, "a replica stopped"),
        killed(one, ALL, "a replica killed", cuts=True),
        frozen(one, ALL, "a replica frozen"),
        frozen(hospital.redis, ALL, "Redis frozen"),
        killed(hospital.redis, ALL, "Redis killed"),
        restarted(database),
        killed(fhir, frozenset({FETCHED}), "FHIR server killed"),
        frozen(fhir, frozenset({FETCHED}), "FHIR server frozen"),
    ]
