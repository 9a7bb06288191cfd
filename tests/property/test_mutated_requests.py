"""Whatever is sent, the answer is a response or a refusal with a reason: never a failure of the service."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
from flask.testing import FlaskClient
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from cds_service.web.schemas import validator
from tests.contract.service import call, client
from tests.property.mutated import NOBODY, requests

STATUSES = {200, 400, 412, 503}
TWO_MEMBERS = {"fhirAuthorization.patient", "fhirServer"}
"""Refused though each member is as its schema says: another patient's token, a server not configured."""


@cache
def service() -> FlaskClient:
    return client(fhir_servers=(NOBODY,))


def schema() -> Draft202012Validator:
    return validator("patient-view-request")


@given(body=requests)
@settings(max_examples=400, deadline=None)
def test_a_spoiled_request_is_answered_or_refused_and_never_fails(body: bytes) -> None:
    assert call(service(), body).status_code in STATUSES  # call also holds the answer against its schema


def parsed(body: bytes) -> Any:
    """The message, or ``...`` where it is not well-formed (Python itself takes NaN and lone surrogates)."""
    try:
        msgspec.json.Decoder(float_hook=Decimal).decode(body)
        return json.loads(body)
    except (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError):
        return ...


def named(body: bytes) -> str | None:
    """The member that a body is refused for; None where it is not refused as malformed."""
    answer = call(service(), body)
    if answer.status_code != 400 or answer.json is None:
        return None
    member: str = answer.json["issue"][0].get("expression", [""])[0]
    return member


@given(body=requests)
@settings(max_examples=400, deadline=None)
def test_what_is_refused_as_malformed_no_schema_allows(body: bytes) -> None:
    """CH-16 to CH-22: the quick checks of the service and its JSON Schemas agree."""
    message, member = parsed(body), named(body)
    if message is not ... and member is not None:
        assert member in TWO_MEMBERS or not schema().is_valid(message)


@given(body=requests)
@settings(max_examples=400, deadline=None)
def test_what_the_schema_allows_is_not_refused_as_malformed(body: bytes) -> None:
    message = parsed(body)
    if message is not ... and schema().is_valid(message):
        assert named(body) in {None, *TWO_MEMBERS}
