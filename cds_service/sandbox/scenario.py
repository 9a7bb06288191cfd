"""What a synthetic patient is meant to show, and what the service should make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cds_service.sandbox.chart import Chart
from cds_service.sandbox.person import Person


@dataclass(frozen=True, slots=True)
class Expected:
    """The assessment that the course is built to give.

    ``status`` and the ends of the grade are those of ``crs-cds grade``; both
    ends are None where no grade is given.
    """

    status: str
    lowest: int | None = None
    highest: int | None = None

    @property
    def text(self) -> str:
        """One phrase for a person, such as ``grade 3`` or ``at least grade 2``."""
        if self.lowest is None or self.highest is None:
            return PHRASES[self.status]
        if self.lowest == self.highest:
            return f"grade {self.lowest}"
        return f"at least grade {self.lowest}" if self.lowest else f"grade 0 to {self.highest}"


PHRASES = {
    "no-episode": "no CRS, no card",
    "not-considered": "CRS not considered, no card",
    "not-gradable": "no grade can be given",
    "resolved": "CRS resolved",
    "active": "an active episode",
}


@dataclass(frozen=True, slots=True)
class Scenario(Person):
    """One synthetic patient: who, why, and the function that writes the chart."""

    story: str
    expected: Expected
    write: Callable[[Chart], None]
