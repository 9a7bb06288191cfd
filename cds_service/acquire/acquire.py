"""The chart of one patient for one hook call: prefetch first, the FHIR server for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cds_service.acquire import medications
from cds_service.acquire.answer import Answer, distinct
from cds_service.acquire.client import FhirClient
from cds_service.acquire.deadline import Deadline
from cds_service.acquire.order import Resource
from cds_service.acquire.prefetch import read_prefetch
from cds_service.acquire.queries import Query
from cds_service.acquire.reasons import Failure, Reason
from cds_service.acquire.transport import FhirAccess
from fhir_mappings.facts import BEGINNING, COMPLETE, Coverage, Source


@dataclass(frozen=True, slots=True)
class Acquired:
    """What was had of a chart, and what was not.

    ``coverage`` holds every source that was asked for. ``failures`` holds the
    keys that are not known as far back as needed, even where part of them was
    had: ``transient`` ones may succeed later, the others cannot be had.
    Resources of other patients may be among ``resources``: the mapper refuses
    them, and their search counts as proof of nothing. ``rubbish`` counts the
    Bundle entries that were no resources.
    """

    resources: list[Resource]
    coverage: dict[Source, Coverage]
    failures: dict[str, Failure]
    rubbish: int = 0


@dataclass(frozen=True, slots=True)
class Server:
    """A FHIR server that may be asked, and with what."""

    client: FhirClient
    access: FhirAccess


def acquire(
    context: Mapping[str, object],
    prefetch: object,
    server: Server | None,
    queries: Sequence[Query],
    deadline: Deadline,
    oldest_needed: datetime | None = None,
) -> Acquired:
    """Takes from ``prefetch`` what is known far enough back and fetches the rest, side by side.

    ``context`` is the hook's, with its ``patientId``. Without ``oldest_needed``
    everything ever charted is wanted. Never raises for what the data or the
    server do.
    """
    patient_id = str(context["patientId"])
    answers = read_prefetch(prefetch, queries, patient_id)
    if server is not None:
        lacking = [query for query in queries if not _is_enough(answers[query.key].coverage, oldest_needed)]
        fetch = server.client.fetch(server.access, lacking, patient_id, deadline, oldest_needed)
        for key, fetched in fetch.items():
            enough = _is_enough(fetched.coverage, oldest_needed)
            answers[key] = fetched if enough else _together(answers[key], fetched)
    gathered = _gather(queries, answers, oldest_needed)
    return _with_drugs(gathered, server, patient_id, deadline)


def _is_enough(coverage: Coverage, oldest_needed: datetime | None) -> bool:
    return coverage.reaches(BEGINNING if oldest_needed is None else oldest_needed)


def _together(sent: Answer, fetched: Answer) -> Answer:
    """A fetched answer that is not whole, beside what was sent; the failure is the server's."""
    both = tuple(distinct((*fetched.resources, *sent.resources)))
    known = sent if _reaches_further(sent.coverage, fetched.coverage) else fetched
    return replace(fetched, resources=both, coverage=known.coverage, rubbish=sent.rubbish + fetched.rubbish)


def _reaches_further(one: Coverage, other: Coverage) -> bool:
    return one.since is not None and (other.since is None or one.since < other.since)


def _gather(
    queries: Sequence[Query], answers: Mapping[str, Answer], oldest_needed: datetime | None
) -> Acquired:
    gathered = Acquired([], {}, {}, sum(answer.rubbish for answer in answers.values()))
    for query in queries:
        answer = answers[query.key]
        gathered.resources.extend(answer.resources)
        gathered.coverage[query.source] = answer.coverage
        if answer.failure is not None and not _is_enough(answer.coverage, oldest_needed):
            gathered.failures[query.key] = answer.failure
    return gathered


def _with_drugs(gathered: Acquired, server: Server | None, patient_id: str, deadline: Deadline) -> Acquired:
    """Reads the drugs named by reference; one that stays without any name leaves the search unproven."""
    waiting = medications.named_elsewhere(gathered.resources)
    if not waiting:
        return gathered
    drugs = _drugs(waiting, server, patient_id, deadline)
    gathered.resources.extend(drugs.resources)
    nameless = medications.without_a_name(medications.named_elsewhere(gathered.resources))
    if nameless:
        failure = gathered.failures[medications.KEY] = drugs.failure or _NOT_SENT_ALONG
        for source in medications.sources_of(nameless):
            if gathered.coverage.get(source, COMPLETE).since is not None:
                gathered.coverage[source] = Coverage(None, failure.reason)
    return gathered


_NOT_SENT_ALONG = Failure(Reason.NOT_SUPPLIED, detail="a drug was named by reference and not sent along")


def _drugs(waiting: Sequence[Resource], server: Server | None, patient_id: str, deadline: Deadline) -> Answer:
    query = medications.query_for(waiting, server.access.base_url) if server is not None else None
    if server is None or query is None:
        return Answer()
    return server.client.fetch(server.access, [query], patient_id, deadline)[query.key]
