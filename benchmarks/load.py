"""A steady load on a server: so many connections, each with the next call as soon as the last is answered."""

from __future__ import annotations

import http.client
import multiprocessing
import sys
import time
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from statistics import quantiles
from threading import Thread


@dataclass(frozen=True, slots=True)
class Load:
    """What was answered: calls a second, and milliseconds of a call."""

    rate: float
    p50: float
    p99: float

    @classmethod
    def of(cls, times: list[float], seconds: float) -> Load:
        cuts = quantiles(times, n=100)
        return cls(len(times) / seconds, cuts[49] * 1000, cuts[98] * 1000)


def load(port: int, path: str, body: bytes, connections: int, seconds: float) -> Load:
    """Puts the load on, from a process of its own, so that this one's threads do not count."""
    context = multiprocessing.get_context("fork")
    results: SimpleQueue[list[float]] = context.SimpleQueue()
    arguments = (results, port, path, body, connections, seconds)
    process = context.Process(target=_generate, args=arguments)
    process.start()
    times = results.get()
    process.join()
    return Load.of(times, seconds)


def _generate(
    results: SimpleQueue[list[float]], port: int, path: str, body: bytes, connections: int, seconds: float
) -> None:
    sys.setswitchinterval(0.0005)
    times: list[list[float]] = [[] for _ in range(connections)]
    end = time.perf_counter() + seconds
    threads = [Thread(target=_call, args=(port, path, body, end, own)) for own in times]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put([took for own in times for took in own])


def _call(port: int, path: str, body: bytes, end: float, times: list[float]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json"}
    while (begun := time.perf_counter()) < end:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"the load was refused: {answer.status}")
        times.append(time.perf_counter() - begun)
