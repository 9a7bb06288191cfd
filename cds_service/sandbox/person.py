"""Who a synthetic patient is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A patient whose family name is Demo; ``title`` says what the course is about."""

    id: str
    title: str
    given: str
    gender: str
    age: int

    @property
    def name(self) -> str:
        """The name that the patient list shows, such as ``Demo 03 · norepinephrine and cannula``."""
        return f"Demo {self.id.removeprefix('demo-')} · {self.title}"

    @property
    def encounter(self) -> str:
        """The id of the patient's one Encounter."""
        return f"{self.id}-stay"
