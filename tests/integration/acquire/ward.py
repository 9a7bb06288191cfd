"""A FHIR client at work on a fake server, under the budget of these tests."""

from __future__ import annotations

import time
from datetime import datetime

from cds_service.acquire.acquire import Acquired, Server, acquire
from cds_service.acquire.client import FhirClient
from cds_service.acquire.deadline import Deadline
from cds_service.acquire.queries import Query
from cds_service.acquire.transport import FhirAccess
from tests.integration import fake_fhir
from tests.integration.fake_fhir import FakeFhir, Fault
from tests.unit.acquire.charts import BY_KEY, PATIENT, QUERIES, bundle, observation

BUDGET = 1.0
GRACE = 0.3
TOKEN = "t0ken"
CONTEXT = {"patientId": PATIENT}
VITALS = [BY_KEY["vitals"]]


class Ward:
    """Every chart asked for here must come within the budget and the grace."""

    def __init__(self, client: FhirClient, server: FakeFhir) -> None:
        self.client, self.fhir = client, server

    def chart(
        self,
        prefetch: object = None,
        queries: list[Query] | None = None,
        oldest_needed: datetime | None = None,
        token: str | None = TOKEN,
        base: str | None = None,
        budget: float = BUDGET,
    ) -> Acquired:
        reach = Server(self.client, FhirAccess(base or self.fhir.base, token))
        asked = list(QUERIES) if queries is None else queries
        started = time.monotonic()
        acquired = acquire(CONTEXT, prefetch, reach, asked, Deadline(budget), oldest_needed)
        assert time.monotonic() - started < budget + GRACE
        return acquired


def ids(acquired: Acquired) -> list[str]:
    return [resource["id"] for resource in acquired.resources]


def next_page(url: str, first: int = 0) -> Fault:
    """Five temperatures, and a next link."""
    page = [observation(number, number) for number in range(first, first + 5)]
    return fake_fhir.document(bundle(*page, link=[{"relation": "next", "url": url}]))
