"""The picture of one patient while it is being put together.

Readers ask the chart whether a resource counts (whose it is, its status, its
time) and hand it facts and issues; ``facts`` sorts everything at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from operator import attrgetter, itemgetter

from fhir_mappings.codes import CodeBook
from fhir_mappings.datetimes import Precision, Span, read_span_of
from fhir_mappings.facts import (
    BEGINNING,
    ZONES,
    Administration,
    Concept,
    Condition,
    Coverage,
    DrugGroup,
    MappingIssue,
    Order,
    OxygenDevice,
    OxygenSupport,
    PatientFacts,
    Reading,
    Source,
    Therapy,
    Unplaced,
)
from fhir_mappings.issues import ISSUES, NOT_GIVEN, USED, Refusal
from fhir_mappings.resources import Gathered, Json, status_of, text, type_and_id

GIVEN = frozenset({"completed", "in-progress", "stopped", "on-hold"})
RESULTED = frozenset({"final", "amended", "corrected", "preliminary"})
MEDICATION = "medication"
"""The concept of a drug that nothing names."""
OXYGEN_STATES = frozenset({"oxygen-device", "ventilation-mode"})
OXYGEN = OXYGEN_STATES | {"oxygen-flow", "fio2"}
STATUS_ISSUES = {
    "entered-in-error": "entered-in-error",
    "cancelled": "cancelled",
    "not-done": "not-done",
    "preparation": "not-begun",
    "registered": "not-begun",
    "intended": "not-begun",
    "on-hold": "on-hold",
}


def usable(resource: Json, given: frozenset[str] = GIVEN) -> frozenset[str]:
    """The statuses with which a drug or therapy may count: given, or whatever is unclear."""
    status = status_of(resource)
    return given | {status} if is_unclear(status) else given


def is_unclear(status: str) -> bool:
    """The sender does not know or does not say, in words of FHIR, whether it was given."""
    return status not in GIVEN and status not in STATUS_ISSUES


CONCEPTS = tuple(concept.value for concept in Concept)


@dataclass(slots=True)
class Chart:
    """What is known so far, and how the reading is done."""

    book: CodeBook
    patient_id: str
    as_of: datetime
    latest: datetime
    """``as_of`` plus what clocks may differ."""
    zone: tzinfo | None
    gathered: Gathered
    subject: str = field(init=False)
    birth_date: tuple[date, date] | None = None
    readings: dict[str, list[Reading]] = field(default_factory=lambda: {concept: [] for concept in CONCEPTS})
    oxygen: list[OxygenSupport] = field(default_factory=list)
    administrations: list[Administration] = field(default_factory=list)
    therapies: list[Therapy] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    issues: list[MappingIssue] = field(default_factory=list)
    unplaced: list[Unplaced] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.subject = f"Patient/{self.patient_id}"

    def note(
        self,
        issue: str,
        reference: str,
        concept: str = "",
        *,
        value: object = "",
        unit: str = "",
        time: datetime | None = None,
        detail: str = "",
    ) -> None:
        """Record that something was not used, or not used as charted."""
        sentence = ISSUES[issue] if not detail else f"{ISSUES[issue]} {detail[0].upper()}{detail[1:]}."
        left_out = issue not in USED and issue not in NOT_GIVEN
        self.issues.append(
            MappingIssue(issue, reference, str(concept), str(value), unit, time, sentence, left_out)
        )

    def belongs(self, resource: Json, reference: str, concept: str, key: str = "subject") -> bool:
        """Whether the resource is about this patient; notes why not."""
        subject = resource.get(key)
        link = subject.get("reference") if isinstance(subject, dict) else None
        if link == self.subject:
            return True
        link = text(link)
        if link and self.is_patient(link):
            return True
        if link and not link.startswith("#"):
            self.note("other-patient", reference, concept)
            return False
        span = read_span_of(resource, self.zone or UTC)
        charted = span.start.time if isinstance(span, Span) else None
        if charted is None or charted <= self.latest:
            self.note("subject-missing", reference, concept, time=charted)
            if status_of(resource) not in STATUS_ISSUES:
                self.lose("subject-missing", reference, concept, last_instant(span, resource))
                if charted is not None:
                    self.lose_oxygen(reference, concept, charted)
        return False

    def lose(self, code: str, reference: str, drug: str, latest: datetime | None = None) -> None:
        """A drug was charted and cannot be placed; of other concepts the issue alone is enough."""
        known = self.book.drugs.get(drug)
        if known is not None:
            self.unplaced.append(Unplaced(code, reference, drug, known.groups, latest))
        elif drug == MEDICATION:
            self.unplaced.append(Unplaced(code, reference, "", frozenset(DrugGroup), latest))

    def lose_oxygen(self, reference: str, concept: str, time: datetime) -> None:
        """Support was charted about that time, and nobody can say which, or how much."""
        if concept in OXYGEN:
            device = OxygenDevice.NOT_UNDERSTOOD if concept in OXYGEN_STATES else None
            self.oxygen.append(OxygenSupport(min(time, self.as_of), reference, device))

    def is_patient(self, link: str) -> bool:
        known = self.gathered.full_urls.get(link) or type_and_id(link)
        return known == ("Patient", self.patient_id) or link == self.patient_id

    def admit(
        self,
        resource: Json,
        reference: str,
        concept: str,
        span: Span | Refusal,
        usable: frozenset[str],
        coarsest: Precision = Precision.TIME,
    ) -> datetime | None:
        """When the resource counts from, or None with the reason noted.

        What lies after ``as_of`` is unknown then, its faults included: on a
        replay it leaves no trace at all.
        """
        start = span.start.time if isinstance(span, Span) else None
        if start is not None and start > self.latest:
            if self.latest > self.as_of:
                self.note("future-time", reference, concept, time=start)
            return None
        if not self._counts(resource, reference, concept, usable, span):
            return None
        if isinstance(span, Refusal):
            near = read_span_of(resource, UTC) if span.code == "time-without-zone" else span
            near_time = min(near.start.time, self.as_of) if isinstance(near, Span) else None
            self.note(span.code, reference, concept, time=near_time, detail=span.detail)
            last = last_instant(near, resource)
            self.lose(span.code, reference, concept, last + ZONES if last else None)
            if near_time is not None:
                self.lose_oxygen(reference, concept, near_time)
            return None
        if span.start.precision > coarsest:
            self.note("time-too-coarse", reference, concept, time=start)
            self.lose("time-too-coarse", reference, concept, last_instant(span, resource))
            return None
        if span.issue:
            self.note(span.issue, reference, concept, time=start)
        return min(span.start.time, self.as_of)

    def _counts(
        self, resource: Json, reference: str, concept: str, usable: frozenset[str], span: Span | Refusal
    ) -> bool:
        time = span.start.time if isinstance(span, Span) else None
        status = status_of(resource)
        if status not in usable:
            issue = STATUS_ISSUES.get(status, "status-unknown")
            self.note(issue, reference, concept, value=status, time=time)
            return False
        if resource.get("modifierExtension"):
            self.note("modifier-extension", reference, concept, time=time)
            self.lose("modifier-extension", reference, concept, last_instant(span, resource))
            return False
        if self.gathered.superseded and tuple(reference.split("/", 1)) in self.gathered.superseded:
            self.note("superseded", reference, concept, time=time)
            return False
        return True

    def facts(self, coverage: Mapping[Source, Coverage]) -> PatientFacts:
        """Everything sorted, so that the order of the input leaves no trace."""
        readings = {Concept(name): tuple(_in_order(found)) for name, found in self.readings.items() if found}
        return PatientFacts(
            patient_id=self.patient_id,
            birth_date=self.birth_date,
            readings=readings,
            oxygen=tuple(sorted(self.oxygen, key=_oxygen_order)),
            administrations=tuple(sorted(self.administrations, key=_administration_order)),
            therapies=tuple(sorted(self.therapies, key=_therapy_order)),
            conditions=tuple(sorted(self.conditions, key=_condition_order)),
            orders=tuple(sorted(self.orders, key=order_order)),
            coverage=dict(coverage),
            issues=tuple(sorted(self.issues, key=_issue_order)),
            unplaced=tuple(sorted(self.unplaced, key=attrgetter("reference", "drug", "code"))),
        )


def last_instant(span: Span | Refusal, resource: Json) -> datetime | None:
    """When it can have been given at the latest; None where it may still run, or nothing tells."""
    status = status_of(resource)
    if isinstance(span, Refusal) or span.open or span.issue or status == "in-progress" or is_unclear(status):
        return None
    return (span.end or span.start).latest


_reading_order = itemgetter(*map(Reading._fields.index, ("time", "reference", "value", "method")))


def _in_order(readings: list[Reading]) -> list[Reading]:
    """By time; what else tells two readings apart decides between those of one time."""
    if [reading for reading in readings if reading.charted is not None]:
        readings = sorted(readings, key=lambda reading: str(reading.charted))
    return sorted(readings, key=_reading_order)


def _oxygen_order(item: OxygenSupport) -> tuple[datetime, str, str]:
    rest = (item.device, item.flow, item.fio2, item.label, item.mode, item.end, sorted(item.reasons))
    return item.time, item.reference, str(rest)


def _administration_order(item: Administration) -> tuple[datetime, str, str, str]:
    rest = (item.end, item.status, item.dose, item.rate, item.route, item.product, item.display)
    return item.start, item.reference, item.drug, str(rest)


def _therapy_order(item: Therapy) -> tuple[datetime, str, str]:
    return item.time, item.reference, item.product or ""


def _condition_order(item: Condition) -> tuple[datetime, str, str, str]:
    return item.onset or BEGINNING, item.reference, item.group, item.display


def order_order(order: Order) -> tuple[str, str, str]:
    """By reference, then by whatever tells two apart."""
    rest = (order.status, order.intent, order.authored, order.doses, order.product, sorted(order.reasons))
    return order.reference, order.drug, str(rest)


def _issue_order(issue: MappingIssue) -> tuple[str, str, str, str, str, str, datetime]:
    parts = (issue.reference, issue.code, issue.concept, issue.value, issue.unit, issue.detail)
    return (*parts, issue.time or BEGINNING)
