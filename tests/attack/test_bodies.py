"""Bodies made to cost more than they weigh, or to be more than data. Each is answered soon, as what it is."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.builders import RXNORM, concept
from tests.contract.service import prefetch, request, searchset
from tests.contract.trusted import call, service, token
from tests.trusted_ehr import PATH, Json

SIGN = "/cds-services/crs-order-sign"
FEEDBACK = f"{PATH}/feedback"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return service(tmp_path_factory.mktemp("clients"), rate_limit=10_000)


def send(where: FlaskClient, body: bytes, path: str = PATH, **headers: str) -> int:
    named = {"Authorization": f"Bearer {token(path=path)}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return where.post(path, data=body, content_type="application/json", headers=named).status_code


def around(value: str) -> bytes:
    """A request with this JSON text as its prefetch."""
    return json.dumps(request(prefetch="HERE"), default=str).replace('"HERE"', value).encode()


def drafts(entries: list[Json]) -> bytes:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    context = {"userId": "Practitioner/1", "patientId": "p", "draftOrders": bundle}
    return json.dumps(request(hook="order-sign", context=context, prefetch=prefetch()), default=str).encode()


DEEP = [
    "[" * 100_000,
    "[" * 100_000 + "]" * 100_000,
    '{"a":' * 100_000,
    '{"a":' * 100_000 + "1" + "}" * 100_000,
    '{"vitals":' + "[" * 5_000 + "]" * 5_000 + "}",
    '{"vitals": {"resourceType": "Bundle", "entry": ' + "[" * 900 + "]" * 900 + "}}",
]


@pytest.mark.parametrize("text", DEEP, ids=range(len(DEEP)))
@pytest.mark.parametrize("path", [PATH, SIGN, FEEDBACK])
def test_what_is_nested_without_end_is_refused(guarded: FlaskClient, path: str, text: str) -> None:
    for body in (text.encode(), around(text)):
        assert send(guarded, body, path) in (400, 412, 413)


def test_an_observation_nested_deeply_does_not_take_the_others_with_it(guarded: FlaskClient) -> None:
    nested: Any = "x"
    for _ in range(400):
        nested = {"extension": [nested]}
    odd = {"resourceType": "Observation", "id": "deep", "extension": [nested]}
    sent = prefetch()
    sent["vitals"]["entry"].append({"resource": odd})
    answer = call(guarded, f"Bearer {token()}", body=request(prefetch=sent))
    assert answer.status_code in (200, 400)


def test_a_body_that_unpacks_to_gigabytes_is_refused_before_it_does(guarded: FlaskClient) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b"\x00" * (1 << 20)
    bomb = b"".join(packer.compress(piece) for _ in range(200)) + packer.flush()
    began = time.monotonic()
    assert send(guarded, bomb, Content_Encoding="gzip") == 413
    assert time.monotonic() - began < 3
    assert send(guarded, gzip.compress(bomb), Content_Encoding="gzip") in (400, 413)
    assert send(guarded, gzip.compress(bomb), Content_Encoding="gzip, gzip") == 415
    assert send(guarded, bomb[:-20], Content_Encoding="gzip") == 413


def test_a_body_beyond_the_limit_is_refused(guarded: FlaskClient) -> None:
    assert send(guarded, b" " * (33 * 1024 * 1024)) == 413
    assert send(guarded, b" " * (300 * 1024), FEEDBACK) == 413


NUMBERS = [
    "1e400",
    "-1e400",
    "1e999999999",
    "9" * 5_000,
    "0." + "1" * 5_000,
    "-0",
    "1E-400",
    "NaN",
    "Infinity",
    "0x10",
    "1_0",
    "٣",
]


@pytest.mark.parametrize("number", NUMBERS, ids=[number[:12] for number in NUMBERS])
def test_numbers_beyond_reason_are_no_vital_sign_and_no_crash(guarded: FlaskClient, number: str) -> None:
    body = json.dumps(request(prefetch=prefetch()), default=str).replace('"39.4"', number).encode()
    assert number.encode() in body
    assert send(guarded, body) in (200, 400)


NAMES = [
    "__proto__",
    "constructor",
    "prototype",
    "__class__",
    "__init__",
    "toString",
    "$ref",
    "@type",
    "\u0000",
]


@pytest.mark.parametrize("name", NAMES)
def test_member_names_that_mean_something_elsewhere_mean_nothing_here(
    guarded: FlaskClient, name: str
) -> None:
    whole = request(prefetch=prefetch())
    whole[name] = {"isAdmin": True, name: {}}
    whole["prefetch"][name] = whole["context"][name] = {"hook": "order-sign"}
    answer = call(guarded, f"Bearer {token()}", body=whole)
    assert answer.status_code == 200
    assert "isAdmin" not in answer.text


def test_a_member_twice_is_read_once_and_the_same_everywhere(guarded: FlaskClient) -> None:
    """The patient that is checked is the patient that is answered for."""
    body = json.dumps(request(), default=str).replace(
        '"patientId": "p"', '"patientId": "q", "patientId": "p"'
    )
    answer = guarded.post(
        PATH,
        data=body.encode(),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token()}"},
    )
    assert answer.status_code == 200
    assert '"patient":"p"' in answer.text.replace(" ", "")


def test_ten_thousand_drafts_are_answered_in_time(guarded: FlaskClient) -> None:
    """Many orders of ours, each to be looked at: a bounded time for one call."""
    order = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/p"},
        "medicationCodeableConcept": concept(RXNORM, "612865"),
    }
    entries = [{"resource": order | {"id": str(number)}} for number in range(10_000)]
    began = time.monotonic()
    assert send(guarded, drafts(entries), SIGN) == 413
    assert time.monotonic() - began < 3


def test_a_crowd_of_empty_entries_is_answered_in_time(guarded: FlaskClient) -> None:
    sent = prefetch(vitals=searchset([{}] * 200_000))
    began = time.monotonic()
    status = send(guarded, json.dumps(request(prefetch=sent), default=str).encode())
    assert status in (200, 412, 413)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"{",
        b"{}x",
        b"\xff\xfe",
        "\ufeff{}".encode(),
        b"{'a': 1}",
        b"{/**/}",
        b"\x00" * 1000,
        json.dumps(request(), default=str).encode("utf-16"),
    ],
)
def test_what_is_no_json_object_is_refused(guarded: FlaskClient, body: bytes) -> None:
    assert send(guarded, body) == 400
    assert send(guarded, body, FEEDBACK) == 400


@pytest.mark.parametrize("path", ["/cds-services", PATH, "/livez", "/nowhere", "/schemas/request.json"])
def test_no_answer_is_a_page_kept_or_framed(guarded: FlaskClient, path: str) -> None:
    found = guarded.get(path).headers
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in found["Content-Security-Policy"]
    assert found["Cache-Control"] in ("no-store", "no-cache")


def test_an_answer_about_a_patient_is_not_kept(guarded: FlaskClient, tmp_path: Path) -> None:
    del tmp_path
    assert call(guarded, f"Bearer {token()}").headers["Cache-Control"] == "no-store"
