"""`crs-cds serve` for real: starts cleanly, answers, stops on SIGTERM, says why it cannot start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.contract.service import PATH, _encoder, request

ENVIRONMENT = {**os.environ, "CRS_CDS_AUTH": "none"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(port: int) -> Iterator[subprocess.Popen[str]]:
    command = (sys.executable, "-m", "cds_service.cli", "serve", "--port", str(port))
    process = subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def wait_for(port: int) -> None:
    for _ in range(1200):  # a minute: other tests may keep the machine busy
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)


def test_the_service_starts_answers_and_stops_without_a_stain() -> None:
    port = free_port()
    with serving(port) as process:
        wait_for(port)
        base = f"http://127.0.0.1:{port}"
        assert requests.get(f"{base}/readyz", timeout=5).status_code == 200
        sent = {"data": _encoder.encode(request()), "headers": {"Content-Type": "application/json"}}
        assert requests.post(f"{base}{PATH}", timeout=5, **sent).status_code == 200  # type: ignore[arg-type]
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    assert "Traceback" not in output
    assert '"event":"hook"' in output
    assert "39.4" not in output  # no values in the log
    assert '"p"' not in output  # nor patients


def chunks(*parts: bytes) -> bytes:
    """A request whose body comes in pieces, as they are given."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(parts)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    found = free_port()
    with serving(found):
        wait_for(found)
        yield found


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (chunks(b"2\r\n{}\r\n0\r\n\r\n"), 400),
        (chunks(b"zz\r\n"), 400),
        (chunks(b"5\r\n{}"), 400),
        (chunks(b"2\r\n{}XX"), 400),
        (chunks(*[b"400000\r\n" + b" " * 0x400000 + b"\r\n"] * 9, b"0\r\n\r\n"), 413),
        (f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{{".encode(), 415),
        (b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n", 400),
        (b"GET /livez HTTP/1.0\r\n\r\n", 200),
    ],
)
def test_a_body_that_breaks_off_or_never_ends_is_refused_and_never_fails(
    port: int, sent: bytes, status: int
) -> None:
    """CH-22."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").readline()
    assert int(answer.split()[1]) == status


def test_a_port_that_is_taken_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with serving(int(taken.getsockname()[1])) as process:
            output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "in use" in output
    assert "Traceback" not in output
