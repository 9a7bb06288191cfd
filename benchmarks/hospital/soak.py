"""A hundred thousand calls of all kinds: what the service holds stays what it was once it is warm.

Two replicas of one worker behind nginx, with tokens, Redis and SQLite; eight clients. Exits 1 where
resident memory grows by more than the bound, files or threads grow, or an answer is not as it must be.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.charts import hook_request
from benchmarks.hospital import programs
from benchmarks.hospital.hospital import Hospital, open_hospital
from benchmarks.hospital.traffic import FEEDBACK, Line
from benchmarks.orders import ONDANSETRON, TOCILIZUMAB, order_sign
from benchmarks.servers import Held, held
from tools.trial import VIEW, patient_view

CLIENTS = 8
CALLS, QUICK_CALLS = 100_000, 5_000
WARM, FROM_THE_END = 0.3, 0.1
"""Shares of all calls: after the first the level is taken, the last is compared with it."""
GROWTH, QUICK_GROWTH = 0.05, 0.15
"""A short run is not warm for long: pools and heaps still fill."""
FILES_SLACK, THREADS_SLACK = 8, 8
SAMPLE_S = 0.5
SELECT, SIGN = "/cds-services/crs-order-select", "/cds-services/crs-order-sign"


@dataclass(frozen=True, slots=True)
class Call:
    """``weight``: how many of a hundred calls."""

    name: str
    weight: int
    path: str
    body: Callable[[], bytes]
    status: int = 200
    says: bytes = b""


def calls(fhir_base: str) -> list[Call]:
    now = datetime.now(UTC)
    view, sign = hook_request(72, now), order_sign(TOCILIZUMAB, 560, now)
    select: dict[str, Any] = json.loads(order_sign(ONDANSETRON, 8, now, prefetched=False))
    select["hook"], select["context"]["selections"] = "order-select", ["MedicationRequest/draft-1"]
    selected = json.dumps(select).encode()
    fetched = json.dumps(patient_view("demo-03", fhir_base)).encode()
    return [
        Call("patient-view, prefetched", 50, VIEW, lambda: view, says=b"CRS grade 3"),
        Call("patient-view, fetched", 1, VIEW, lambda: fetched, says=b"CRS grade 3"),
        Call("order-select, not ours", 20, SELECT, lambda: selected, says=b'"cards":[]'),
        Call("order-sign, tocilizumab", 6, SIGN, lambda: sign, says=b"tocilizumab"),
        Call("feedback", 18, FEEDBACK, _feedback),
        Call("spoiled", 5, VIEW, lambda: view[:-40], status=400, says=b"OperationOutcome"),
    ]


def _feedback() -> bytes:
    when = datetime.now(UTC).isoformat()
    entry = {
        "card": "4f1c2a6e-9f0b-4a52-8f10-2f6f3c1d9f11",
        "outcome": "overridden",
        "outcomeTimestamp": when,
    }
    return json.dumps({"feedback": [entry]}).encode()


class Load:
    """Calls in a fixed mix, taken by all clients from one counter."""

    def __init__(self, hospital: Hospital, number: int) -> None:
        self.number, self.done = number, 0
        self.counts: Counter[str] = Counter()
        self.flaws: Counter[str] = Counter()
        self._mix = [call for call in calls(hospital.fhir_base) for _ in range(call.weight)]
        self._hospital = hospital
        self._lock = threading.Lock()

    def client(self) -> None:
        line = Line(self._hospital)
        while (turn := self._next()) is not None:
            call = self._mix[turn * 37 % len(self._mix)]  # 37 and 100 have no divisor: all kinds in turn
            status, _, body = line.post(call.path, call.body())
            if status != call.status or call.says not in body.replace(b'"cards": []', b'"cards":[]'):
                self.flaws[f"{call.name}: {status} {body[:120]!r}"] += 1
            self.counts[call.name] += 1
        line.close()

    def _next(self) -> int | None:
        with self._lock:
            if self.done >= self.number:
                return None
            self.done += 1
            return self.done


Sample = tuple[int, Held]
"""How many calls were made, and what the workers held then."""


def run(load: Load, hospital: Hospital) -> list[Sample]:
    """All calls, and what was held meanwhile."""
    clients = [threading.Thread(target=load.client, daemon=True) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    samples: list[Sample] = []
    while any(client.is_alive() for client in clients):
        time.sleep(SAMPLE_S)
        workers = [pid for replica in hospital.replicas for pid in replica.workers()]
        samples.append((load.done, held(workers)))
    return samples


def level(samples: list[Sample], what: str) -> float:
    return float(median(getattr(one, what) for _, one in samples))


def judged(samples: list[Sample], number: int, growth: float) -> bool:
    """Says what was held when warm and at the end; whether it stayed."""
    warm = [one for one in samples if WARM * number <= one[0] <= (WARM + 2 * FROM_THE_END) * number]
    late = [one for one in samples if one[0] >= (1 - FROM_THE_END) * number]
    if not warm or not late:
        raise SystemExit("too few samples: make more calls")
    good = True
    for what, unit, bound in (
        ("memory_mb", " MB", (1 + growth) * level(warm, "memory_mb")),
        ("files", "", level(warm, "files") + FILES_SLACK),
        ("threads", "", level(warm, "threads") + THREADS_SLACK),
    ):
        before, after = level(warm, what), level(late, what)
        good &= after <= bound
        change = f"{100 * (after / before - 1):+.1f} %"
        said = f"{before:.0f}{unit} warm, {after:.0f}{unit} at the end ({change}), bound {bound:.0f}{unit}"
        print(f"{what:10} {said}")
    return good


def main() -> int:
    programs.end_in_order()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_CALLS:,} calls")
    quick = parser.parse_args().quick
    number, growth = (QUICK_CALLS, QUICK_GROWTH) if quick else (CALLS, GROWTH)
    with tempfile.TemporaryDirectory(prefix="crs-cds-soak-") as name:
        folder = Path(name)
        fhir = programs.sandbox(programs.free_port(), folder / "fhir.log", folder / "fhir")
        fhir.start()
        try:
            base = f"http://127.0.0.1:{fhir.port}/fhir"
            with open_hospital(folder, base, None, workers=1) as hospital:
                load = Load(hospital, number)
                begun = time.monotonic()
                samples = run(load, hospital)
                took = time.monotonic() - begun
        finally:
            fhir.stop()
    print(f"{number:,} calls in {took:.0f} s ({number / took:.0f} a second): {dict(load.counts)}")
    good = judged(samples, number, growth)
    for flaw, times in load.flaws.most_common(5):
        print(f"  ✗ {flaw} (× {times})")
    good &= not load.flaws
    print("within bounds" if good else "a bound is broken")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
