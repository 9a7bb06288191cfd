"""The searches: what discovery publishes and what the FHIR server is asked."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import pytest

from cds_service.acquire.queries import PAGE_SIZE, Query, build_queries
from fhir_mappings.facts import Source
from tests.unit.acquire.charts import BY_KEY, CODES, LOINC, QUERIES

SITE = "urn:oid:1.2.3"


def test_every_source_has_one_query_under_its_own_key() -> None:
    assert [query.source for query in QUERIES] == list(Source)
    assert [query.key for query in QUERIES] == [source.value for source in Source]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.key)
def test_templates_use_only_the_patient_token_and_the_restricted_subset(query: Query) -> None:
    tokens = re.findall(r"\{\{.*?\}\}", query.template)
    assert tokens == ["{{context.patientId}}"]
    names = {name for name, _ in query.params}
    assert names <= {"patient", "code", "status", "_sort", "_count"}
    assert not re.search(r"[ #{}]", query.template.replace("{{context.patientId}}", ""))


def test_templates_as_published() -> None:
    templates = {query.key: query.template for query in QUERIES}
    token = "{{context.patientId}}"
    assert templates == {
        "patient": f"Patient/{token}",
        "vitals": f"Observation?patient={token}&code={LOINC}|8310-5,{LOINC}|8480-6&_sort=-date&_count=500",
        "oxygen": f"Observation?patient={token}&code={LOINC}|3151-8&_sort=-date&_count=500",
        "labs": f"Observation?patient={token}&code={LOINC}|29463-7&_sort=-date&_count=500",
        "medications": f"MedicationAdministration?patient={token}&_sort=-effective-time&_count=500",
        "procedures": f"Procedure?patient={token}&_sort=-date&_count=500",
        "immunizations": f"Immunization?patient={token}&_sort=-date&_count=500",
        "conditions": f"Condition?patient={token}&_count=500",
        "orders": f"MedicationRequest?patient={token}&status=active&_count=500",
    }
    assert PAGE_SIZE == 500


def test_medications_are_never_filtered_by_code() -> None:
    queries = build_queries({**CODES, Source.MEDICATIONS: [(LOINC, "8310-5")]})
    medications = next(query for query in queries if query.source is Source.MEDICATIONS)
    assert "code" not in dict(medications.params)


@pytest.mark.parametrize("source", [Source.VITALS, Source.OXYGEN, Source.LABS])
def test_a_source_without_codes_would_read_the_whole_chart_and_stops_the_start(source: Source) -> None:
    with pytest.raises(ValueError, match=source.value):
        build_queries({**CODES, source: []})


def test_a_local_code_with_separators_stays_one_code() -> None:
    queries = build_queries({**CODES, Source.LABS: [(SITE, "a,b|c&d e"), ("", "x"), ("", "x")]})
    labs = next(query for query in queries if query.source is Source.LABS)
    sent = dict(parse_qsl(labs.encoded("p1")))
    assert sent["code"] == rf"{SITE}|a\,b\|c&d e,x"
    template = labs.template.partition("?")[2].replace("{{context.patientId}}", "p1")
    assert dict(parse_qsl(template)) == sent


@pytest.mark.parametrize("identity", ["a,b", "a|b", "a&patient=b", "a$b", "a/../b", "a b", "\ud800"])
def test_no_patient_id_can_ask_for_another_patient(identity: str) -> None:
    sent = parse_qsl(BY_KEY["vitals"].encoded(identity))
    (asked,) = [value for name, value in sent if name == "patient"]
    assert not re.search(r"(?<!\\)[,|$]", asked)
    assert BY_KEY["patient"].path(identity).count("/") == 1


def test_parameters_can_be_left_out_for_a_server_that_refuses_them() -> None:
    fewer = BY_KEY["vitals"].encoded("p1", frozenset({"_sort", "_count"}))
    assert [name for name, _ in parse_qsl(fewer)] == ["patient", "code"]
