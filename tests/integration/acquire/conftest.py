"""A fake FHIR server with one patient's five temperatures, and a client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cds_service.acquire.client import FhirClient
from tests.integration.acquire.ward import Ward
from tests.integration.fake_fhir import FakeFhir
from tests.unit.acquire.charts import hourly, patient


@pytest.fixture
def server() -> Iterator[FakeFhir]:
    with FakeFhir([patient(), *hourly(5)]) as running:
        yield running


@pytest.fixture
def client() -> Iterator[FhirClient]:
    fhir = FhirClient()
    yield fhir
    fhir.close()


@pytest.fixture
def ward(client: FhirClient, server: FakeFhir) -> Ward:
    return Ward(client, server)
