"""What waits to be written: bounded in number and bytes, with what had to be dropped counted and said."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

from cds_service.observability import logger
from cds_service.records.entries import Call, Feedback

MOST_QUEUED = 10_000
MOST_FULL_BYTES = 64 * 1024 * 1024
"""Full records that may wait; beyond, only the short record of a call is kept."""
MOST_AT_ONCE = 500
SAID_AGAIN_S = 60.0


class Given:
    """A batch of feedback, and whoever waits for its commit."""

    __slots__ = ("done", "items", "kept", "refused")

    def __init__(self, items: Sequence[Feedback]) -> None:
        self.items = items
        self.done = threading.Event()
        self.kept = False
        self.refused = False

    def settle(self, *, kept: bool, refused: bool = False) -> None:
        """``refused``: the store is in order, and will never take it."""
        self.kept, self.refused = kept, refused
        self.done.set()


Entry = Call | Given


class Backlog:
    """Filled by all threads, emptied by the writer's."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._full_bytes = 0
        self._dropped = 0
        self._counting = threading.Lock()
        self._said = float("-inf")

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def dropped(self) -> int:
        return self._dropped

    def add(self, entry: Entry) -> bool:
        """Take an entry, or drop it where there is no room."""
        if len(self._entries) >= MOST_QUEUED:
            if isinstance(entry, Call):
                self.drop(1, "the queue is full")
            return False
        if isinstance(entry, Call) and entry.full is not None:
            entry = self._within_bounds(entry)
        self._entries.append(entry)
        return True

    def take(self) -> list[Entry]:
        """The oldest, as many as one transaction should hold."""
        return [self._entries.popleft() for _ in range(min(len(self._entries), MOST_AT_ONCE))]

    def put_back(self, entries: Sequence[Entry]) -> None:
        """The calls among them wait for another try, in their old order."""
        self._entries.extendleft(entry for entry in reversed(entries) if isinstance(entry, Call))

    def clear(self, why: str) -> None:
        if self._entries:
            self.drop(len(self._entries), why)
            self._entries.clear()

    def let_go(self, entries: Sequence[Entry]) -> None:
        """They are written, or will never be: their bytes make room."""
        size = sum(_size(entry) for entry in entries if isinstance(entry, Call) and entry.full is not None)
        if size:
            with self._counting:
                self._full_bytes -= size

    def drop(self, count: int, why: str) -> None:
        with self._counting:
            self._dropped += count
        self.say("records-dropped", why)

    def say(self, event: str, why: str, *, now: bool = False) -> None:
        """Loud, but not once for every call."""
        if now or time.monotonic() - self._said > SAID_AGAIN_S:
            self._said = time.monotonic()
            logger.error(event, error=why, queued=len(self._entries), dropped=self._dropped)

    def _within_bounds(self, call: Call) -> Call:
        size = _size(call)
        with self._counting:
            if fits := self._full_bytes + size <= MOST_FULL_BYTES:
                self._full_bytes += size
        if fits:
            return call
        self.drop(1, "too many full records are waiting")
        return call._replace(full=None)


def _size(call: Call) -> int:
    return len(call.full.inputs) + len(call.full.response) if call.full is not None else 0
