"""The order of steps of every hook: acquire, map, assess, answer. Each service says only what is its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from cds_service.acquire.acquire import Acquired, Server, acquire
from cds_service.acquire.client import FhirClient
from cds_service.acquire.deadline import Deadline
from cds_service.acquire.queries import Query
from cds_service.acquire.reasons import Reason
from cds_service.acquire.subjects import patient_of
from cds_service.acquire.transport import FhirAccess
from cds_service.cards.document import rules_of
from cds_service.crs.assess import assess
from cds_service.crs.evidence import Assessment, Status
from cds_service.crs.exposure import furthest_back
from cds_service.crs.guideline import Guideline
from cds_service.errors import PreconditionFailed, UpstreamUnavailable
from cds_service.hooks.request import HookRequest
from cds_service.trust.addresses import AddressRule
from fhir_mappings import CodeBook, map_resources
from fhir_mappings.facts import Concept, PatientFacts, Source, Unplaced

NEEDED_TO_CONSIDER = (Source.MEDICATIONS, Source.PROCEDURES, Source.CONDITIONS)
"""Without these nobody can say that a patient is not at risk (GR-8)."""


class Allowed(NamedTuple):
    """A FHIR server that may be called: its configured base, and where it may stand."""

    base_url: str
    addresses: AddressRule | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """What all services share: tables, searches and the way to the FHIR server."""

    services: Mapping[str, Service]
    guideline: Guideline
    codebook: CodeBook
    queries: Sequence[Query]
    client: FhirClient
    budget_ms: int
    allowed_server: Callable[[str], Allowed]
    zone: ZoneInfo | None
    clock: Callable[[], datetime]
    acquire: Callable[[HookRequest, Engine, datetime], Acquired]
    """How the chart is had: from the call and the FHIR server, or from a record of an earlier call."""
    companion: Callable[[str | None], str] = lambda _server: ""
    """The launch address of the SMART page for an EHR, by its FHIR server; empty where it has none."""


class Answer(NamedTuple):
    """The response body, and what of it may be logged."""

    body: dict[str, Any]
    summary: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Service:
    """A CDS Hooks service as discovery describes it, and how it answers."""

    id: str
    hook: str
    title: str
    description: str
    usage: str
    respond: Callable[[HookRequest, Engine], Answer]


class Seen(NamedTuple):
    """A patient as of now."""

    assessment: Assessment
    facts: PatientFacts
    acquired: Acquired


def picture(request: HookRequest, engine: Engine, now: datetime, *, in_full: bool = True) -> Seen:
    """Acquire, map and assess one patient as of now; not ``in_full`` where no grading card is made of it.

    Raises PreconditionFailed or UpstreamUnavailable where what is needed cannot be had.
    """
    acquired = engine.acquire(request, engine, now)
    facts = map_resources(
        acquired.resources,
        engine.codebook,
        as_of=now,
        patient_id=request.patient_id,
        coverage=acquired.coverage,
        zone=engine.zone,
        skew=engine.guideline.windows["clock-skew"],
    )
    assessment = assess(facts, engine.guideline, now, in_full=in_full)
    _require(assessment, facts, acquired, engine.guideline)
    _require_readable_therapies(assessment, facts, engine.codebook, engine.guideline)
    return Seen(assessment, facts, acquired)


def from_the_chart(request: HookRequest, engine: Engine, now: datetime) -> Acquired:
    """What the call brings along, and from the FHIR server what it does not."""
    return acquire(
        request.context,
        request.prefetch,
        server_of(request, engine),
        engine.queries,
        Deadline.in_ms(engine.budget_ms),
        now - furthest_back(engine.guideline),
    )


def server_of(request: HookRequest, engine: Engine) -> Server | None:
    """The caller's FHIR server, if it named one. Raises BadRequest where it is not one that may be asked."""
    if request.fhir_server is None:
        return None
    allowed = engine.allowed_server(request.fhir_server)
    access = FhirAccess(allowed.base_url, request.token, request.scope, allowed.addresses)
    return Server(engine.client, access)


