"""FHIR servers over TLS: whom the client trusts."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from cds_service.acquire.client import FhirClient
from fhir_mappings.facts import COMPLETE, Source
from tests.integration import fake_fhir
from tests.integration.acquire.ward import VITALS, Ward
from tests.integration.fake_fhir import FakeFhir
from tests.unit.acquire.charts import hourly


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A hospital's own."""
    return trustme.CA()


@pytest.fixture
def secured(authority: trustme.CA) -> Iterator[FakeFhir]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with FakeFhir(hourly(3), tls=context) as running:
        yield running


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return str(file)


def test_a_server_with_a_certificate_of_the_hospital_is_read(secured: FakeFhir, ca_file: str) -> None:
    client = FhirClient(ca_file=ca_file)
    ward = Ward(client, secured)
    assert ward.chart(queries=VITALS).coverage[Source.VITALS] == COMPLETE
    secured.always("Observation", fake_fhir.drip(0.02))
    assert ward.chart(queries=VITALS).failures["vitals"].reason == "timeout"
    client.close()


def test_a_server_that_nobody_vouches_for_is_not_spoken_to(client: FhirClient, secured: FakeFhir) -> None:
    acquired = Ward(client, secured).chart(queries=VITALS)
    assert acquired.failures["vitals"].reason == "server-error"
    assert secured.seen == []
