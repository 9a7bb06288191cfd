"""Counts and times for Prometheus. No label can hold what a caller wrote: the number of series is bounded."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import prometheus_client.values
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

__all__ = ["CONTENT_TYPE_LATEST", "Metrics", "forget_worker", "shared_folder"]

SHARED = "PROMETHEUS_MULTIPROC_DIR"
CALL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""CDS Hooks asks for answers "on the order of 500 ms"."""
MEMORY = Path("/dev/shm")  # noqa: S108 - memory, writable where the rest is read-only; the folder in it is our own


def shared_folder() -> Path:
    """A new folder in which the worker processes of one server count together."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="crs-cds-metrics-", dir=place))


def forget_worker(pid: int) -> None:
    """What a worker held at its end no longer counts; what it counted stays."""
    mark_process_dead(pid)  # type: ignore[no-untyped-call]


class Metrics:
    """All metrics of a process, or with ``shared`` of all worker processes that use the folder."""

    def __init__(self, shared: Path | None = None) -> None:
        self._shared = shared
        if shared is not None:
            # The library looks at the environment when it is imported, which is before a server is chosen.
            os.environ[SHARED] = str(shared)
            prometheus_client.values.ValueClass = prometheus_client.values.MultiProcessValue()  # type: ignore[no-untyped-call]
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._make_for_calls()
        self._make_for_charts()
        self._make_for_the_process()

    def _make_for_calls(self) -> None:
        self._calls = self._counter("calls", "Answered calls", "service", "kind", "status", "client")
        self._seconds = Histogram(
            "crs_cds_call_seconds", "Time of a hook call", ("service",), buckets=CALL_SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self._cards = self._counter("cards", "Cards shown, or held back in shadow", "service", "shadow")
        self._refused = self._counter("refused_tokens", "Calls without a valid token", "reason")
        # Bound once: finding a child costs more than counting with it.
        self.calls = cache(self._calls.labels)
        self.seconds = cache(self._seconds.labels)
        self.cards = cache(self._cards.labels)
        self.refused = cache(self._refused.labels)

    def _make_for_charts(self) -> None:
        grades = self._counter("assessments", "Patients assessed", "episode", "lowest", "highest")
        rules = self._counter("rules", "Rules that an answer stood on", "rule")
        missing = self._counter("missing", "Axes without a value to grade by", "axis", "reason")
        failures = self._counter("searches_incomplete", "Parts of a chart not wholly known", "key", "reason")
        fhir = Histogram(
            "crs_cds_fhir_request_seconds", "Time of a request to a FHIR server", ("type", "outcome"),
            buckets=CALL_SECONDS, registry=self._registry,
        )  # fmt: skip
        self.assessments = cache(grades.labels)
        self.rules = cache(rules.labels)
        self.missing = cache(missing.labels)
        self.incomplete = cache(failures.labels)
        self._fhir = cache(fhir.labels)

    def _make_for_the_process(self) -> None:
        self._queued = self._gauge("records_queued", "Records that wait to be written", "livesum")
        self._failing = self._gauge("records_failing", "Workers that cannot write records", "livesum")
        self._dropped = self._counter("records_dropped", "Records that were lost")
        self._told_dropped = 0
        self._workers = Gauge(
            "crs_cds_workers", "Workers by the tables they answer with",
            ("guideline", "guideline_sha256", "codebook_sha256", "version", "shadow"),
            registry=self._registry, multiprocess_mode="livesum",
        )  # fmt: skip
        self._reloads = self._counter("reloads", "Reloads of tables", "outcome")
        self._reload_failed = self._gauge("reload_failed", "1: tables on disk are refused", "mostrecent")

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"crs_cds_{name}", text, labels, registry=self._registry)

    def _gauge(self, name: str, text: str, mode: str) -> Gauge:
        return Gauge(f"crs_cds_{name}", text, registry=self._registry, multiprocess_mode=mode)  # type: ignore[arg-type]

    def fhir(self, resource_type: str, outcome: str, seconds: float) -> None:
        """One request to a FHIR server: its status, or how it failed."""
        self._fhir(resource_type, outcome).observe(seconds)

    def assessed(self, episode: str, grade: tuple[int, int] | None, rules: Iterable[str]) -> None:
        lowest, highest = grade if grade is not None else ("", "")
        self.assessments(episode, lowest, highest).inc()
        for rule in rules:
            self.rules(rule).inc()

    def lacking(self, missing: Iterable[str], failures: Mapping[str, str]) -> None:
        """Axes as ``axis:reason``, and searches with their reason."""
        for each in missing:
            self.missing(*each.split(":", 1)).inc()
        for key, reason in failures.items():
            self.incomplete(key, reason).inc()

    def records(self, health: tuple[bool, int, int]) -> None:
        """Whether records are written, how many wait, and how many were lost by this process."""
        writing, queued, dropped = health
        self._queued.set(queued)
        self._failing.set(0 if writing else 1)
        if dropped > self._told_dropped:
            self._dropped.inc(dropped - self._told_dropped)
            self._told_dropped = dropped

    def serving(self, tables: tuple[str, str, str, str], *, shadow: bool) -> None:
        """This process answers with these tables: guideline, its hash, the hash of the codes, version."""
        self._workers.labels(*tables, str(shadow).lower()).set(1)

    def reloaded(self, *, good: bool) -> None:
        self._reloads.labels("good" if good else "refused").inc()
        self._reload_failed.set(0 if good else 1)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        if self._shared is None:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, path=str(self._shared))  # type: ignore[no-untyped-call]
        return generate_latest(together)

    def close(self) -> None:
        """Remove the shared folder; to be called by the process that outlives the others."""
        if self._shared is not None:
            os.environ.pop(SHARED, None)
            prometheus_client.values.ValueClass = prometheus_client.values.MutexValue
            shutil.rmtree(self._shared, ignore_errors=True)
