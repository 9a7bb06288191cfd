"""What a chart says was measured, given, worn and diagnosed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from fhir_mappings.facts.terms import (
    Concept,
    ConditionGroup,
    DrugGroup,
    Method,
    OxygenDevice,
    Route,
    TherapyKind,
)
from fhir_mappings.facts.values import Quantity


class Reading(NamedTuple):
    """One plausible measurement in the canonical unit of its concept.

    A tuple, because a chart holds thousands: it is made five times as fast as a frozen dataclass.
    """

    concept: Concept
    value: Decimal
    unit: str
    time: datetime
    reference: str
    method: Method = Method.UNSPECIFIED
    charted: Quantity | None = None
    """The amount as sent, where it was converted."""


@dataclass(frozen=True, slots=True)
class OxygenSupport:
    """One charted item of oxygen or ventilation: a device, a mode, a flow or an FiO2.

    ``flow`` is in L/min, ``fio2`` a fraction. ``ongoing`` marks a period that is
    still open (it does not go stale); ``end`` one that was closed.
    ``reasons`` are the coded reasons of a Procedure (``ConditionGroup`` values
    or reason names of the device table, such as ``airway-protection``).
    """

    time: datetime
    reference: str
    device: OxygenDevice | None = None
    label: str = ""
    flow: Decimal | None = None
    fio2: Decimal | None = None
    mode: bool = False
    ongoing: bool = False
    end: datetime | None = None
    reasons: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Administration:
    """One MedicationAdministration of a recognised drug.

    ``start`` … ``end`` is a period; ``point`` marks a single instant (then
    ``end`` is None). ``ongoing`` marks an open period that is in progress.
    ``dose`` and ``rate`` are as charted, with UCUM units where understood. ``mass`` is the
    dose in mg (in mg/kg where it was charted by weight), ``per_minute`` the rate in ug/kg/min,
    ug/min, U/kg/min or U/min: both exact, and None where unit and product do not tell.
    """

    drug: str
    groups: frozenset[DrugGroup]
    start: datetime
    reference: str
    display: str = ""
    end: datetime | None = None
    point: bool = False
    ongoing: bool = False
    status: str = "completed"
    dose: Quantity | None = None
    rate: Quantity | None = None
    mass: Quantity | None = None
    per_minute: Quantity | None = None
    route: Route = Route.UNSPECIFIED
    product: str = ""
    """The product as charted, where it is more than the drug (brand, vial)."""
    rated: bool = False
    """A rate is charted, even where its number could not be used."""
    certain: bool = True
    """False where the drug is only named among other words, or status or route were not understood."""


@dataclass(frozen=True, slots=True)
class Therapy:
    """A CAR-T infusion or a dose of a T-cell engager.

    ``product`` is the drug's id in the code tables, or None where the code says
    only "CAR-T". ``date_only`` marks a time known to the day. A long infusion has
    its ``end``, or is ``ongoing``.
    """

    kind: TherapyKind
    product: str | None
    time: datetime
    reference: str
    display: str = ""
    date_only: bool = False
    end: datetime | None = None
    ongoing: bool = False
    certain: bool = True
    """False where product, status or time were not fully understood."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A diagnosis of a group that matters, with whether it is active."""

    group: ConditionGroup
    active: bool
    reference: str
    display: str = ""
    onset: datetime | None = None
    grade: int | None = None
    """The grade that the code itself names (ICD-10-CM D89.831 …, G92.01 …)."""
