"""An order that lists its hours (``timeOfDay``, ``dayOfWeek``) as times on the clock of the ward."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

DAY = timedelta(days=1)
LOOKED_AT = 20
"""Times of an order that goes on without an end: more than any limit counts."""
BEFORE = 21
"""Days before now in which the last time that is over lies, unless it comes less often."""
MOST_DAYS = 400
"""Days looked at: a list of days and hours that never meet ends there."""


def upcoming(times: Iterable[datetime], as_of: datetime) -> tuple[datetime, ...]:
    """The last time that is over, which is due now if nothing was given, and those still to come."""
    ahead: list[datetime] = []
    over: list[datetime] = []
    for time in times:
        if time >= as_of:
            ahead.append(time)
        else:
            over = [time]
        if len(ahead) == LOOKED_AT:
            break
    return (*over, *ahead)


def at_hours(
    hours: Sequence[timedelta],
    days: Sequence[int],
    cycle: int,
    begin: datetime,
    as_of: datetime,
    zone: tzinfo,
) -> Iterator[datetime]:
    """The times in UTC, none before ``begin``: hours of every ``cycle``-th day, or of days of the week."""
    step = 1 if days else cycle
    first = begin.astimezone(zone).date()
    if all(time < begin for time in _on(first, hours, zone)):
        first += DAY  # every other day counts from the first day that has a dose
    first = _recent(first, as_of.astimezone(zone).date(), step)
    for number in range(0, MOST_DAYS * step, step):
        day = first + number * DAY
        if not days or day.weekday() in days:
            yield from (time for time in _on(day, hours, zone) if time >= begin)


def _on(day: date, hours: Sequence[timedelta], zone: tzinfo) -> list[datetime]:
    """By the clock on the wall: 20:00 is 20:00 also on the day on which the clocks change."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return [(midnight + hour).astimezone(UTC) for hour in sorted(set(hours))]


def _recent(start: date, today: date, step: int) -> date:
    """A day of the course not long before today."""
    passed = (today - start).days - BEFORE
    return start + passed // step * step * DAY if passed > 0 else start
