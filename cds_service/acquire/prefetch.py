"""The ``prefetch`` member of a hook request: each key in one of its states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cds_service.acquire.answer import Answer, cut_off, put_together
from cds_service.acquire.bundles import read_value
from cds_service.acquire.queries import Query
from cds_service.acquire.reasons import Failure, Reason
from fhir_mappings.facts import Coverage

_ABSENT = Answer(
    coverage=Coverage(None, Reason.NOT_SUPPLIED),
    failure=Failure(Reason.NOT_SUPPLIED, detail="the key was not supplied"),
)


def read_prefetch(prefetch: object, queries: Sequence[Query], patient_id: str) -> dict[str, Answer]:
    """One answer for each query, by key. Keys that were not asked for are ignored."""
    values: Mapping[str, object] = prefetch if isinstance(prefetch, dict) else {}
    return {
        query.key: _read(values[query.key], query, patient_id) if query.key in values else _ABSENT
        for query in queries
    }


def _read(value: object, query: Query, patient_id: str) -> Answer:
    page = read_value(value, query, patient_id)
    # EHRs that build the Bundle themselves often drop the links.
    return put_together(query, [page], cut_off() if page.more or page.may_be_capped else None)
