"""The service as an EHR meets it: requests through WSGI, with a fixed clock and everything prefetched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.app import create_app
from cds_service.settings import Settings
from cds_service.web.schemas import validator
from tests.builders import (
    ICD_10_PCS,
    LOINC,
    NOW,
    RXNORM,
    Json,
    component,
    concept,
    instant,
    medication,
    observation,
    patient,
    procedure,
    quantity,
)

PATH = "/cds-services/crs-patient-view"
_encoder = msgspec.json.Encoder(decimal_format="number")


def client(**settings: Any) -> FlaskClient:
    return create_app(Settings(auth="none", **settings), clock=lambda: NOW).test_client()


def searchset(resources: Iterable[Any], **members: Any) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": r} for r in resources],
        **members,
    }


def prefetch(**changes: Any) -> Json:
    """A grade 3 chart: fever, norepinephrine, 4 L/min by cannula, CAR-T three days ago."""
    pressures = [component("8480-6", 84, "mm[Hg]"), component("8462-4", 50, "mm[Hg]")]
    whole = {
        "patient": patient("1971-01-01"),
        "vitals": searchset(
            [
                observation("t", concept(LOINC, "8310-5"), -1, valueQuantity=quantity("39.4", "Cel")),
                observation("bp", concept(LOINC, "85354-9"), -1, component=pressures),
                observation("s", concept(LOINC, "59408-5"), -1, valueQuantity=quantity(93, "%")),
            ]
        ),
        "oxygen": searchset(
            [observation("o", concept(LOINC, "3151-8"), -2, valueQuantity=quantity(4, "L/min"))]
        ),
        "labs": searchset([]),
        "medications": searchset(
            [
                medication(
                    "ne",
                    "in-progress",
                    medicationCodeableConcept=concept(RXNORM, "7512"),
                    effectivePeriod={"start": instant(-6)},
                    dosage={"rateQuantity": quantity("0.12", "ug/kg/min")},
                )
            ]
        ),
        "procedures": searchset([procedure("car-t", concept(ICD_10_PCS, "XW033H7"), -72)]),
        "immunizations": searchset([]),
        "conditions": searchset([]),
        "orders": searchset([]),
    }
    return {key: value for key, value in (whole | changes).items() if value is not ...}


def request(**changes: Any) -> Json:
    whole = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/1", "patientId": "p"},
        "prefetch": prefetch(),
    }
    return {key: value for key, value in (whole | changes).items() if value is not ...}


def call(
    where: FlaskClient, body: Any, path: str = PATH, content_type: str = "application/json"
) -> TestResponse:
    data = body if isinstance(body, bytes) else _encoder.encode(body)
    answer = where.post(path, data=data, content_type=content_type)
    check(answer)
    return answer


def check(answer: TestResponse) -> None:
    """Whatever is answered is as its schema says, and nothing in it is null or empty (CH-2, CH-22)."""
    schema = "response" if answer.status_code == 200 else "operation-outcome"
    validator(schema).validate(answer.json)
    assert empties(answer.json) in ([], ["$.cards"])


def empties(value: Any, path: str = "$") -> list[str]:
    """Members that are null or empty."""
    found = [path] if value is None or value in ("", [], {}) else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [hit for key, item in items for hit in empties(item, f"{path}.{key}")]


def cards(where: FlaskClient, **changes: Any) -> list[Json]:
    """The cards of a request that must be answered with 200."""
    answer = call(where, request(**changes))
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json["cards"] if answer.json else []
    return found