def _require(assessment: Assessment, facts: PatientFacts, acquired: Acquired, guideline: Guideline) -> None:
    """Nothing usable is an error, never an answer without cards (GR-7)."""
    if assessment.status is Status.NOT_CONSIDERED:
        since = assessment.as_of - max(guideline.windows["car-t"], guideline.windows["t-cell-engager"])
        lacking = [s for s in NEEDED_TO_CONSIDER if not facts.covered(s).reaches(since)]
        if not _is_known(facts, acquired):
            lacking.append(Source.PATIENT)  # an id that nobody knows has no chart to be clear
    else:
        seen = any(facts.readings.get(c) for c in (Concept.TEMPERATURE, Concept.SYSTOLIC, Concept.SPO2))
        lacking = [] if seen or facts.covered(Source.VITALS).since else [Source.VITALS]
    if lacking:
        raise _cannot_be_had(lacking, acquired, facts)


def _is_known(facts: PatientFacts, acquired: Acquired) -> bool:
    """Whether there is such a patient, and access to the chart: searches are empty too where there is not.

    An EHR that never sends the patient may show it by what it does send. A read that was tried and failed
    is not made up for by that: what closed the patient may close the rest of the chart.
    """
    failure = acquired.failures.get(Source.PATIENT.value)
    if failure is None or failure.reason is not Reason.NOT_SUPPLIED:
        return failure is None
    return any(patient_of(resource) == facts.patient_id for resource in acquired.resources)


def _require_readable_therapies(
    assessment: Assessment, facts: PatientFacts, codebook: CodeBook, guideline: Guideline
) -> None:
    """Nobody is called "not at risk" over the record of a therapy that could not be read (GR-8)."""
    if assessment.status is not Status.NOT_CONSIDERED:
        return
    for record in (*facts.unplaced, *_of_nobody(facts)):
        drug = codebook.drugs.get(record.drug)
        if drug is None or drug.therapy is None:
            continue
        if record.latest is None or record.latest + guideline.windows[drug.therapy] >= assessment.as_of:
            raise PreconditionFailed(
                f"a record of a CAR-T or T-cell engager therapy could not be read ({record.code})",
                (record.reference,),
            )


def _of_nobody(facts: PatientFacts) -> Iterator[Unplaced]:
    """Therapies of another patient in this patient's chart: either the record or the chart is wrong."""
    for issue in facts.issues:
        if issue.code == "other-patient":
            yield Unplaced(issue.code, issue.reference, issue.concept, frozenset())


def _cannot_be_had(
    lacking: Sequence[Source], acquired: Acquired, facts: PatientFacts
) -> PreconditionFailed | UpstreamUnavailable:
    keys = tuple(source.value for source in lacking)
    named = ", ".join(f"{s.value} ({facts.covered(s).reason})" for s in lacking)
    expression = tuple(f"prefetch.{key}" for key in keys)
    failures = [acquired.failures[key] for key in keys if key in acquired.failures]
    if any(failure.transient for failure in failures):
        wait = max((f.retry_after for f in failures if f.retry_after), default=5)
        return UpstreamUnavailable(f"the FHIR server did not give: {named}; try again", expression, wait)
    return PreconditionFailed(
        f"needed and not to be had: {named}; send these prefetch keys complete, or fhirServer with access",
        expression,
    )


def name_gaps(card: dict[str, Any], acquired: Acquired) -> None:
    """The searches that are not wholly known, with the reason: also those that did not change the grade."""
    if acquired.failures:
        gaps = {key: str(failure.reason) for key, failure in sorted(acquired.failures.items())}
        card["extension"]["org.crs-cds.incomplete"] = gaps


def summarize(assessment: Assessment, acquired: Acquired) -> dict[str, Any]:
    """What of an answer may be logged and audited: codes only, no values."""
    grade = (assessment.grade.lowest, assessment.grade.highest) if assessment.grade else None
    return {
        "episode": str(assessment.status),
        "grade": grade,
        "assessment": f"{assessment.status} {grade[0]}-{grade[1]}" if grade else str(assessment.status),
        "rules": rules_of(assessment),
        "missing": [f"{m.axis}:{m.reason}" for m in assessment.missing],
        "failures": {key: str(failure.reason) for key, failure in acquired.failures.items()},
    }
