"""Why something was done or ordered: the coded reasons of a resource."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_mappings.chart import Chart
from fhir_mappings.code_systems import plain
from fhir_mappings.meanings import Diagnosis, Reason
from fhir_mappings.resources import Json, record, records, texts_of


def reasons_of(resource: Json, chart: Chart) -> Iterator[str]:
    """Names of the reason table, groups of diagnoses, else the words; referenced Conditions included."""
    concepts = records(resource.get("reasonCode"))
    for link in records(resource.get("reasonReference")):
        concepts.append(record(record(chart.gathered.resolve(link, "Condition", resource)).get("code")))
    for concept in concepts:
        meaning = chart.book.meaning(concept)
        words = [plain(word) for word in texts_of(concept)]
        if isinstance(meaning, Reason):
            yield meaning.name
        elif isinstance(meaning, Diagnosis):
            yield meaning.group.value
        else:
            known = (chart.book.reason_names.get(word) for word in words)
            yield from [reason.name for reason in known if reason] or words[:1]
