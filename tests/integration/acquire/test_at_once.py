"""Many searches and many calls at once."""

from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from cds_service.acquire.acquire import Server, acquire
from cds_service.acquire.deadline import Deadline
from cds_service.acquire.transport import FhirAccess
from tests.integration import fake_fhir
from tests.integration.acquire.ward import VITALS, Ward, ids
from tests.unit.acquire.charts import (
    BY_KEY,
    PATIENT,
    QUERIES,
    bundle,
    observation,
)


def test_a_slow_search_does_not_hold_up_the_others(ward: Ward) -> None:
    ward.fhir.always("Procedure", fake_fhir.after(30))
    acquired = ward.chart()
    assert set(acquired.failures) == {"procedures"}
    assert len(ids(acquired)) == 6


def test_four_searches_of_50_ms_take_little_more_than_one(ward: Ward) -> None:
    queries = [BY_KEY[key] for key in ("vitals", "medications", "procedures", "conditions")]
    for kind in ("Observation", "MedicationAdministration", "Procedure", "Condition"):
        ward.fhir.always(kind, fake_fhir.after(0.05))
    ward.chart(queries=queries)  # connections are open from here on
    times = []
    for _ in range(5):
        started = time.monotonic()
        assert ward.chart(queries=queries).failures == {}
        times.append(time.monotonic() - started)
    assert min(times) < 0.12


def test_threads_do_not_grow_with_the_calls(ward: Ward) -> None:
    ward.chart()
    before = threading.active_count()
    for _ in range(50):
        assert ward.chart(budget=10).failures == {}
    assert threading.active_count() <= before + len(QUERIES)


def test_hanging_servers_give_their_threads_and_sockets_back(ward: Ward) -> None:
    others = set(threading.enumerate())  # of clients that other tests left
    ward.fhir.always("Observation", fake_fhir.drip(0.02, head_first=False))
    for _ in range(2):
        ward.chart(queries=VITALS)
    open_files = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        ward.chart(queries=VITALS)
    time.sleep(0.1)
    workers = [t for t in set(threading.enumerate()) - others if t.name.startswith("fhir")]
    assert len(workers) <= 2  # a worker may notice just after the next call began
    assert len(os.listdir("/proc/self/fd")) <= open_files + 2


def test_many_calls_at_once_lose_nothing(ward: Ward) -> None:
    ward.fhir.always("Observation", fake_fhir.after(0.02))
    with ThreadPoolExecutor(32) as pool:
        charts = list(pool.map(lambda _: ward.chart(budget=10), range(64)))
    assert {json.dumps(ids(chart)) for chart in charts} == {json.dumps(ids(charts[0]))}
    assert all(chart.failures == {} for chart in charts)
    assert len(ids(charts[0])) == 6


def test_a_call_whose_time_is_over_asks_nothing(ward: Ward) -> None:
    reach = Server(ward.client, FhirAccess(ward.fhir.base))
    acquired = acquire(
        {"patientId": PATIENT}, {"vitals": bundle(observation(1, 1))}, reach, list(QUERIES), Deadline(0)
    )
    assert ids(acquired) == ["o1"]
    assert {failure.reason for failure in acquired.failures.values()} == {"timeout"}
    assert ward.fhir.seen == []
