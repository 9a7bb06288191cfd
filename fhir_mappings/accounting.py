"""What became of every resource: a fact, an issue, or why neither.

Nothing here changes what is read. A resource that means something to the code
book and left neither a fact nor an issue is ``unexplained``: a fault of this
library, made findable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from fhir_mappings.coded import coded_in, is_meant
from fhir_mappings.codes import CodeBook
from fhir_mappings.conditions import ONSET
from fhir_mappings.datetimes import (
    EFFECTIVE,
    OCCURRENCE,
    PERFORMED,
    TIMING,
    Moment,
    Span,
    read_span,
    read_time,
)
from fhir_mappings.facts import (
    Administration,
    Condition,
    MappingIssue,
    OxygenSupport,
    PatientFacts,
    Reading,
    Therapy,
)
from fhir_mappings.mapper import READERS
from fhir_mappings.resources import Gathered, Json, as_json, codings, flatten, gather, text, texts_of
from fhir_mappings.unmapped import Unmapped, unmapped_in

LOOKED_UP = frozenset({"Medication", "Device"})
"""Types that are read where another resource refers to them, and only there."""


class Outcome(StrEnum):
    """What became of a resource."""

    FACT = "fact"  # used, perhaps with issues
    ISSUE = "issue"  # not used, and said why
    NOT_RELEVANT = "not-relevant"  # none of its codes means anything to the code book
    LATER = "later"  # after the time asked for: not there yet
    LOOKED_UP = "looked-up"  # read for the resources that refer to it
    NOT_READ = "not-read"  # a type that is never read
    UNEXPLAINED = "unexplained"  # it means something, and left no trace: a fault of this library


@dataclass(frozen=True, slots=True)
class BirthDate:
    """What a Patient resource says here: the first and the last possible day of birth."""

    reference: str
    earliest: date
    latest: date


Fact = Reading | OxygenSupport | Administration | Therapy | Condition | BirthDate


T = TypeVar("T", Fact, MappingIssue)


@dataclass(frozen=True, slots=True)
class Accounted:
    """One resource, and what became of it."""

    reference: str
    kind: str
    outcome: Outcome
    label: str = ""
    """What it calls itself: the text or code of what it is about."""
    facts: tuple[Fact, ...] = ()
    issues: tuple[MappingIssue, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """Every resource once, sorted by reference."""

    resources: tuple[Accounted, ...] = ()
    unmapped: tuple[Unmapped, ...] = ()
    duplicates: int = 0
    """Copies and older versions, which are not counted among the resources."""

    @property
    def outcomes(self) -> Mapping[Outcome, int]:
        """How many resources came to what, in the order of ``Outcome``."""
        counts = Counter(each.outcome for each in self.resources)
        return {outcome: counts[outcome] for outcome in Outcome if counts[outcome]}

    @property
    def issues(self) -> Mapping[str, int]:
        """How many issues of each code, the most frequent first."""
        counts = Counter(issue.code for each in self.resources for issue in each.issues)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


class _Known(NamedTuple):
    """What the outcome of a resource depends on besides itself."""

    book: CodeBook
    gathered: Gathered
    as_of: datetime
    zone: tzinfo


def account(
    resources: Iterable[Any],
    codebook: CodeBook,
    facts: PatientFacts,
    *,
    as_of: datetime,
    zone: tzinfo | None = None,
    lookups: Iterable[Any] = (),
) -> Account:
    """What became of the resources that ``facts`` were mapped from, at the same ``as_of`` and ``zone``.

    Each resource counts once, in the version that was read. ``lookups`` were mapped too
    (Medications that several patients share) and are not counted; each needs an id.
    """
    every, others = list(resources), list(lookups)
    gathered = gather([*every, *others])
    names = {reference for reference, _ in (gather(every) if others else gathered)}
    told, noted = _by_reference(_facts_in(facts), names), _by_reference(facts.issues, names)
    known = _Known(codebook, gathered, as_of, zone or UTC)
    rows = [
        _row(reference, as_json(found), told.get(reference, []), noted.get(reference, []), known)
        for reference, found in gathered
        if reference in names
    ]
    return Account(
        resources=tuple(sorted(rows, key=lambda row: row.reference)),
        unmapped=unmapped_in(gathered, codebook),
        duplicates=sum(1 for _ in flatten(every)) - len(rows),
    )


def _row(
    reference: str, resource: Json, facts: list[Fact], issues: list[MappingIssue], known: _Known
) -> Accounted:
    outcome = Outcome.FACT if facts else Outcome.ISSUE if issues else _of_silent(resource, known)
    label = _label(resource, known.gathered)
    return Accounted(reference, resource["resourceType"], outcome, label, tuple(facts), tuple(issues))


def _of_silent(resource: Json, known: _Known) -> Outcome:
    """Why a resource left neither a fact nor an issue."""
    kind = resource["resourceType"]
    if kind not in READERS:
        return Outcome.LOOKED_UP if kind in LOOKED_UP else Outcome.NOT_READ
    if not _is_meant(resource, known):
        return Outcome.NOT_RELEVANT
    start = _start(resource, known.zone)
    return Outcome.LATER if start is not None and start > known.as_of else Outcome.UNEXPLAINED


def _facts_in(facts: PatientFacts) -> Iterator[Fact]:
    for readings in facts.readings.values():
        yield from readings
    for items in (facts.oxygen, facts.administrations, facts.therapies, facts.conditions):
        yield from items
    if facts.birth_date is not None:
        yield BirthDate(f"Patient/{facts.patient_id}", *facts.birth_date)


def _by_reference(items: Iterable[T], names: Collection[str]) -> dict[str, list[T]]:
    """By the resource each came from; what a contained resource says is its holder's."""
    found: dict[str, list[T]] = {}
    for item in items:
        reference = item.reference
        owner = reference if reference in names else reference.rpartition("#")[0] or reference
        found.setdefault(owner, []).append(item)
    return found


def _label(resource: Json, gathered: Gathered) -> str:
    """The first text, else the first code, that says what a resource is about."""
    for _, concept, _ in coded_in(resource, gathered):
        codes = (text(coding.get("code")) for coding in codings(concept))
        label = next((each for each in (*texts_of(concept), *codes) if each), "")
        if label:
            return label
    return ""


def _is_meant(resource: Json, known: _Known) -> bool:
    """Whether anything in it means something to the code book that this type of resource can say."""
    if resource["resourceType"] == "Patient":
        return resource.get("birthDate") is not None
    return any(is_meant(coded, known.book) for coded in coded_in(resource, known.gathered))


def _start(resource: Json, zone: tzinfo) -> datetime | None:
    """When it was, whichever element says so."""
    for keys in (EFFECTIVE, PERFORMED, OCCURRENCE, ONSET, TIMING):
        span = read_span(resource, keys, zone)
        if isinstance(span, Span):
            return span.start.time
    for key in ("issued", "recordedDate"):
        moment = read_time(resource.get(key), zone)
        if isinstance(moment, Moment):
            return moment.time
    return None
