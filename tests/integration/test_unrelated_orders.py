"""An order that no rule speaks about touches no patient data: no FHIR read, whatever the client sends."""

from __future__ import annotations

import time

import pytest
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.settings import Settings
from tests.builders import NOW, SUBJECT, Json
from tests.contract.service import call
from tests.integration.fake_fhir import FakeFhir, Reply, after
from tests.ordering import SELECT, SIGN, chart, dose, draft, drug, hook_request, weight

MEDICATION = {"resourceType": "Medication", "id": "m1", "code": drug("tocilizumab")}
BY_REFERENCE: Json = {"medicationCodeableConcept": ..., "medicationReference": {"reference": "Medication/m1"}}


def service(server: FakeFhir) -> FlaskClient:
    settings = Settings(auth="none", fhir_servers=(server.base,), fhir_budget_ms=2000)
    return create_app(settings, clock=lambda: NOW).test_client()


def chart_resources() -> list[Json]:
    found = chart(weights=[weight(110)])
    return [found["patient"], *(e["resource"] for v in found.values() if "entry" in v for e in v["entry"])]


@pytest.mark.parametrize("hook", [SELECT, SIGN])
@pytest.mark.parametrize(
    "drafts",
    [
        [draft("ondansetron", dose(8))],
        [draft(None)],
        [draft("ondansetron", medicationCodeableConcept={"text": "paracetamol 1 g"})],
        [draft(None, medicationReference={"reference": "Medication/x", "display": "ondansetron 8 mg"})],
        [{"resourceType": "ServiceRequest", "id": "d1", "status": "draft", "subject": SUBJECT}],
    ],
)  # fmt: skip
def test_an_unrelated_order_makes_no_fhir_call(hook: str, drafts: list[Json]) -> None:
    with FakeFhir(chart_resources()) as server:
        answer = call(
            service(server), hook_request(hook, drafts, fhirServer=server.base), f"/cds-services/crs-{hook}"
        )
        assert (answer.status_code, answer.json, server.seen) == (200, {"cards": []}, [])


def test_no_order_at_all_makes_no_fhir_call() -> None:
    with FakeFhir(chart_resources()) as server:
        body = hook_request(SIGN, [], fhirServer=server.base)
        answer = call(service(server), body, "/cds-services/crs-order-sign")
        assert (answer.status_code, answer.json, server.seen) == (200, {"cards": []}, [])


def test_a_limited_drug_reads_the_chart() -> None:
    with FakeFhir(chart_resources()) as server:
        body = hook_request(SIGN, [draft("tocilizumab", dose(880))], fhirServer=server.base)
        answer = call(service(server), body, "/cds-services/crs-order-sign")
        assert answer.json is not None
        assert answer.json["cards"][0]["extension"]["org.crs-cds.rules"] == ["DL-2"]
        assert server.seen


def test_a_drug_named_by_reference_only_is_read_from_the_server() -> None:
    with FakeFhir([*chart_resources(), MEDICATION]) as server:
        body = hook_request(SIGN, [draft("tocilizumab", dose(880), **BY_REFERENCE)], fhirServer=server.base)
        answer = call(service(server), body, "/cds-services/crs-order-sign")
        assert answer.json is not None
        assert answer.json["cards"][0]["extension"]["org.crs-cds.rules"] == ["DL-2"]


def test_an_unrelated_drug_named_by_reference_only_costs_one_read_and_no_chart() -> None:
    other = {**MEDICATION, "code": drug("ondansetron")}
    with FakeFhir([*chart_resources(), other]) as server:
        body = hook_request(SIGN, [draft(None, dose(8), **BY_REFERENCE)], fhirServer=server.base)
        answer = call(service(server), body, "/cds-services/crs-order-sign")
        assert answer.json == {"cards": []}
        assert [seen.path.rpartition("/")[2] for seen in server.seen] in (["Medication"], ["_search"])


@pytest.mark.parametrize(("upstream", "status"), [(503, 503), (404, 412), (403, 412)])
def test_a_drug_that_cannot_be_read_is_refused(upstream: int, status: int) -> None:
    with FakeFhir(chart_resources()) as server:
        server.always("Medication", lambda handler, _: handler.reply(Reply(upstream)))
        body = hook_request(SIGN, [draft("tocilizumab", dose(880), **BY_REFERENCE)], fhirServer=server.base)
        assert call(service(server), body, "/cds-services/crs-order-sign").status_code == status


def test_the_drug_and_the_chart_share_one_budget() -> None:
    """A Medication that takes most of the time leaves the rest of it for the chart, not as much again."""
    with FakeFhir([*chart_resources(), MEDICATION]) as server:
        server.always("Medication", after(1.4))
        server.always("Observation", after(1.4))
        body = hook_request(SIGN, [draft("tocilizumab", dose(880), **BY_REFERENCE)], fhirServer=server.base)
        began = time.monotonic()
        answer = call(service(server), {**body, "prefetch": {}}, "/cds-services/crs-order-sign")
        assert time.monotonic() - began < 2.5, "the budget is 2 s"
        assert answer.status_code == 503
