"""What an assessment says, and what each statement stands on.

Plain values; the sentences that clinicians read are made from them in ``cards.wording``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from cds_service.crs.dosing import Dose
from cds_service.crs.weight import Weight
from fhir_mappings.facts import MappingIssue, ProposedOrder, Route, TherapyKind

Value = str | int | Decimal | datetime | timedelta | tuple[str, ...]
"""What a sentence shows."""


class Axis(StrEnum):
    FEVER = "fever"
    HYPOTENSION = "hypotension"
    HYPOXIA = "hypoxia"


class Status(StrEnum):
    ACTIVE = "active"
    RESOLVED = "resolved"
    NO_EPISODE = "no-episode"
    NOT_GRADABLE = "not-gradable"
    NOT_CONSIDERED = "not-considered"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One charted fact: ``value`` is a decimal string in ``unit``, or empty."""

    reference: str
    concept: str
    time: datetime
    value: str = ""
    unit: str = ""
    label: str = ""
    since: datetime | None = None
    """Start of an infusion or a state that still holds."""


@dataclass(frozen=True, slots=True)
class Criterion:
    rule: str
    axis: Axis
    grade: int
    evidence: tuple[Evidence, ...]
    site_policy: bool = False
    grade_up_to: int | None = None
    """Where what is charted fits more than one grade: the highest of them."""


@dataclass(frozen=True, slots=True)
class Missing:
    """An axis that is not fully known: why, when it was last seen, how high it could be."""

    axis: Axis
    reason: str
    last_seen: datetime | None = None
    could_be: int = 4


@dataclass(frozen=True, slots=True)
class Note:
    """Something a clinician should know beside the grade; ``code`` is stable."""

    code: str
    rule: str = ""
    reference: str = ""
    values: Mapping[str, str | int | Decimal | datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grade:
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Change:
    """The grade from ``time`` on; None where it cannot be given."""

    time: datetime
    grade: Grade | None


@dataclass(frozen=True, slots=True)
class Peak:
    grade: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Response:
    """The lower end of the grade at a dose and now (or at the end of the episode) (GR-10)."""

    drug: str
    reference: str
    time: datetime
    dose: str
    unit: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class PressorSupport:
    """Norepinephrine equivalents (ug/kg/min) from ``time`` on; None where a drug is lacking, and why."""

    time: datetime
    value: Decimal | None
    lacking: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One row of advice that applies now; ``id`` names its sentence, ``orders`` what may be signed.

    ``strength`` is recommended | consider | information. Rows of one ``line`` share a line of the card.
    """

    id: str
    rule: str
    strength: str
    line: str
    values: Mapping[str, Value] = field(default_factory=dict)
    orders: tuple[ProposedOrder, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenDose:
    """A dose of tocilizumab as charted; ``flags`` are stable codes, as in ``FLAGS`` of the wording."""

    reference: str
    time: datetime
    dose: str = ""
    unit: str = ""
    product: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tocilizumab:
    """The ledger: doses that count, what is left, and the dose by weight (mg).

    ``reasons`` say why no dose is possible now: too-early | window-full | all-given | under-age |
    age-unknown | weight-missing | weight-stale | weight-contradictory |
    medications-not-available | dose-not-placed.
    """

    doses: tuple[GivenDose, ...]
    allowed: int
    last_24h: int
    next_possible: datetime | None
    milligrams: Decimal | None = None
    per_kg: Decimal | None = None
    exact: Decimal | None = None
    capped: bool = False
    vials: tuple[Decimal, ...] = ()
    weight: Evidence | None = None
    weight_is_old: bool = False
    reasons: tuple[str, ...] = ()
    other_routes: tuple[GivenDose, ...] = ()
    earlier: tuple[GivenDose, ...] = ()
    """Of the last 30 days, before the doses that count."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an order, or to be known before it is signed; ``code`` names its sentence."""

    rule: str
    code: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Correction:
    """The order as it would pass: a dose in mg, from ``start`` on, perhaps repeated."""

    milligrams: Decimal
    start: datetime | None = None
    interval: timedelta | None = None
    count: int | None = None
    duration: timedelta | None = None
    route: Route = Route.INTRAVENOUS


@dataclass(frozen=True, slots=True)
class Verdict:
    """One draft order: its problems, the gravest first, and what could be signed instead."""

    reference: str
    drug: str
    problems: tuple[Problem, ...]
    correction: Correction | None = None
    is_extra: bool = False
    """The drug is ordered elsewhere too: this order may go."""
    weight: Weight | None = None
    dose: Dose | None = None
    """By weight, where the drug has one and the weight is not doubtful."""
    doses: tuple[GivenDose, ...] = ()
    """All that any limit counts, oldest first."""
    other_routes: tuple[GivenDose, ...] = ()
    given: int = 0
    """How many count towards ``allowed``, the total of the episode."""
    allowed: int | None = None


@dataclass(frozen=True, slots=True)
class Delay:
    """A cell product is ordered while an infection is active (TX-17)."""

    reference: str
    product: str
    diagnosis: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """What opens GR-8: a therapy, or a diagnosis where ``kind`` is None."""

    kind: TherapyKind | None
    reference: str
    time: datetime
    product: str | None = None
    certain: bool = True
    """False where the record of the therapy was not fully understood."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The engine's whole answer for one patient at one instant."""

    status: Status
    as_of: datetime
    patient: str
    grade: Grade | None = None
    criteria: tuple[Criterion, ...] = ()
    missing: tuple[Missing, ...] = ()
    notes: tuple[Note, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    onset: datetime | None = None
    grade_since: datetime | None = None
    peak: Peak | None = None
    worst_24h: int | None = None
    resolved: datetime | None = None
    course: tuple[Change, ...] = ()
    responses: tuple[Response, ...] = ()
    pressors: tuple[PressorSupport, ...] = ()
    """Since the onset, at every change; shown for the trend, never for the grade."""
    tocilizumab: Tocilizumab | None = None
    recommendations: tuple[Recommendation, ...] = ()
    is_adult: bool = True
    """Old enough for the doses of adults; false where the age is not known."""
    orders_known: bool = True
    """Whether the standing orders are all at hand."""
    delay: Delay | None = None
    """Also for patients who are not considered: it is said before the cells are given."""
    options: tuple[str, ...] = ()
    """The choices of the guideline table that are not its defaults, as ``topic=choice``."""
    issues: tuple[MappingIssue, ...] = ()
