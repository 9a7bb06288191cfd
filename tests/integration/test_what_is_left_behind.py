"""What a program leaves behind when it ends: all of its records, and nothing in the checkout."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from benchmarks.charts import hook_request
from tests.contract.service import PATH
from tests.stored import rows

ROOT = Path(__file__).parents[2]


@contextmanager
def demo(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = (sys.executable, "-m", "cds_service.cli", "demo", "--port", str(port))
    own = {**os.environ, "CRS_CDS_DATA_DIR": str(folder)}
    with subprocess.Popen(command, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _await(port, process)
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the demo did not start")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_demo_that_is_ended_writes_what_it_has(tmp_path: Path, ending: signal.Signals) -> None:
    with demo(tmp_path) as (process, base):
        body, headers = hook_request(6, datetime.now(UTC)), {"Content-Type": "application/json"}
        answers = [requests.post(base + PATH, data=body, headers=headers, timeout=10) for _ in range(5)]
        process.send_signal(ending)
        assert process.wait(20) == 0
    kept = {row["request_id"] for row in rows(tmp_path, "calls")}
    assert kept == {answer.headers["X-Request-Id"] for answer in answers}


def test_the_benchmark_of_spoiled_requests_leaves_no_records_where_it_runs(tmp_path: Path) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("CRS_CDS_")}
    command = (sys.executable, str(ROOT / "benchmarks" / "mutated.py"), "--quick")
    done = subprocess.run(command, cwd=tmp_path, env=own, check=True, capture_output=True, timeout=300)
    assert b"within bounds" in done.stdout
    assert not (tmp_path / "data").exists()
