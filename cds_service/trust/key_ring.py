"""The keys of one client as it publishes them: fetched from its ``jku``, and kept for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from jwt import PyJWK

from cds_service.observability import logger
from cds_service.trust.keys import KeySet, read_key_set
from cds_service.trust.reasons import CannotTell

PAUSE_S = 10.0
"""Between fetches that an unknown key asks for, and after one that failed."""
MOST_WAITING = 4
"""Calls that wait for a fetch which another call makes; more would tie up the threads of other clients."""
LONGEST_WAIT_S = 5.0


class KeyRing:
    """Keys are used for ``seconds`` after they were fetched, and fetched anew in the second half of that.

    One call fetches; others go on with the keys there are. A key that is not
    there is looked for once more, at most every ``PAUSE_S`` seconds, however
    many calls name it.
    """

    def __init__(
        self, jku: str, fetch: Callable[[], bytes], seconds: int, clock: Callable[[], float] = monotonic
    ) -> None:
        self._jku = jku
        self._fetch = fetch
        self._seconds = seconds
        self._clock = clock
        self._keys: KeySet = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._fetching = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)

    def find(self, kid: str, algorithm: str) -> PyJWK | None:
        """The key, or None where the client has none of that name. Raises CannotTell."""
        age = self._age()
        if age is not None and age > self._seconds / 2 and self._may_try():
            self._refresh_aside()
        key = self._current(kid, algorithm)
        if key is not None:
            return key
        if self._may_try() or self._fetching.locked():
            self._refresh_or_wait()
            key = self._current(kid, algorithm)
        if key is None and self._is_too_old():
            raise CannotTell("keys-unavailable")
        return key

    def _current(self, kid: str, algorithm: str) -> PyJWK | None:
        return None if self._is_too_old() else self._keys.get((kid, algorithm))

    def _age(self) -> float | None:
        return None if self._fetched is None else self._clock() - self._fetched

    def _is_too_old(self) -> bool:
        age = self._age()
        return age is None or age > self._seconds

    def _may_try(self) -> bool:
        return self._tried is None or self._clock() - self._tried >= PAUSE_S

    def _refresh_aside(self) -> None:
        """Calls do not wait for what is fetched before its time."""
        if self._fetching.acquire(blocking=False):
            threading.Thread(target=self._refresh_and_release, daemon=True, name="jwks").start()

    def _refresh_and_release(self) -> None:
        try:
            self._refresh()
        finally:
            self._fetching.release()

    def _refresh_or_wait(self) -> None:
        """Fetch, or wait for the call that does. Raises CannotTell where too many wait already."""
        if not self._waiting.acquire(blocking=False):
            raise CannotTell("keys-awaited", retry_after=1)
        try:
            if not self._fetching.acquire(timeout=LONGEST_WAIT_S):
                raise CannotTell("keys-awaited", retry_after=1)
            try:
                if self._may_try():
                    self._refresh()
            finally:
                self._fetching.release()
        finally:
            self._waiting.release()

    def _refresh(self) -> None:
        """What was had is kept where nothing better comes; it ends with its time all the same."""
        try:
            keys = read_key_set(self._fetch(), self._jku)
        except (OSError, ValueError) as error:
            logger.warning("keys-not-fetched", source=self._jku, error=type(error).__name__)
        else:
            self._keys, self._fetched = keys, self._clock()
        finally:
            self._tried = self._clock()
