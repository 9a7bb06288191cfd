"""What the authorization server remembers: launches, codes and tokens, each for a while and none on disk."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from cds_service.sandbox.ward import Clock

MOST = 1_000
"""Of each kind; the oldest gives way."""
LAUNCH_LIFE, CODE_LIFE, TOKEN_LIFE = timedelta(minutes=5), timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Launch:
    """Whose chart is open in the EHR, and what the card's link says to the app."""

    patient: str
    app_context: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """What a code was given for; it opens nothing without the verifier of its challenge."""

    client_id: str
    redirect_uri: str
    challenge: str
    launch: Launch
    scope: str


@dataclass(frozen=True, slots=True)
class Token:
    patient: str
    scope: str


T = TypeVar("T")


class Shelf(Generic[T]):
    """Things by a word that nobody can guess, until they expire."""

    def __init__(self, life: timedelta, clock: Clock) -> None:
        self._life, self._clock = life, clock
        self._kept: dict[str, tuple[datetime, T]] = {}
        self._lock = threading.Lock()

    def put(self, thing: T) -> str:
        word = secrets.token_urlsafe(24)
        with self._lock:
            while len(self._kept) >= MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[word] = (self._clock() + self._life, thing)
        return word

    def see(self, word: str) -> T | None:
        return self._fresh(self._kept.get(word))

    def take(self, word: str) -> T | None:
        """The thing, once: whoever comes second gets nothing."""
        with self._lock:
            return self._fresh(self._kept.pop(word, None))

    def _fresh(self, found: tuple[datetime, T] | None) -> T | None:
        return found[1] if found is not None and self._clock() < found[0] else None


class Grants:
    """The three shelves."""

    def __init__(self, clock: Clock) -> None:
        self.launches: Shelf[Launch] = Shelf(LAUNCH_LIFE, clock)
        self.codes: Shelf[Code] = Shelf(CODE_LIFE, clock)
        self.tokens: Shelf[Token] = Shelf(TOKEN_LIFE, clock)
