"""What a hook call costs, as a ratio to a bare Flask app that only parses the same JSON.

Both are served by gunicorn with one worker, get the same body over HTTP in turns, and are measured in the CPU
time of their worker process: the ratio depends little on how fast or how busy the machine is. Exits 1 where a
bound is broken.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.charts import hook_request
from benchmarks.servers import BARE, SERVICE, Running

RATIO_LIMIT = 2.0
LONG_CHART_SECONDS = 1.0
PATH = "/cds-services/crs-patient-view"
WARM_UP = 50


def post(connection: http.client.HTTPConnection, body: bytes) -> bytes:
    """One call; anything but 200 stops the benchmark."""
    connection.request("POST", PATH, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise SystemExit(f"the benchmark's request was refused: {answer.status} {text!r}")
    return text


def cpu_ms(server: Running, body: bytes, calls: int) -> float:
    """CPU milliseconds of the worker for one call."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    post(connection, body)
    begun = server.cpu_seconds()
    for _ in range(calls):
        post(connection, body)
    used = server.cpu_seconds() - begun
    connection.close()
    return used / calls * 1000


def compare(ours: Running, floor: Running, body: bytes, rounds: int, calls: int) -> tuple[float, float]:
    """CPU milliseconds a call of both, measured in turns: the pair with the median ratio."""
    for server in (ours, floor):
        cpu_ms(server, body, WARM_UP)
    pairs = [(cpu_ms(ours, body, calls), cpu_ms(floor, body, calls)) for _ in range(rounds)]
    return sorted(pairs, key=lambda pair: pair[0] / pair[1])[len(pairs) // 2]


def long_chart(ours: Running) -> float:
    """Seconds for the answer to a chart of ten thousand Observations."""
    body = hook_request(10_000, datetime.now(UTC))
    connection = http.client.HTTPConnection("127.0.0.1", ours.port)
    begun = time.perf_counter()
    post(connection, body)
    return time.perf_counter() - begun


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run")
    quick = parser.parse_args().quick
    body = hook_request(72, datetime.now(UTC))
    with Running(SERVICE) as ours, Running((*BARE, "1")) as floor:
        spent, least = compare(ours, floor, body, 9 if quick else 15, 100 if quick else 300)
        took = min(long_chart(ours) for _ in range(2))
    ratio = spent / least
    print(f"hook, 72 Observations prefetched, {len(body) / 1000:.0f} kB: {spent:.2f} ms CPU a call")
    print(f"bare Flask parsing the same body: {least:.2f} ms; ratio {ratio:.2f} (limit {RATIO_LIMIT})")
    print(f"hook, 10,000 Observations prefetched: {took:.2f} s (limit {LONG_CHART_SECONDS} s)")
    failed = ratio > RATIO_LIMIT or took > LONG_CHART_SECONDS
    print("a bound is broken" if failed else "within bounds")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
