"""The servers that are compared: the service as it is served, and the floor, each with one worker."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[1]
SERVICE = (sys.executable, "-m", "cds_service.cli", "serve", "--port", "{port}")
BARE = (sys.executable, "-m", "benchmarks.bare", "{port}")
PEER = Path(__file__).with_name("peers") / "healthchain_service.py"
START_LIMIT_S = 60
NANOSECONDS = 1_000_000_000


def peer(python: str, workers: int) -> tuple[str, ...]:
    """HealthChain, served by an interpreter that has it."""
    return (python, str(PEER), "{port}", str(workers))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def reachable(port: int, process: subprocess.Popen[bytes]) -> None:
    """Waits until a server that was started takes connections. Raises SystemExit where it does not."""
    limit = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit:
        if process.poll() is not None:
            raise SystemExit(f"the server ended at its start: {process.args!r}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the server did not start in time")


@dataclass(frozen=True, slots=True)
class Held:
    """What the workers of a server hold."""

    threads: int
    files: int
    memory_mb: int


def cpu_seconds(processes: Iterable[int]) -> float:
    """CPU time of processes, all their threads together, to the nanosecond (Linux schedstat)."""
    used = 0
    for pid in processes:
        for task in Path(f"/proc/{pid}/task").iterdir():
            used += int((task / "schedstat").read_text().split()[0])
    return used / NANOSECONDS


def held(processes: Iterable[int]) -> Held:
    """Threads, open files and resident memory of processes together."""
    threads = files = memory = 0
    for pid in processes:
        status = dict(line.split(":\t", 1) for line in _lines(pid, "status") if ":\t" in line)
        threads += int(status["Threads"])
        memory += int(status["VmRSS"].split()[0])
        files += len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Held(threads, files, memory // 1024)


class Running:
    """A server in its own process group; use as a context manager."""

    def __init__(self, command: tuple[str, ...], own: dict[str, str] | None = None) -> None:
        self.port = free_port()
        self.own = own or {}
        self.command = [part.format(port=self.port) for part in command]

    def __enter__(self) -> Running:
        self.folder = tempfile.TemporaryDirectory(prefix="crs-cds-bench-")
        own = {"CRS_CDS_AUTH": "none", "CRS_CDS_DATA_DIR": self.folder.name, "PYTHONPATH": str(ROOT)}
        environment = {**os.environ, **own, **self.own}
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()
        return self

    def _wait(self) -> None:
        reachable(self.port, self.process)
        while not self.workers():
            time.sleep(0.05)

    def workers(self) -> list[int]:
        """Process ids; a server may still be starting some."""
        pid = self.process.pid
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in text.split()]

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.workers())

    def held(self) -> Held:
        return held(self.workers())

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
        self.folder.cleanup()


def _lines(pid: int, name: str) -> list[str]:
    return Path(f"/proc/{pid}/{name}").read_text().splitlines()
