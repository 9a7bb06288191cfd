"""How long a hook call takes that must fetch four searches of 50 ms, beside the same four made in a row.

Both in turns, against the same server, in the same run. Exits 1 where the median of the hook is above the
slowest search and 20 ms.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.charts import PATIENT, hook_request
from benchmarks.faults import upstream
from benchmarks.run import VIEW, post
from benchmarks.servers import SERVICE, Running, free_port

SEARCH_MS = 50
LIMIT_MS = SEARCH_MS + 20
FETCHED = ("vitals", "medications", "procedures", "conditions")
WARM_UP = 5


def request_without(keys: tuple[str, ...], server: str) -> bytes:
    """The request of the throughput benchmark, with some keys left to be fetched."""
    whole = json.loads(hook_request(72, datetime.now(UTC)))
    for key in keys:
        del whole["prefetch"][key]
    return json.dumps(whole | {"fhirServer": server}).encode()


def searches(port: int) -> list[str]:
    """The addresses of the four searches, as discovery has them."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/cds-services")
    (service,) = [s for s in json.loads(connection.getresponse().read())["services"] if s["id"] in VIEW]
    templates = (service["prefetch"][key] for key in FETCHED)
    return ["/fhir/" + t.replace("{{context.patientId}}", PATIENT).replace("|", "%7C") for t in templates]


def one_after_the_other(connection: http.client.HTTPConnection, addresses: list[str]) -> list[float]:
    """Milliseconds of each search."""
    took = []
    for address in addresses:
        begun = time.perf_counter()
        connection.request("GET", address)
        answer = connection.getresponse()
        answer.read()
        took.append((time.perf_counter() - begun) * 1000)
        assert answer.status == 200, address
    return took


def measure(calls: int) -> tuple[list[float], list[list[float]]]:
    port = free_port()
    server = f"http://127.0.0.1:{port}/fhir"
    body = request_without(FETCHED, server)
    hook: list[float] = []
    serial: list[list[float]] = []
    with Running(SERVICE, {"CRS_CDS_FHIR_SERVERS": server}) as service, upstream(port, "50 ms a search"):
        ours = http.client.HTTPConnection("127.0.0.1", service.port)
        theirs = http.client.HTTPConnection("127.0.0.1", port)
        addresses = searches(service.port)
        for _ in range(WARM_UP + calls):
            begun = time.perf_counter()
            assert b"CRS grade 3" in post(ours, VIEW, body)
            hook.append((time.perf_counter() - begun) * 1000)
            serial.append(one_after_the_other(theirs, addresses))
    return hook[WARM_UP:], serial[WARM_UP:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run")
    hook, serial = measure(30 if parser.parse_args().quick else 200)
    p50, p95 = median(hook), quantiles(hook, n=20)[-1]
    print(f"hook, four searches of {SEARCH_MS} ms: p50 {p50:.1f} ms (limit {LIMIT_MS} ms), p95 {p95:.1f} ms")
    print(
        f"the same four one after the other: p50 {median(map(sum, serial)):.1f} ms; "
        f"the slowest of them: p50 {median(map(max, serial)):.1f} ms"
    )
    good = p50 <= LIMIT_MS
    print("within bounds" if good else "a bound is broken")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
