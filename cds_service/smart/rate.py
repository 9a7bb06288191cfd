"""How often the page may call, so that it leaves the service to the hooks."""

from __future__ import annotations

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from cds_service.errors import TooManyCalls

MOST_A_SECOND = 10
"""Of a worker, whoever calls: behind a proxy all addresses are one. Five days of a chart take some 60 ms."""


class Rate:
    """Calls of this worker in the current second."""

    def __init__(self, most: int = MOST_A_SECOND) -> None:
        self._most = RateLimitItemPerSecond(most)
        self._seconds = FixedWindowRateLimiter(MemoryStorage())

    def check(self, what: str) -> None:
        """Raises TooManyCalls."""
        if not self._seconds.hit(self._most, what):
            raise TooManyCalls("the page is called too often; try again", retry_after=1)
