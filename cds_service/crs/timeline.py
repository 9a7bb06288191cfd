"""Step functions of time: a sorted list of (instant, value that holds from then on).

A window that ends "24 h later, the limit included" ends one tick after that instant.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Protocol, TypeVar

V = TypeVar("V")
TICK = timedelta(microseconds=1)


class Timed(Protocol):
    @property
    def time(self) -> datetime: ...


class Valued(Timed, Protocol):
    @property
    def value(self) -> Decimal: ...


T = TypeVar("T", bound=Timed)
R = TypeVar("R", bound=Valued)
Steps = list[tuple[datetime, V]]

_time = itemgetter(0)


def at(steps: Sequence[tuple[datetime, V]], time: datetime) -> V:
    """The value that holds at ``time``; the first step must not be later."""
    return steps[bisect_right(steps, time, key=_time) - 1][1]


def within(items: Sequence[T], start: datetime, end: datetime) -> Sequence[T]:
    """The items of a sorted sequence from ``start`` to ``end``, both included."""
    low = bisect_right(items, start - TICK, key=lambda i: i.time)
    return items[low : bisect_right(items, end, key=lambda i: i.time)]


def newest(items: Sequence[T], time: datetime) -> T | None:
    """The last item of a sorted sequence that is not later than ``time``."""
    index = bisect_right(items, time, key=lambda i: i.time)
    return items[index - 1] if index else None


def latest(items: Sequence[T], window: timedelta, start: datetime) -> Steps[T | None]:
    """At each instant the newest item no older than ``window``, else None."""
    steps: Steps[T | None] = [(start, None)]
    for index, item in enumerate(items):
        expires = item.time + window + TICK
        steps.append((item.time, item))
        if index + 1 == len(items) or items[index + 1].time > expires:
            steps.append((expires, None))
    return _clip(steps, start)


def lowest(items: Sequence[R], window: timedelta, start: datetime) -> Steps[R | None]:
    """At each instant the lowest item of the window (of equals the newest), else None."""
    steps: Steps[R | None] = [(start, None)]
    queue: deque[R] = deque()

    def expire(until: datetime | None) -> None:
        while queue and (until is None or queue[0].time + window < until):
            gone = queue.popleft()
            steps.append((gone.time + window + TICK, queue[0] if queue else None))

    for item in items:
        expire(item.time)
        while queue and queue[-1].value >= item.value:
            queue.pop()
        queue.append(item)
        steps.append((item.time, queue[0]))
    expire(None)
    return _clip(steps, start)


def _clip(steps: Steps[V], start: datetime) -> Steps[V]:
    """The same function from ``start`` on; of several steps at one instant the last holds."""
    before = [step for step in steps if step[0] <= start]
    clipped: Steps[V] = [(start, before[-1][1])]
    for time, value in steps:
        if time > start:
            if clipped[-1][0] == time:
                clipped.pop()
            clipped.append((time, value))
    return clipped


def intervals(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The union of half-open spans, sorted."""
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged


def coalesce(steps: Steps[V], key: Callable[[V], object]) -> Steps[V]:
    """The same function where only ``key`` of its values matters: the first step of every stretch."""
    kept: Steps[V] = []
    last: object = None
    for step in steps:
        now = key(step[1])
        if not kept or now != last:
            kept.append(step)
            last = now
    return kept


def change_times(end: datetime, *tracks: Sequence[tuple[datetime, object]]) -> list[datetime]:
    """Every instant up to ``end`` at which any of the step functions may change."""
    return sorted({time for track in tracks for time, _ in track if time <= end})


def cursor(steps: Sequence[tuple[datetime, V]]) -> Callable[[datetime], V]:
    """A reader of one step function for instants asked in rising order."""
    position = 0
    last = len(steps) - 1

    def read(time: datetime) -> V:
        nonlocal position
        while position < last and steps[position + 1][0] <= time:
            position += 1
        return steps[position][1]

    return read
