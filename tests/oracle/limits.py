"""The numbers of the guideline, typed in by hand a second time, and the shape of an axis.

Nothing here is read from the tables of the service: a wrong number there must show as a disagreement.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

FEVER = Decimal("38.0")
"""GR-1, in °C; 38.0 itself is fever."""

FEVER_WINDOW = timedelta(hours=24)
TEMPERATURE_HOLDS = timedelta(hours=8)
MASKING_WINDOW = timedelta(hours=24)
PRESSURE_WINDOW = timedelta(hours=6)
CUFF_BESIDE = timedelta(minutes=60)
OXYGEN_WINDOW = timedelta(hours=12)
SATURATION_WINDOW = timedelta(hours=6)
POINT_RUNS_ON = timedelta(hours=6)
BRIDGED_GAP = timedelta(minutes=60)
CAR_T_WINDOW = timedelta(days=30)
ENGAGER_WINDOW = timedelta(days=14)
DIAGNOSIS_LOOKS_BACK = timedelta(days=30)
BASELINE_LOOKS_BACK = timedelta(days=30)
RESOLUTION_SPAN = timedelta(hours=24)
RESOLVED_SHOWN = timedelta(days=7)

ADULT_SYSTOLIC = 90
BASELINE_MARGIN = Decimal(5)
DAMPED_BY = Decimal(40)
LOW_MEAN = Decimal(65)
DOUBTFUL_MEAN = Decimal(40)
LOW_FLOW = Decimal(6)
WELL_SATURATED = Decimal(92)

TICK = timedelta(microseconds=1)
"""The smallest step of a clock: just after a closed window ends."""


class Span(NamedTuple):
    """What one axis says at one instant: the grade it proves, and the grade it cannot rule out."""

    lowest: int
    highest: int
    known: bool = True


def within(time: datetime, window: timedelta, now: datetime) -> bool:
    """Whether ``time`` lies in the last ``window``; both ends are inside (24 h exactly is inside)."""
    return now - window <= time <= now


def widest(spans: list[Span]) -> Span:
    """All of these are possible: from the lowest of them to the highest."""
    return Span(min(s.lowest for s in spans), max(s.highest for s in spans), all(s.known for s in spans))


def worst(spans: list[Span]) -> Span:
    """All of these are so at once: the worse wins (GR-5)."""
    return Span(max(s.lowest for s in spans), max(s.highest for s in spans), any(s.known for s in spans))
