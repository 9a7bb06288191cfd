"""``python -m benchmarks.faulty_fhir PORT FAULT``: a FHIR server behind a proxy, one patient, one fault.

Faults of the connection are made by the proxy, to every search. Faults of the server (a status, a page, a
size) are made by the server, some to every search and some to one.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import proxy
from benchmarks.charts import PATIENT, Chart
from tests.integration import fake_fhir
from tests.integration.fake_fhir import FakeFhir, Fault, Handler, Seen

SEARCHES = ("Patient", "Observation", "MedicationAdministration", "Procedure", "Immunization", "Condition")
SIZE = 60_000_000
A_THIRD = 5_000
"""Bytes: a part of the vital signs, more than most other answers."""


@dataclass(frozen=True, slots=True)
class Spoiled:
    """What is wrong: with the connection, or with the answers to some searches."""

    relay: proxy.Relay = proxy.faithful
    fault: Fault | None = None
    searches: tuple[str, ...] = SEARCHES
    page: int = 1_000


def vitals_only(fault: Fault) -> Fault:
    """The fault for the search of vital signs; the other Observations come as they are."""
    return by_code("8310-5", fault)


def by_code(code: str, fault: Fault) -> Fault:
    def choose(handler: Handler, seen: Seen) -> None:
        (fault if code in seen.params.get("code", "") else fake_fhir.from_store)(handler, seen)

    return choose


def later_pages(fault: Fault) -> Fault:
    def choose(handler: Handler, seen: Seen) -> None:
        (fault if "_start" in seen.params else fake_fhir.from_store)(handler, seen)

    return choose


def foreign_next(handler: Handler, seen: Seen) -> None:
    """A first page that goes on at another server, which must never be called."""
    page = handler.server.fake.answer(seen) or {}
    for link in page.get("link", []):
        link["url"] = "http://203.0.113.7/fhir/Observation?page=2"
    fake_fhir.document(page)(handler, seen)


FAULTS: dict[str, Callable[[], Spoiled]] = {
    "none": Spoiled,
    "50 ms a search": lambda: Spoiled(fault=fake_fhir.after(0.05)),
    "latency of 100 ms": lambda: Spoiled(proxy.late(0.1)),
    "latency beyond the budget": lambda: Spoiled(proxy.late(30)),
    "drip": lambda: Spoiled(proxy.in_drops(0.1)),
    "drip in the body": lambda: Spoiled(fault=fake_fhir.drip(0.1)),
    "reset at once": lambda: Spoiled(proxy.reset_after(0)),
    "reset in the body": lambda: Spoiled(proxy.reset_after(300)),
    "black hole": lambda: Spoiled(proxy.never),
    "cut body": lambda: Spoiled(proxy.cut_after(300)),
    "cut body of vital signs": lambda: Spoiled(proxy.cut_after(A_THIRD)),
    "429": lambda: Spoiled(fault=fake_fhir.status(429, {"Retry-After": "60"})),
    "500": lambda: Spoiled(fault=fake_fhir.status(500)),
    "503": lambda: Spoiled(fault=fake_fhir.status(503)),
    "503, vital signs": lambda: Spoiled(fault=vitals_only(fake_fhir.status(503)), searches=("Observation",)),
    "500, oxygen": lambda: Spoiled(fault=by_code("3151-8", fake_fhir.status(500)), searches=("Observation",)),
    "500, medications": lambda: Spoiled(fault=fake_fhir.status(500), searches=("MedicationAdministration",)),
    "black hole, oxygen": lambda: Spoiled(
        fault=by_code("3151-8", fake_fhir.after(60)), searches=("Observation",)
    ),
    "expired page": lambda: Spoiled(
        fault=later_pages(fake_fhir.status(410)), searches=("Observation",), page=24
    ),
    "foreign next": lambda: Spoiled(fault=foreign_next, searches=("Observation",), page=24),
    "60 MB announced": lambda: Spoiled(fault=fake_fhir.flood(SIZE)),
    "60 MB of vital signs, not announced": lambda: Spoiled(
        fault=vitals_only(fake_fhir.flood(SIZE, announced=False)), searches=("Observation",)
    ),
}


def main() -> int:
    port, spoiled = int(sys.argv[1]), FAULTS[sys.argv[2]]()
    chart = Chart(datetime.now(UTC))
    patient = {"resourceType": "Patient", "id": PATIENT, "birthDate": "1970-01-01"}
    resources = [patient, *chart.vital_signs(72), *chart.oxygen(), *chart.medications(), *chart.procedures()]
    with FakeFhir(resources) as server:
        server.page_limit = spoiled.page
        server.base = f"http://127.0.0.1:{port}/fhir"  # as next links name it
        if spoiled.fault is not None:
            for kind in spoiled.searches:
                server.always(kind, spoiled.fault)
        asyncio.run(proxy.serve(port, int(server.origin.rpartition(":")[2]), spoiled.relay))
    return 0


if __name__ == "__main__":
    sys.exit(main())
