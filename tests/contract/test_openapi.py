"""The OpenAPI document, and schemathesis at work against the service that it describes."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import negative_data_rejection, positive_data_acceptance

from cds_service.web.routes import EXTENSION
from cds_service.web.schemas import documents
from tests.contract.service import client

SERVICE = client()
DOCUMENT: dict[str, Any] = SERVICE.get("/schemas/openapi.json").json or {}
ELSEWHERE = [positive_data_acceptance, negative_data_rejection]
"""What a schema allows may still bring no data (412), and null is read as left out: test_mutated_requests."""
# The WSGI transport of schemathesis asks for gzip and does not unpack it.
PLAIN = {"Accept-Encoding": "identity"}

api = schemathesis.openapi.from_wsgi("/schemas/openapi.json", SERVICE.application)


@api.parametrize()
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_document_names(case: Case[Any]) -> None:
    """CH-13, CH-22: no 5xx, and no status, header or body that is not written down."""
    case.call_and_validate(headers=PLAIN, excluded_checks=ELSEWHERE)


def test_the_document_names_every_route_of_the_service() -> None:
    services = SERVICE.application.extensions[EXTENSION].services
    variables = {"<name>": "{name}", "<kind>": "{kind}", "<identity>": "{identity}"}
    served = set()
    for rule in SERVICE.application.url_map.iter_rules():
        path = rule.rule
        for flask, openapi in variables.items():
            path = path.replace(flask, openapi)
        served |= {path.replace("<service_id>", name) for name in services}
    assert set(DOCUMENT["paths"]) == served


def test_the_document_is_whole_in_itself() -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(references, value))
        if not isinstance(value, dict):
            return set()
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))

    for reference in references(DOCUMENT):
        assert reference.startswith("#/components/schemas/")
        found: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    assert set(DOCUMENT["components"]["schemas"]) == set(documents())
