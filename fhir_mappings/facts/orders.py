"""What is ordered, and what may be proposed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fhir_mappings.facts.terms import DrugGroup, Route
from fhir_mappings.facts.values import Coding, Quantity


@dataclass(frozen=True, slots=True)
class OrderedDose:
    """One ``dosageInstruction``: how much, how, and when, as far as it can be read.

    ``dose`` is as ordered (the lower end of a range, whose upper end is ``high``), ``mass`` and
    ``mass_high`` the same in mg or mg/kg where that is exact. ``also`` is the same told in the
    other of both units. ``most`` is what one dose by weight
    may be at the most (mg). ``start`` is the first time it is due by its own timing, ``interval`` the
    time between doses, ``count`` how many doses in all (1 for a single dose); None where the order
    does not say. ``times`` are the next times where the order lists them itself, one that is overdue
    before them; they hold, and not the interval. ``daily`` is the most doses of a day where listed
    hours or days are uneven and ``interval`` only the shortest of their gaps. ``problems`` are
    stable codes for what is written and could not be read (docs/reference/mapping-issues.md).
    """

    dose: Quantity | None = None
    high: Quantity | None = None
    mass: Quantity | None = None
    mass_high: Quantity | None = None
    also: Quantity | None = None
    most: Quantity | None = None
    rate: Quantity | None = None
    route: Route = Route.UNSPECIFIED
    start: datetime | None = None
    until: datetime | None = None
    interval: timedelta | None = None
    count: int | None = None
    times: tuple[datetime, ...] = ()
    daily: int | None = None
    as_needed: bool = False
    text: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """A MedicationRequest for a recognised drug, active or a draft."""

    drug: str
    groups: frozenset[DrugGroup]
    reference: str
    display: str = ""
    product: str = ""
    status: str = ""
    intent: str = ""
    authored: datetime | None = None
    doses: tuple[OrderedDose, ...] = ()
    reasons: frozenset[str] = frozenset()
    """Groups of the diagnoses given as reasons (``ConditionGroup`` values), and other reasons as charted."""
    certain: bool = True
    """False where the drug is only named among other words."""


@dataclass(frozen=True, slots=True)
class ProposedOrder:
    """An order to be offered for signing: a drug where it has a ``dose``, else a service (a test, a consult).

    ``codings`` are what is ordered, ``reason`` what for. ``dose`` is in UCUM, ``duration`` that of one
    infusion, ``count`` how many doses an ``interval`` apart. ``start`` is the earliest time; None is now.
    """

    id: str
    codings: tuple[Coding, ...]
    text: str
    reason: Coding
    dose: Quantity | None = None
    route: Coding | None = None
    duration: timedelta | None = None
    interval: timedelta | None = None
    count: int | None = None
    start: datetime | None = None
