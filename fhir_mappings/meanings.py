"""What a code can mean. The code tables bind codes to these; nothing here reads FHIR."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from fhir_mappings.facts import (
    Concept,
    ConditionGroup,
    DrugGroup,
    Method,
    OxygenDevice,
    Route,
    TherapyKind,
)
from fhir_mappings.units import Unit

Kind = TypeVar("Kind")


class Told:
    """A meaning that an Observation's code may have."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class AssumedUnit:
    """The unit of an amount that came without one, if it lies in this range."""

    low: Decimal
    high: Decimal
    unit: Unit


@dataclass(frozen=True, slots=True)
class Suspect:
    """A range of implausible amounts whose likely cause can be named."""

    unit: str
    low: Decimal
    high: Decimal
    detail: str


@dataclass(frozen=True, slots=True)
class ConceptSpec:
    """How readings of one concept are checked: canonical unit and plausible range."""

    concept: Concept
    name: str
    """The concept as a plain text: hashing one is several times faster."""
    unit: Unit
    low: Decimal
    high: Decimal
    round_to: Decimal | None = None
    """A converted amount is rounded half-even to this step."""
    bounds: bool = False
    """Whether a bound ("<0.1") may stand for the value."""
    day_is_enough: bool = False
    of_oxygen: bool = False
    """Whether it becomes part of an OxygenSupport instead of a Reading."""
    assumed: tuple[AssumedUnit, ...] = ()
    suspects: tuple[Suspect, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure(Told):
    """An Observation code whose value is an amount of a concept."""

    spec: ConceptSpec
    method: Method = Method.UNSPECIFIED


@dataclass(frozen=True, slots=True)
class PressureParent:
    """A blood pressure code without a value of its own that is used here."""


@dataclass(frozen=True, slots=True)
class Excluded(Told):
    """A code that is known and on purpose not used; ``issue`` says why."""

    issue: str
    concept: str


@dataclass(frozen=True, slots=True)
class StateQuestion(Told):
    """An Observation code whose value names a device, or a ventilation mode."""

    mode: bool = False


@dataclass(frozen=True, slots=True)
class Unasked(Told):
    """A device or mode as the value of an Observation whose code is not known."""

    label: str


@dataclass(frozen=True, slots=True)
class Support(Told):
    """A device, procedure or finding that is itself a state of oxygen support."""

    device: OxygenDevice
    label: str


@dataclass(frozen=True, slots=True)
class Drug:
    """A recognised drug. ``therapy`` marks cell products and T-cell engagers."""

    id: str
    display: str
    groups: frozenset[DrugGroup]
    therapy: TherapyKind | None = None
    generic: bool = False
    """The code names the kind of therapy but not the product."""
    rated_in: str = ""
    """The dimension of its infusion rates, ``mass`` or ``activity``; empty where both may be."""
    vial_strength: Decimal | None = None
    """mg in one mL of every vial of it for the vein."""
    undiluted: Decimal = Decimal(0)
    """mL up to which a dose may be drawn from vials; a larger volume is a bag of unknown strength."""


@dataclass(frozen=True, slots=True)
class DrugCode:
    """One code or name of a drug, with what it tells beyond the drug itself."""

    drug: Drug
    product: str = ""
    route: Route = Route.UNSPECIFIED
    strength: Decimal | None = None
    """mg in one mL."""
    content: Decimal | None = None
    """mg in one vial."""
    ready: bool = False
    """The strength is that of what is given (a premix, a prepared bag), not of a vial to be diluted."""
    disputed: bool = False
    """Strength, content or route is told in two ways: no volume is converted."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    group: ConditionGroup
    display: str
    grade: int | None = None


@dataclass(frozen=True, slots=True)
class RouteName:
    route: Route


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a drug is due; neither an interval nor ``once`` is a continuous infusion, or as needed."""

    interval: timedelta | None = None
    once: bool = False
    as_needed: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """A coded reason for ventilation or oxygen."""

    name: str


@dataclass(frozen=True, slots=True)
class RateTrap:
    """A rate that cannot be meant as charted for drugs of a group."""

    group: DrugGroup
    unit: str
    below: Decimal
    detail: str


Meaning = (
    Measure
    | PressureParent
    | Excluded
    | StateQuestion
    | Support
    | DrugCode
    | Diagnosis
    | RouteName
    | Schedule
    | Reason
)


@dataclass(frozen=True, slots=True)
class Conflict(Told):
    """The codings of one CodeableConcept disagree."""

    first: Meaning
    second: Meaning

    def about(self, kind: type[Kind]) -> Kind | None:
        """The meaning of this kind that is in dispute, if there is one."""
        return next((each for each in (self.first, self.second) if isinstance(each, kind)), None)


@dataclass(frozen=True, slots=True)
class CodeRange:
    """Codes from ``low`` to ``high``, subcodes of both included (``A00`` to ``B99``)."""

    system: str
    low: str
    high: str
    meaning: Meaning

    def __contains__(self, code: str) -> bool:
        return self.low <= code and code[: len(self.high)] <= self.high


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of the tables, for people to read and sign."""

    table: str
    id: str
    display: str
    system: str = ""
    code: str = ""
    standing: str = ""
    unit: str = ""
    range: str = ""
    source: str = ""
