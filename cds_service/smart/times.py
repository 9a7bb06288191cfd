"""Times as the plot counts them."""

from __future__ import annotations

from datetime import datetime


def seconds(time: datetime) -> int:
    """Since 1970 began."""
    return int(time.timestamp())
