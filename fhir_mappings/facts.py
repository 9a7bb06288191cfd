"""The shared vocabulary: what a chart says, typed and in canonical units.

Standard library only. Amounts are ``Decimal``, times are aware ``datetime``.
Everything here is immutable, so that facts can be shared between threads and
compared in tests. Readings are sorted by time, oldest first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

ZONES = timedelta(hours=14)
"""How far a local time may lie from UTC."""
BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
"""Earlier than any charted time, and still safe to move by a day's offset."""


class Concept(StrEnum):
    """What a reading measures; the canonical unit stands beside each."""

    TEMPERATURE = "temperature"  # Cel
    SYSTOLIC = "systolic"  # mm[Hg]
    MEAN_PRESSURE = "mean-pressure"  # mm[Hg]
    DIASTOLIC = "diastolic"  # mm[Hg]
    HEART_RATE = "heart-rate"  # /min
    RESPIRATORY_RATE = "respiratory-rate"  # /min
    SPO2 = "spo2"  # %
    WEIGHT = "weight"  # kg
    HEIGHT = "height"  # cm
    LEUKOCYTES = "leukocytes"  # 10*9/L
    NEUTROPHILS = "neutrophils"  # 10*9/L
    PLATELETS = "platelets"  # 10*9/L
    CRP = "crp"  # mg/L
    FERRITIN = "ferritin"  # ug/L
    FIBRINOGEN = "fibrinogen"  # g/L
    CREATININE = "creatinine"  # mg/dL
    BILIRUBIN = "bilirubin"  # mg/dL
    ALT = "alt"  # U/L
    AST = "ast"  # U/L
    LDH = "ldh"  # U/L
    INTERLEUKIN_6 = "interleukin-6"  # ng/L
    ICE_SCORE = "ice-score"  # {score}
    OXYGEN_FLOW = "oxygen-flow"  # L/min; becomes part of OxygenSupport
    FIO2 = "fio2"  # fraction 0.21-1.0; becomes part of OxygenSupport


class Method(StrEnum):
    """How a pressure was measured; a plain or panel value is not arterial."""

    CUFF = "cuff"
    ARTERIAL = "arterial"
    UNSPECIFIED = "unspecified"


class OxygenDevice(StrEnum):
    """Oxygen and ventilation devices by what ASTCT grading tells apart."""

    ROOM_AIR = "room-air"
    NASAL_CANNULA = "nasal-cannula"
    BLOW_BY = "blow-by"
    HIGH_FLOW_CANNULA = "high-flow-cannula"
    FACE_MASK = "face-mask"
    PARTIAL_REBREATHER = "partial-rebreather"
    NON_REBREATHER = "non-rebreather"
    VENTURI_MASK = "venturi-mask"
    AEROSOL_MASK = "aerosol-mask"
    FACE_TENT = "face-tent"
    TRACHEOSTOMY_MASK = "tracheostomy-mask"
    CPAP = "cpap"
    BIPAP = "bipap"
    NONINVASIVE_VENTILATION = "noninvasive-ventilation"
    NOCTURNAL_CPAP = "nocturnal-cpap"
    NOCTURNAL_BIPAP = "nocturnal-bipap"
    VENTILATOR = "ventilator"
    AIRWAY = "airway"  # endotracheal or tracheostomy tube: says nothing of pressure by itself
    OXYGEN_UNSPECIFIED = "oxygen-unspecified"
    STANDBY = "standby"  # a machine that is connected and not running: carries no state
    NOT_UNDERSTOOD = "not-understood"  # charted in words no table knows: an older state holds no longer


class DrugGroup(StrEnum):
    """What a drug means to CRS; one drug may be in several groups."""

    VASOPRESSOR = "vasopressor"
    VASOPRESSIN = "vasopressin"
    INOTROPE = "inotrope"
    ANTIPYRETIC = "antipyretic"
    ANTICYTOKINE = "anticytokine"
    TOCILIZUMAB = "tocilizumab"
    STEROID = "steroid"
    FLUID = "fluid"
    OTHER_IMMUNOSUPPRESSANT = "other-immunosuppressant"
    CAR_T = "car-t"
    T_CELL_ENGAGER = "t-cell-engager"


PRESSORS = frozenset({DrugGroup.VASOPRESSOR, DrugGroup.VASOPRESSIN})
"""What holds the blood pressure, counted or not."""


class Route(StrEnum):
    INTRAVENOUS = "intravenous"
    INTRAMUSCULAR = "intramuscular"
    SUBCUTANEOUS = "subcutaneous"
    ORAL = "oral"
    LOCAL = "local"  # topical, inhaled, ophthalmic, nasal, intra-articular: not systemic
    UNSPECIFIED = "unspecified"


class TherapyKind(StrEnum):
    CAR_T = "car-t"
    T_CELL_ENGAGER = "t-cell-engager"


class ConditionGroup(StrEnum):
    CRS = "crs"
    ICANS = "icans"
    INFECTION = "infection"
    COMORBIDITY = "comorbidity"
    SEIZURE = "seizure"


class Source(StrEnum):
    """The searches that a picture of a patient is made of."""

    PATIENT = "patient"
    VITALS = "vitals"  # temperature, pressures, SpO2
    OXYGEN = "oxygen"  # oxygen and ventilation Observations
    LABS = "labs"  # weight, blood count, CRP, ferritin, fibrinogen
    MEDICATIONS = "medications"  # MedicationAdministration
    PROCEDURES = "procedures"
    IMMUNIZATIONS = "immunizations"
    CONDITIONS = "conditions"


@dataclass(frozen=True, slots=True)
class Coding:
    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount with its unit: UCUM where the unit was understood, else as charted."""

    value: Decimal
    unit: str

    def __str__(self) -> str:
        return f"{self.value} {self.unit}"


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """The chart says so."""

    value: T


@dataclass(frozen=True, slots=True)
class KnownAbsent:
    """A search known to be complete found none."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing can be said, and why. ``reason`` is a stable code."""

    reason: str
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far back a search is known to be complete.

    ``since`` is None when nothing is known to be complete; ``reason`` then
    says why, as a stable code (``not-supplied``, ``truncated``, ``error`` …).
    """

    since: datetime | None = None
    reason: str = "not-supplied"

    def reaches(self, time: datetime) -> bool:
        """Whether everything charted from ``time`` on is at hand."""
        return self.since is not None and self.since <= time


COMPLETE = Coverage(since=BEGINNING, reason="")


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
    coverage: Mapping[Source, Coverage] = field(default_factory=dict)
    issues: tuple[MappingIssue, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()

    def unplaced_since(self, groups: frozenset[DrugGroup], since: datetime) -> bool:
        """Whether a drug of these groups may have been given since, at a time that nobody can tell."""
        return any(u.groups & groups and (u.latest is None or u.latest >= since) for u in self.unplaced)

    def covered(self, source: Source) -> Coverage:
        return self.coverage.get(source, Coverage())

    def newest(
        self, concept: Concept, source: Source, since: datetime, until: datetime
    ) -> Known[Reading] | KnownAbsent | Unknown:
        """The last reading up to ``until``; none is said only where the search reaches back to ``since``."""
        for reading in reversed(self.readings.get(concept, ())):
            if reading.time <= until:
                return Known(reading)
        coverage = self.covered(source)
        return KnownAbsent() if coverage.reaches(since) else Unknown(coverage.reason, coverage.since)
