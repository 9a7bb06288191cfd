"""All that was understood of one patient, and what was not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from fhir_mappings.facts.charted import Administration, Condition, OxygenSupport, Reading, Therapy
from fhir_mappings.facts.orders import Order
from fhir_mappings.facts.terms import Concept, DrugGroup, Source
from fhir_mappings.facts.values import Coverage, Known, KnownAbsent, Unknown

NOT_SUPPLIED = Coverage()


@dataclass(frozen=True, slots=True)
class MappingIssue:
    """Something charted that was not used, or not used as charted.

    ``code`` is stable (see docs/reference/mapping-issues.md); ``detail`` is a
    sentence for an integrator and holds no patient data beyond the value.
    """

    code: str
    reference: str
    concept: str = ""
    value: str = ""
    unit: str = ""
    time: datetime | None = None
    detail: str = ""
    left_out: bool = False
    """Something of this patient was charted and could not be used."""


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A drug that was charted without a usable time, subject or code: nobody can say it was not given.

    ``drug`` is empty where it may be any; ``latest`` is the last instant at which it can have been
    given, None where nothing tells.
    """

    code: str
    reference: str
    drug: str
    groups: frozenset[DrugGroup]
    latest: datetime | None = None


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """All that was understood of one patient's chart."""

    patient_id: str
    birth_date: tuple[date, date] | None = None
    """Earliest and latest possible day of birth (equal for a full date)."""
    readings: Mapping[Concept, tuple[Reading, ...]] = field(default_factory=dict)
    oxygen: tuple[OxygenSupport, ...] = ()
    administrations: tuple[Administration, ...] = ()
    therapies: tuple[Therapy, ...] = ()
    conditions: tuple[Condition, ...] = ()
    orders: tuple[Order, ...] = ()
    coverage: Mapping[Source, Coverage] = field(default_factory=dict)
    issues: tuple[MappingIssue, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()

    def unplaced_since(self, groups: frozenset[DrugGroup], since: datetime) -> bool:
        """Whether a drug of these groups may have been given since, at a time that nobody can tell."""
        return any(u.groups & groups and (u.latest is None or u.latest >= since) for u in self.unplaced)

    def covered(self, source: Source) -> Coverage:
        return self.coverage.get(source, NOT_SUPPLIED)

    def newest(
        self, concept: Concept, source: Source, since: datetime, until: datetime
    ) -> Known[Reading] | KnownAbsent | Unknown:
        """The last reading up to ``until``; none is said only where the search reaches back to ``since``."""
        for reading in reversed(self.readings.get(concept, ())):
            if reading.time <= until:
                return Known(reading)
        coverage = self.covered(source)
        return KnownAbsent() if coverage.reaches(since) else Unknown(coverage.reason, coverage.since)
