"""Programs on this machine, each on a port of its own, that can be killed, frozen and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 60
STOP_LIMIT_S = 40


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_in_order() -> None:
    """Let SIGTERM end this process as an error would: with everything stopped that it started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


class Program:
    """A program and its children, as one process group; what it says goes to a file."""

    def __init__(
        self, command: Sequence[object], port: int, log: Path, own: Mapping[str, str] | None = None
    ) -> None:
        self.command = [str(part) for part in command]
        self.port, self.log = port, log
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CRS_CDS_")}
        self.environment = {**kept, "PYTHONPATH": str(ROOT), **(own or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if wait:
            self.await_port()

    def await_port(self) -> None:
        """Raises SystemExit where it ends or says nothing: what it said is in the message."""
        limit = time.monotonic() + START_LIMIT_S
        while time.monotonic() < limit and self.running.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise SystemExit(f"{self.command[0]} did not start:\n{self.log.read_text(errors='replace')[-3000:]}")

    @property
    def running(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise SystemExit(f"{self.command[0]} was not started")
        return self.process

    def workers(self) -> list[int]:
        """The process ids of its children."""
        pid = self.running.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def signal(self, number: int) -> None:
        """To all of its processes at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.running.pid, number)

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """As a machine that fails would: none of its processes is asked."""
        self.signal(signal.SIGKILL)
        self.running.wait()

    def stop(self) -> None:
        """As an operator would."""
        if self.process is not None and self.process.poll() is None:
            self.thaw()
            self.process.terminate()
            try:
                self.process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.kill()


def service(port: int, log: Path, own: Mapping[str, str], workers: int) -> Program:
    command = (sys.executable, "-m", "cds_service.cli", "serve", "--port", port, "--workers", workers)
    return Program(command, port, log, own)


def redis(port: int, log: Path) -> Program:
    options = ("--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
    return Program(("redis-server", *options), port, log)


def sandbox(port: int, log: Path, folder: Path) -> Program:
    """The EHR sandbox, for its FHIR server with the synthetic patients."""
    command = (sys.executable, "-m", "cds_service.cli", "demo", "--port", port)
    return Program(command, port, log, {"CRS_CDS_DATA_DIR": str(folder)})
