"""How many calls a client may make: in a second, over all workers, and under way at once, in each of them.

What is beyond is told to come again (429), so that one client that runs wild, or whose FHIR server hangs,
leaves the threads of a worker to the patients of others.
"""

from __future__ import annotations

import threading
from collections import Counter

from flask import Flask, g
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from cds_service.errors import TooManyCalls, UpstreamUnavailable
from cds_service.observability import logger
from cds_service.trust.replay import open_redis

MOST_AT_ONCE = 24
"""Calls of one client that a worker with 32 threads answers at a time, where there are other clients."""


def register(app: Flask, calls_a_second: int, redis_url: str | None, clients: int) -> None:
    """Both limits. To be registered after the authentication: they count by client, not by address."""
    app.before_request(Rate(calls_a_second, redis_url).check)
    if clients > 1:
        crowd = Crowd(MOST_AT_ONCE)
        app.before_request(crowd.enter)
        app.teardown_request(crowd.leave)


class Rate:
    """Calls of each client in the current second, in Redis where there is one."""

    def __init__(self, calls_a_second: int, redis_url: str | None) -> None:
        self._most = RateLimitItemPerSecond(calls_a_second)
        pool = open_redis(redis_url).connection_pool if redis_url else None
        storage = RedisStorage(redis_url, pool, "crs-cds") if redis_url and pool else MemoryStorage()
        self._seconds = FixedWindowRateLimiter(storage)

    def check(self) -> None:
        """Raises TooManyCalls, or UpstreamUnavailable."""
        if g.client is None:
            return
        try:
            within = self._seconds.hit(self._most, g.client.name)
        except RedisError as error:
            # The token of this call was looked up in the same Redis a moment ago: it fails for this call.
            logger.error("redis-unavailable", error=type(error).__name__)
            raise UpstreamUnavailable("calls cannot be counted now; try again") from None
        if not within:
            raise TooManyCalls("more calls a second than a client may make", retry_after=1)


class Crowd:
    """Who has how many calls under way in this process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    def enter(self) -> None:
        """Raises TooManyCalls."""
        if g.client is None:
            return
        name = g.client.name
        with self._lock:
            if self._under_way[name] >= self._most:
                raise TooManyCalls("more calls at once than a client may make", retry_after=1)
            self._under_way[name] += 1
        g.in_crowd = name

    def leave(self, _error: BaseException | None) -> None:
        name = g.pop("in_crowd", None)
        if name is not None:
            with self._lock:
                self._under_way[name] -= 1
