"""Times and intervals to the next full minute: rounded down a dose would be a little early."""

from __future__ import annotations

from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)


def up_to_minute(time: datetime) -> datetime:
    whole = time.replace(second=0, microsecond=0)
    return whole if whole == time else whole + MINUTE


def minutes_up(span: timedelta) -> timedelta:
    return -(-span // MINUTE) * MINUTE
