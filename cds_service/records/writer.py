"""One thread a process that writes to the store, in batches of a fifth of a second.

A hook call never waits for it: where the store is down or the queue is full, records are lost, counted and
said. Feedback waits until it is committed, for a bounded time.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from cds_service.observability import logger, where
from cds_service.records.backlog import Backlog, Entry, Given
from cds_service.records.entries import Call, Feedback
from cds_service.records.store import Store, StoreError

LINGER_S = 0.2
"""How long a batch gathers after its first entry; feedback, for which someone waits, ends it at once."""
RETRY_S = 1.0
PURGE_EVERY_S = 3600.0
PURGE_ON_S = 1.0
"""The pause where more is too old than one turn may delete: what waits in the queue comes first."""
PURGE_AGAIN_S = 60.0
STOP_S = 10.0
FEEDBACK_S = 8.0
"""Beyond the time that the database may take to say that it cannot."""
MOST_WAITING = 8
"""Feedback that may wait at a time: half of the threads of a worker stay free for hook calls."""
TURN_S = 0.25


class NotKept(Exception):
    """Feedback that is not in the store."""


class NotStorable(Exception):
    """Feedback with a value that the store refuses, now and later."""


class Health(NamedTuple):
    """How the store does, as seen by this process."""

    writing: bool
    queued: int
    dropped: int


class Writer:
    """Started by the first entry, in whatever process that is: a thread does not survive a fork."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], tell: Callable[[Health], None] = lambda _: None
    ) -> None:
        """``tell`` is told how the store does after each turn."""
        self._store = store
        self._clock = clock
        self._tell = tell
        self._backlog = Backlog()
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._writing = True
        self._busy_since: float | None = None
        self._purge_at = 0.0

    def offer(self, call: Call) -> None:
        """Take the record of a call, or drop it; never waits."""
        if self._thread is None:
            self.start()
        if self._backlog.add(call) and not self._wake.is_set():
            self._wake.set()

    def keep(self, items: Sequence[Feedback]) -> None:
        """Return when the feedback is committed.

        Raises NotStorable where it never will be, NotKept where it is not now, or not in time.
        """
        self.start()
        given = Given(items)
        if not self._waiting.acquire(timeout=TURN_S):
            raise NotKept
        try:
            if not self._backlog.add(given):
                raise NotKept
            self._hurry.set()
            self._wake.set()
            if not given.done.wait(FEEDBACK_S):
                self._backlog.say("records-hang", "no answer from the store")
        finally:
            self._waiting.release()
        if given.refused:
            raise NotStorable
        if not given.kept:
            raise NotKept

    def health(self) -> Health:
        since = self._busy_since
        hangs = since is not None and time.monotonic() - since > FEEDBACK_S
        return Health(self._writing and not hangs, len(self._backlog), self._backlog.dropped)

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
        self._backlog.clear("the service stopped")

    # ------------------------------------------------------------------ in the writer's thread

    def _run(self) -> None:
        while True:
            self._wake.wait(max(1.0, self._purge_at - time.monotonic()))
            if self._wake.is_set():
                self._hurry.wait(LINGER_S)
            last = self._stopping.is_set()
            self._hurry.clear()
            self._wake.clear()
            self._busy_since = time.monotonic()
            try:
                self._work(last=last)
            except Exception as error:  # noqa: BLE001 - a thread that ends would lose everything after
                logger.error("records-fault", error=type(error).__name__, where=where(error))
            self._busy_since = None
            self._tell(self.health())
            if last and (not self._backlog or not self._writing):
                self._store.close()
                return

    def _work(self, *, last: bool) -> None:
        if not last and time.monotonic() >= self._purge_at:
            self._purge()
        batch = self._backlog.take()
        if batch:
            self._write(batch)
        if self._backlog:
            self._wake.set()

    def _write(self, batch: list[Entry]) -> None:
        try:
            self._commit(batch)
        except StoreError as error:
            self._failed(batch, str(error))
        except Exception:  # noqa: BLE001 - told for the entry at fault
            self._write_one_by_one(batch)

    def _write_one_by_one(self, batch: list[Entry]) -> None:
        """An entry that cannot be written takes no other along."""
        for number, entry in enumerate(batch):
            try:
                self._commit([entry])
            except StoreError as error:
                self._failed(batch[number:], str(error))
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the others are tried
                self._refuse(entry, type(error).__name__)

    def _commit(self, batch: list[Entry]) -> None:
        given = [entry for entry in batch if isinstance(entry, Given)]
        items = [item for entry in given for item in entry.items]
        self._store.write([entry for entry in batch if isinstance(entry, Call)], items)
        for entry in given:
            entry.settle(kept=True)
        self._backlog.let_go(batch)
        self._recovered()

    def _recovered(self) -> None:
        if not self._writing:
            self._writing = True
            logger.warning("records-written-again", dropped=self._backlog.dropped)

    def _failed(self, batch: list[Entry], error: str) -> None:
        """The store is out of order: feedback is told so at once, calls wait for the next try."""
        _settle_as_lost(batch)
        self._backlog.put_back(batch)
        first, self._writing = self._writing, False
        self._backlog.say("records-not-written", error, now=first)
        self._stopping.wait(RETRY_S)

    def _refuse(self, entry: Entry, error: str) -> None:
        if isinstance(entry, Given):
            entry.settle(kept=False, refused=True)
        self._backlog.let_go([entry])
        self._backlog.drop(1, error)

    def _purge(self) -> None:
        try:
            done = self._store.purge(self._clock())
        except StoreError as error:
            self._writing = False
            self._purge_at = time.monotonic() + PURGE_AGAIN_S
            logger.error("records-not-purged", error=str(error))
        else:
            self._purge_at = time.monotonic() + (PURGE_EVERY_S if done else PURGE_ON_S)
            if not self._backlog:
                self._recovered()


def _settle_as_lost(batch: Sequence[Entry]) -> None:
    for entry in batch:
        if isinstance(entry, Given):
            entry.settle(kept=False)
