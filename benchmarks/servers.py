"""The servers that are compared: the service as it is served, and the floor, each with one worker."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[1]
SERVICE = (sys.executable, "-m", "cds_service.cli", "serve", "--port", "{port}")
BARE = (sys.executable, "-m", "benchmarks.bare", "{port}")
START_LIMIT_S = 60
NANOSECONDS = 1_000_000_000


class Running:
    """A server in its own process group; use as a context manager."""

    def __init__(self, command: tuple[str, ...]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.command = [part.format(port=self.port) for part in command]

    def __enter__(self) -> Running:
        self.folder = tempfile.TemporaryDirectory(prefix="crs-cds-bench-")
        own = {"CRS_CDS_AUTH": "none", "CRS_CDS_DATA_DIR": self.folder.name, "PYTHONPATH": str(ROOT)}
        environment = {**os.environ, **own}
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()
        self.workers = self._children()
        return self

    def _wait(self) -> None:
        limit = time.monotonic() + START_LIMIT_S
        while time.monotonic() < limit:
            if self.process.poll() is not None:
                raise SystemExit(f"the server ended at its start: {' '.join(self.command)}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0 and self._children():
                    return
            time.sleep(0.05)
        raise SystemExit("the server did not start in time")

    def _children(self) -> list[int]:
        pid = self.process.pid
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in text.split()]

    def cpu_seconds(self) -> float:
        """CPU time of the workers, all their threads together, to the nanosecond (Linux schedstat)."""
        used = 0
        for pid in self.workers:
            for task in Path(f"/proc/{pid}/task").iterdir():
                used += int((task / "schedstat").read_text().split()[0])
        return used / NANOSECONDS

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
        self.folder.cleanup()
