"""One thread a process that writes to the store, in batches of a few milliseconds.

A hook call never waits for it: where the store is down or the queue is full, records are lost, counted and
said. Feedback waits until it is committed, for a bounded time.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from cds_service.observability import logger, where
from cds_service.records.entries import Call, Feedback
from cds_service.records.store import Store, StoreError

LINGER_S = 0.05
"""How long a batch gathers after its first entry; feedback, for which someone waits, ends it at once."""
MOST_QUEUED = 10_000
MOST_FULL_BYTES = 64 * 1024 * 1024
"""Full records that may wait; beyond, only the short record of a call is kept."""
MOST_AT_ONCE = 500
RETRY_S = 1.0
PURGE_EVERY_S = 3600.0
PURGE_ON_S = 1.0
"""The pause where more is too old than one turn may delete: what waits in the queue comes first."""
STOP_S = 10.0
FEEDBACK_S = 8.0
"""Beyond the time that the database may take to say that it cannot."""
MOST_WAITING = 8
"""Feedback that may wait at a time: half of the threads of a worker stay free for hook calls."""
TURN_S = 0.25
SAID_AGAIN_S = 60.0


class NotKept(Exception):
    """Feedback that is not in the store."""


class Health(NamedTuple):
    """How the store does, as seen by this process."""

    writing: bool
    queued: int
    dropped: int


class _Given:
    """A batch of feedback, and whoever waits for its commit."""

    __slots__ = ("done", "items", "kept")

    def __init__(self, items: Sequence[Feedback]) -> None:
        self.items = items
        self.done = threading.Event()
        self.kept = False

    def settle(self, *, kept: bool) -> None:
        self.kept = kept
        self.done.set()


class Writer:
    """Started by the first entry, in whatever process that is: a thread does not survive a fork."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._queue: deque[Call | _Given] = deque()
        self._full_bytes = 0
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._writing = True
        self._dropped = 0
        self._said = 0.0
        self._purge_at = 0.0

    def offer(self, call: Call) -> None:
        """Take the record of a call, or drop it; never waits and never raises."""
        if self._thread is None:
            self.start()
        if len(self._queue) >= MOST_QUEUED:
            self._drop(1, "the queue is full")
            return
        if call.full is not None:
            call = self._bounded(call)
        self._queue.append(call)
        if not self._wake.is_set():
            self._wake.set()

    def keep(self, items: Sequence[Feedback]) -> None:
        """Return when the feedback is committed. Raises NotKept where it is not, or not in time."""
        self.start()
        given = _Given(items)
        if not self._waiting.acquire(timeout=TURN_S):
            raise NotKept
        try:
            if len(self._queue) >= MOST_QUEUED:
                raise NotKept
            self._queue.append(given)
            self._hurry.set()
            self._wake.set()
            given.done.wait(FEEDBACK_S)
        finally:
            self._waiting.release()
        if not given.kept:
            raise NotKept

    def health(self) -> Health:
        return Health(self._writing, len(self._queue), self._dropped)

    def start(self) -> None:
        if self._thread is not None:
            return
        with self._starting:
            if self._thread is None:
                self._stopping.clear()
                thread = threading.Thread(target=self._run, name="records", daemon=True)
                thread.start()
                self._thread = thread
                atexit.register(self.stop)

    def stop(self) -> None:
        """Write what is queued, and end. What cannot be written by then is counted as dropped."""
        thread = self._thread
        if thread is None:
            return
        self._stopping.set()
        self._hurry.set()
        self._wake.set()
        thread.join(STOP_S)
        self._thread = None
        atexit.unregister(self.stop)
        if self._queue:
            self._drop(len(self._queue), "the service stopped")
            self._queue.clear()

    # ------------------------------------------------------------------ in the writer's thread

    def _run(self) -> None:
        while True:
            self._wake.wait(max(1.0, self._purge_at - time.monotonic()))
            if self._wake.is_set():
                self._hurry.wait(LINGER_S)
            last = self._stopping.is_set()
            self._hurry.clear()
            self._wake.clear()
            try:
                self._work(last=last)
            except Exception as error:  # noqa: BLE001 - a thread that ends would lose everything after
                logger.error("records-fault", extra={"error": type(error).__name__, "where": where(error)})
            if last and (not self._queue or not self._writing):
                self._store.close()
                return

    def _work(self, *, last: bool) -> None:
        if not last and time.monotonic() >= self._purge_at:
            self._purge()
        batch = self._take()
        if batch:
            self._write(batch)
        if self._queue:
            self._wake.set()

    def _take(self) -> list[Call | _Given]:
        return [self._queue.popleft() for _ in range(min(len(self._queue), MOST_AT_ONCE))]

    def _write(self, batch: list[Call | _Given]) -> None:
        try:
            self._commit(batch)
        except StoreError as error:
            self._failed(batch, str(error))
        except Exception:  # noqa: BLE001 - told for the entry at fault
            self._write_one_by_one(batch)

    def _write_one_by_one(self, batch: list[Call | _Given]) -> None:
        """An entry that cannot be written takes no other along."""
        for number, entry in enumerate(batch):
            try:
                self._commit([entry])
            except StoreError as error:
                self._failed(batch[number:], str(error))
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the others are tried
                self._refuse(entry, error)

    def _commit(self, batch: list[Call | _Given]) -> None:
        made = [entry for entry in batch if isinstance(entry, Call)]
        given = [entry for entry in batch if isinstance(entry, _Given)]
        self._store.write(made, [item for entry in given for item in entry.items])
        for entry in given:
            entry.settle(kept=True)
        self._release(made)
        self._recovered()

    def _recovered(self) -> None:
        if not self._writing:
            self._writing = True
            logger.warning("records-written-again", extra={"dropped": self._dropped})

    def _failed(self, batch: list[Call | _Given], error: str) -> None:
        """The store is out of order: feedback is told so at once, calls wait for the next try."""
        self._settle_as_lost(batch)
        self._queue.extendleft(entry for entry in reversed(batch) if isinstance(entry, Call))
        first, self._writing = self._writing, False
        if first or time.monotonic() - self._said > SAID_AGAIN_S:
            self._said = time.monotonic()
            queued = len(self._queue)
            logger.error(
                "records-not-written", extra={"error": error, "queued": queued, "dropped": self._dropped}
            )
        self._stopping.wait(RETRY_S)

    def _refuse(self, entry: Call | _Given, error: Exception) -> None:
        self._settle_as_lost([entry])
        if isinstance(entry, Call):
            self._release([entry])
        with self._counting:
            self._dropped += 1
        logger.error("record-refused", extra={"error": type(error).__name__, "dropped": self._dropped})

    def _settle_as_lost(self, batch: Sequence[Call | _Given]) -> None:
        for entry in batch:
            if isinstance(entry, _Given):
                entry.settle(kept=False)

    def _purge(self) -> None:
        try:
            done = self._store.purge(self._clock())
        except StoreError as error:
            self._writing = False
            self._purge_at = time.monotonic() + SAID_AGAIN_S
            logger.error("records-not-purged", extra={"error": str(error)})
        else:
            self._purge_at = time.monotonic() + (PURGE_EVERY_S if done else PURGE_ON_S)
            if not self._queue:
                self._recovered()

    # ------------------------------------------------------------------ counting

    def _bounded(self, call: Call) -> Call:
        size = _size(call)
        with self._counting:
            if fits := self._full_bytes + size <= MOST_FULL_BYTES:
                self._full_bytes += size
        if fits:
            return call
        self._drop(1, "too many full records are waiting")
        return call._replace(full=None)

    def _release(self, made: Sequence[Call]) -> None:
        size = sum(_size(call) for call in made if call.full is not None)
        if size:
            with self._counting:
                self._full_bytes -= size

    def _drop(self, count: int, why: str) -> None:
        with self._counting:
            self._dropped += count
        if time.monotonic() - self._said > SAID_AGAIN_S:
            self._said = time.monotonic()
            logger.error("records-dropped", extra={"dropped": self._dropped, "error": why})


def _size(call: Call) -> int:
    return len(call.full.inputs) + len(call.full.response) if call.full is not None else 0
