"""Discovery: CDS Hooks 2.0 tokens and the restricted query subset only."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from cds_service.web.discovery import create_blueprint
from cds_service.web.routes import EXTENSION
from cds_service.web.schemas import validator
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
    """CH-6, CH-7, CH-8, CH-9."""
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


def test_discovery_is_always_there_also_with_a_token() -> None:
    """CH-4, CH-14: no token is asked for, and one does no harm."""
    service = client()
    for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Accept": "text/html"}):
        answer = service.get("/cds-services", headers=headers)
        assert (answer.status_code, answer.mimetype) == (200, "application/json")
        validator("discovery").validate(answer.json)


def test_a_server_without_services_says_so() -> None:
    """CH-5."""
    app = Flask(__name__)
    engine = client().application.extensions[EXTENSION]
    app.register_blueprint(create_blueprint(replace(engine, services={})))
    assert app.test_client().get("/cds-services").json == {"services": []}


def test_each_id_is_there_once_and_is_the_address() -> None:
    """CH-6, CH-12: a client that keeps services by address would lose one of two."""
    service = client()
    ids = [found["id"] for found in services()]
    assert len(ids) == len(set(ids))
    for identifier in ids:
        assert service.post(f"/cds-services/{identifier}").status_code == 415


def test_the_version_is_that_of_the_specification() -> None:
    """CH-10: semver; hookVersion is left out, see ADR 6."""
    for service in services():
        assert service["version"] == "2.0.1"
        assert "hookVersion" not in service


def test_templates_hold_no_token_beyond_the_published_version() -> None:
    """CH-24 to CH-27: a client without FHIRPath resolves all of them."""
    for service in services():
        for key, template in service["prefetch"].items():
            assert re.fullmatch(r"[a-z-]+", key)
            assert TOKEN.findall(template) == ["context.patientId"]
            assert re.fullmatch(r"[A-Z][A-Za-z]+(/\{\{context\.patientId\}\}|\?[^ ]+)", template)
            assert not re.search(r"_include|_revinclude|_has|:not|\.\w+=", template)
