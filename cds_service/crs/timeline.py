"""Step functions of time: a sorted list of (instant, value that holds from then on).

A window that ends "24 h later, the limit included" ends one tick after that instant.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any, Protocol, TypeVar

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
    reach = window + TICK
    expires = start
    for item in items:
        time = item.time
        if steps[-1][1] is not None and expires < time:
            steps.append((expires, None))
        steps.append((time, item))
        expires = time + reach
    if steps[-1][1] is not None:
        steps.append((expires, None))
    return _clip(steps, start)


def lowest(items: Sequence[R], window: timedelta, start: datetime) -> Steps[R | None]:
    """At each instant the lowest item of the window (of equals the newest), else None."""
    steps: Steps[R | None] = [(start, None)]
    queue: deque[R] = deque()
    reach = window + TICK

    def leave() -> None:
        gone = queue.popleft()
        steps.append((gone.time + reach, queue[0] if queue else None))

    for item in items:
        time, value = item.time, item.value
        while queue and queue[0].time + reach <= time:
            leave()
        while queue and queue[-1].value >= value:
            queue.pop()
        queue.append(item)
        steps.append((time, queue[0]))
    while queue:
        leave()
    return _clip(steps, start)


def _clip(steps: Steps[V], start: datetime) -> Steps[V]:
    """The same function from ``start`` on; of several steps at one instant the last holds."""
    clipped: Steps[V] = [steps[0]]
    for step in steps:
        time = step[0]
        if time <= start:
            clipped[0] = (start, step[1])
        elif time == clipped[-1][0]:
            clipped[-1] = step
        else:
            clipped.append(step)
    return clipped


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


def merge(end: datetime, *tracks: Sequence[tuple[datetime, Any]]) -> list[tuple[datetime, list[Any]]]:
    """The values of several step functions at every instant up to ``end`` at which one changes.

    All tracks begin at the same instant. A track of instants alone may carry any value.
    """
    values = [track[0][1] for track in tracks]
    events = [(time, i, value) for i, track in enumerate(tracks) for time, value in track if time <= end]
    events.sort(key=_time)
    merged: list[tuple[datetime, list[Any]]] = []
    last: datetime | None = None
    for time, index, value in events:
        values[index] = value
        if time == last:
            merged[-1][1][index] = value
        else:
            merged.append((time, values.copy()))
            last = time
    return merged
