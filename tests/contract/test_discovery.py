"""Discovery: CDS Hooks 2.0 tokens and the restricted query subset only."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.contract.service import client

TOKEN = re.compile(r"\{\{([^}]*)\}\}")
ALLOWED = {"patient", "code", "status", "_sort", "_count"}


def services() -> list[dict[str, Any]]:
    answer = client().get("/cds-services")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json["services"] if answer.json else []
    return found


def test_there_are_three_services_each_with_an_id_of_its_own() -> None:
    assert {service["id"]: service["hook"] for service in services()} == {
        "crs-patient-view": "patient-view",
        "crs-order-select": "order-select",
        "crs-order-sign": "order-sign",
    }


def test_a_service_is_described_as_the_specification_asks() -> None:
    for service in services():
        told = (service[key] for key in ("title", "description", "version", "usageRequirements"))
        assert all(isinstance(text, str) and text for text in told)


def test_the_services_ask_for_the_same_chart() -> None:
    """A client that prefetches for one hook can do so for all."""
    first, *others = (service["prefetch"] for service in services())
    assert all(prefetch == first for prefetch in others)


@pytest.mark.parametrize(
    "key", ["patient", "vitals", "oxygen", "labs", "medications", "procedures", "conditions", "orders"]
)
def test_a_template_is_a_read_or_a_plain_search_of_the_patient(key: str) -> None:
    template = services()[0]["prefetch"][key]
    assert TOKEN.findall(template) == ["context.patientId"]
    assert not template.startswith(("/", "http"))
    assert set(parse_qs(urlsplit(template).query)) <= ALLOWED


def test_medications_are_never_filtered_by_code() -> None:
    assert "code" not in parse_qs(urlsplit(services()[0]["prefetch"]["medications"]).query)


def test_vital_signs_are_searched_by_their_codes() -> None:
    vitals = services()[0]["prefetch"]["vitals"]
    for code in ("8310-5", "85354-9", "8480-6", "76215-3", "59408-5"):
        assert f"http://loinc.org|{code}" in vitals


def test_a_schema_is_served_and_an_unknown_one_is_not() -> None:
    service = client()
    assert service.get("/schemas/assessment.json").json
    assert service.get("/schemas/other.json").status_code == 404
