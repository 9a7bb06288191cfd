"""Amounts and codes, and how much a search can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

ZONES = timedelta(hours=14)
"""How far a local time may lie from UTC."""
BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
"""Earlier than any charted time, and still safe to move by a day's offset."""


class Coding(NamedTuple):
    system: str
    code: str
    display: str = ""


class Quantity(NamedTuple):
    """An amount with its unit: UCUM where the unit was understood, else as charted."""

    value: Decimal
    unit: str

    def __str__(self) -> str:
        return f"{self.value} {self.unit}"


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """The chart says so."""

    value: T


@dataclass(frozen=True, slots=True)
class KnownAbsent:
    """A search known to be complete found none."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing can be said, and why. ``reason`` is a stable code."""

    reason: str
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far back a search is known to be complete.

    ``since`` is None when nothing is known to be complete; ``reason`` then
    says why, as a stable code (``not-supplied``, ``truncated``, ``error`` …).
    """

    since: datetime | None = None
    reason: str = "not-supplied"

    def reaches(self, time: datetime) -> bool:
        """Whether everything charted from ``time`` on is at hand."""
        return self.since is not None and self.since <= time


COMPLETE = Coverage(since=BEGINNING, reason="")
