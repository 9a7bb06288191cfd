"""One point in time by which a whole hook call must have its data."""

from __future__ import annotations

from time import monotonic
from typing import Self


class Deadline:
    """Counts down on the monotonic clock from the moment it is made."""

    __slots__ = ("_at",)

    def __init__(self, seconds: float) -> None:
        self._at = monotonic() + seconds

    @classmethod
    def in_ms(cls, milliseconds: int) -> Self:
        return cls(milliseconds / 1000)

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._at - monotonic())

    @property
    def passed(self) -> bool:
        return self.remaining() == 0.0
