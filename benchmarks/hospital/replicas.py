"""Two replicas behind nginx beside one, with tokens and Redis: calls a second, and CPU of a call by place.

Where the machine has cores to spare for clients, nginx and Redis, two must answer at least 1.8 times as many
as one; elsewhere the figures are told and nothing is demanded. Exits 1 where that does not hold.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.charts import hook_request
from benchmarks.hospital import programs
from benchmarks.hospital.hospital import Hospital, open_hospital
from benchmarks.hospital.traffic import Line
from benchmarks.servers import cpu_seconds
from tools.trial import VIEW

CLIENTS = 8
AIM = 1.8
SPARE_CORES = 6
"""Two for the replicas; nginx, Redis and the clients need as much again for the load of two."""
FHIR_BASE = "http://127.0.0.1:9/fhir"
"""Everything is prefetched."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Calls a second, and milliseconds of CPU a call."""

    rate: float
    service: float
    nginx: float
    redis: float
    client: float

    def line(self, name: str) -> str:
        return (
            f"{name:14} {self.rate:6.0f} calls a second; CPU a call: service {self.service:.2f} ms, "
            f"nginx {self.nginx:.2f} ms, Redis {self.redis:.2f} ms, client {self.client:.2f} ms"
        )


def measure(hospital: Hospital, seconds: float) -> Measured:
    body = hook_request(72, datetime.now(UTC))
    places = {
        "service": [pid for replica in hospital.replicas for pid in replica.workers()],
        "nginx": hospital.nginx.workers(),
        "redis": [hospital.redis.running.pid],
    }
    load(hospital, body, 1.0)
    before = {place: cpu_seconds(pids) for place, pids in places.items()}
    own = time.process_time()
    number = load(hospital, body, seconds)
    used = {place: (cpu_seconds(pids) - before[place]) / number * 1000 for place, pids in places.items()}
    used["client"] = (time.process_time() - own) / number * 1000
    return Measured(number / seconds, **used)


def load(hospital: Hospital, body: bytes, seconds: float) -> int:
    """How many calls were answered. Raises SystemExit where one was refused."""
    end = time.monotonic() + seconds
    done, refused = [0] * CLIENTS, []

    def call(number: int) -> None:
        line = Line(hospital)
        while time.monotonic() < end:
            status, _, _ = line.post(VIEW, body)
            if status != 200:
                refused.append(status)
                break
            done[number] += 1
        line.close()

    clients = [threading.Thread(target=call, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    if refused:
        raise SystemExit(f"the load was refused: {refused[0]}")
    return sum(done)


def main() -> int:
    programs.end_in_order()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run")
    rounds, seconds = (2, 2.0) if parser.parse_args().quick else (7, 5.0)
    found: dict[int, list[Measured]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory(prefix="crs-cds-replicas-") as name:
        for replicas in found:
            (Path(name) / str(replicas)).mkdir()
        Path(name).chmod(0o711)
        with (
            open_hospital(Path(name) / "1", FHIR_BASE, None, replicas=1, workers=1) as one,
            open_hospital(Path(name) / "2", FHIR_BASE, None, replicas=2, workers=1) as two,
        ):
            hospitals = {1: one, 2: two}
            for _ in range(rounds):
                for replicas, hospital in hospitals.items():
                    found[replicas].append(measure(hospital, seconds))
    for replicas, rows in found.items():
        print(sorted(rows, key=lambda row: row.rate)[len(rows) // 2].line(f"{replicas} of 1 worker"))
    gain = median(two.rate / one.rate for one, two in zip(found[1], found[2], strict=True))
    cores = os.cpu_count() or 1
    demanded = cores >= SPARE_CORES
    print(f"two beside one: {gain:.2f} times as many calls, on {cores} cores", end="; ")
    print(f"at least {AIM}" if demanded else f"nothing is demanded below {SPARE_CORES} cores")
    good = gain >= AIM or not demanded
    print("within bounds" if good else "a bound is broken")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
