"""What a hook call costs, as a ratio to a bare Flask app that only parses the same JSON.

Both run in this process through the WSGI interface, in turns, and are measured in CPU time:
the ratio does not depend on how fast or how busy the machine is. Fails where a bound is broken.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.charts import NOW, hook_request
from cds_service.app import create_app
from cds_service.settings import Settings

RATIO_LIMIT = 2.0
LONG_CHART_SECONDS = 1.0
Call = Callable[[], None]


def bare_flask() -> Flask:
    """The floor: Flask, the body parsed by the standard library, an empty answer."""
    app = Flask("bare")

    @app.post("/cds-services/crs-patient-view")
    def parse() -> Response:
        json.loads(request.get_data())
        return Response('{"cards": []}', content_type="application/json")

    return app


def caller(app: Flask, body: bytes) -> Call:
    """One request through WSGI; anything but 200 stops the benchmark."""

    def call() -> None:
        statuses: list[str] = []

        def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
            del headers, exc_info
            statuses.append(status)
            return lambda _: None

        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/cds-services/crs-patient-view",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
        }
        answer = app(environ, start_response)
        text = b"".join(answer)
        if not statuses[0].startswith("200"):
            raise SystemExit(f"the benchmark's request was refused: {statuses[0]} {text!r}")

    return call


def cpu_ms(call: Call, rounds: int) -> float:
    begun = time.process_time()
    for _ in range(rounds):
        call()
    return (time.process_time() - begun) / rounds * 1000


def compare(ours: Call, floor: Call, repeats: int, rounds: int) -> tuple[float, float]:
    """Median CPU milliseconds of both, measured in turns."""
    for call in (ours, floor):
        cpu_ms(call, rounds)
    pairs = [(cpu_ms(ours, rounds), cpu_ms(floor, rounds)) for _ in range(repeats)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run")
    quick = parser.parse_args().quick
    app = create_app(Settings(auth="none"), clock=lambda: NOW)
    body = hook_request(observations=72)
    ours, floor = compare(caller(app, body), caller(bare_flask(), body), 5 if quick else 15, 40)
    ratio = ours / floor
    print(f"hook, 72 Observations prefetched, {len(body) / 1000:.0f} kB: {ours:.2f} ms CPU a call")
    print(f"bare Flask parsing the same body: {floor:.2f} ms; ratio {ratio:.2f} (limit {RATIO_LIMIT})")
    long_chart = hook_request(observations=10_000)
    begun = time.perf_counter()
    caller(app, long_chart)()
    took = time.perf_counter() - begun
    print(f"hook, 10,000 Observations prefetched: {took:.2f} s (limit {LONG_CHART_SECONDS} s)")
    failed = ratio > RATIO_LIMIT or took > LONG_CHART_SECONDS
    print("bound broken" if failed else "within bounds")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
