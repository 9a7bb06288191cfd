"""Tokens that were used: each opens one call, whichever worker or replica it reaches."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from time import monotonic

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from cds_service.observability import logger
from cds_service.trust.reasons import CannotTell

SECONDS_FOR_REDIS = 0.5
"""A Redis that hangs is as good as none; a call has no time to wait for it."""
SWEEP_EVERY = 1024


def open_redis(url: str) -> redis.Redis:
    """A client that never hangs: it gives up in time, and at once."""
    return redis.Redis.from_url(
        url,
        socket_timeout=SECONDS_FOR_REDIS,
        socket_connect_timeout=SECONDS_FOR_REDIS,
        retry=Retry(NoBackoff(), 0),
    )


class UsedInRedis:
    """For any number of workers and replicas."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection

    def answers(self) -> bool:
        """Whether tokens can be checked now."""
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False

    def first_use(self, issuer: str, jti: str, seconds: int) -> bool:
        """Raises CannotTell where Redis does not answer: a token that may be used up opens nothing."""
        try:
            return bool(self._redis.set(f"crs-cds:jti:{_digest(issuer, jti)}", b"", nx=True, ex=seconds))
        except RedisError as error:
            logger.error("redis-unavailable", error=type(error).__name__)
            raise CannotTell("redis-unavailable") from None


class UsedHere:
    """For one worker process; a restart forgets."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._until: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def first_use(self, issuer: str, jti: str, seconds: int) -> bool:
        key, now = _digest(issuer, jti).encode(), self._clock()
        with self._lock:
            if self._until.get(key, now) > now:
                return False
            self._until[key] = now + seconds
            if len(self._until) % SWEEP_EVERY == 0:
                self._until = {known: until for known, until in self._until.items() if until > now}
            return True


def _digest(issuer: str, jti: str) -> str:
    """Of fixed length, and without what a client may have written into its identifiers."""
    length = len(issuer.encode("utf-8", "surrogatepass"))
    return hashlib.sha256(f"{length}:{issuer}{jti}".encode("utf-8", "surrogatepass")).hexdigest()
