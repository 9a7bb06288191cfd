"""`crs-cds serve` as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple


class Served(NamedTuple):
    process: subprocess.Popen[bytes]
    base: str
    log: IO[bytes]
    """A file: a pipe that nobody reads would hold up the service once it is full."""

    def kill(self) -> None:
        """As a machine that fails would: all processes at once, none is asked."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> str:
        """As an operator would; what was logged."""
        self.process.terminate()
        self.process.wait(timeout=60)
        return self.said()

    def said(self) -> str:
        """What was logged so far."""
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), size, 0).decode()  # without moving the place where it goes on


@contextmanager
def served(workers: int = 1, **settings: str) -> Iterator[Served]:
    """The service, answering; settings are given without their prefix."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"CRS_CDS_AUTH": "none"} | {f"CRS_CDS_{name.upper()}": value for name, value in settings.items()}
    command = [
        sys.executable,
        "-m",
        "cds_service.cli",
        "serve",
        "--port",
        str(port),
        "--workers",
        str(workers),
    ]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, env={**os.environ, **own}, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _await(port, process)
            yield Served(process, f"http://127.0.0.1:{port}", log)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the service did not start")
