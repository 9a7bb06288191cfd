"""The FHIR REST client: many searches at once, one deadline for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from datetime import datetime
from time import monotonic

from cds_service.acquire.answer import Answer
from cds_service.acquire.calls import Tell, unheard
from cds_service.acquire.deadline import Deadline
from cds_service.acquire.queries import Query
from cds_service.acquire.refusals import Refusals
from cds_service.acquire.searches import Search, Setting
from cds_service.acquire.transport import Exchange, FhirAccess, Transport

WORKERS = 320
"""As many hook calls as a worker process takes at once, with ten searches each: searches that hang must not
let those of other calls wait. Threads are made as they are needed."""


class FhirClient:
    """One for the whole process; safe to share between threads.

    Threads are started by the first search, not before, so that it may be made
    before a server forks its workers.
    """

    def __init__(
        self,
        workers: int = WORKERS,
        ca_file: str | None = None,
        clock: Callable[[], float] = monotonic,
        tell: Tell = unheard,
    ) -> None:
        """``ca_file``: certificates to trust in place of the usual ones (a hospital's own authority).

        ``clock``: seconds that only grow, by which refusals of a server are forgotten.
        ``tell`` is told of every request.
        """
        self._tell = tell
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="fhir")
        self._transport = Transport(ca_file)
        self._refusals = Refusals(clock)

    def fetch(
        self,
        access: FhirAccess,
        queries: Sequence[Query],
        patient_id: str,
        deadline: Deadline,
        oldest_needed: datetime | None = None,
    ) -> dict[str, Answer]:
        """Runs the queries side by side; an answer for each, by key, when the deadline passes at the latest.

        A search sorted newest first stops once everything since
        ``oldest_needed`` is at hand. What arrived before a failure is kept.
        """
        setting = Setting(access, patient_id, oldest_needed, self._transport, self._refusals, self._tell)
        searches = [Search(query, setting, Exchange(deadline)) for query in queries]
        # Each in a copy of this call's context: its log lines and spans are of this call.
        running = {self._pool.submit(copy_context().run, search.run): search for search in searches}
        done, late = wait(running, timeout=deadline.remaining())
        for future in late:
            future.cancel()
            running[future].abort()
        for future in done:
            future.result()  # a defect must not pass for missing data
        return {search.query.key: search.answer() for search in searches}

    def refused(self, base_url: str, resource_type: str) -> frozenset[str]:
        """The search parameters that a server was seen to refuse."""
        return self._refusals.of(base_url, resource_type)

    def close(self) -> None:
        """Ends the threads and closes their connections."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._transport.close()
