"""Whatever is sent, the answer is a response or a refusal with a reason: never a failure of the service."""

from __future__ import annotations

import json
from functools import cache

from flask.testing import FlaskClient
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from cds_service.web.schemas import validator
from tests.contract.service import call, client
from tests.property.mutated import requests

STATUSES = {200, 400, 412}
TWO_MEMBERS = {"fhirAuthorization.patient", "fhirServer"}
"""Refused though each member is as its schema says: another patient's token, a server not configured."""


@cache
def service() -> FlaskClient:
    return client()


def schema() -> Draft202012Validator:
    return validator("patient-view-request")


@given(body=requests)
@settings(max_examples=400, deadline=None)
def test_a_spoiled_request_is_answered_or_refused_and_never_fails(body: bytes) -> None:
    assert call(service(), body).status_code in STATUSES  # call also holds the answer against its schema


@given(body=requests)
@settings(max_examples=400, deadline=None)
def test_what_is_refused_as_malformed_no_schema_allows(body: bytes) -> None:
    """CH-16 to CH-22: the quick checks of the service and its JSON Schemas agree."""
    answer = call(service(), body)
    if answer.status_code != 400 or answer.json is None:
        return
    named = answer.json["issue"][0].get("expression", [""])[0]
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return
    assert named in TWO_MEMBERS or not schema().is_valid(message), (named, body)


@given(body=requests)
@settings(max_examples=400, deadline=None)
def test_what_the_schema_allows_is_not_refused_as_malformed(body: bytes) -> None:
    try:
        allowed = schema().is_valid(json.loads(body))
    except (ValueError, RecursionError):
        return
    answer = call(service(), body)
    if allowed and answer.status_code == 400 and answer.json is not None:
        assert answer.json["issue"][0]["expression"][0] in TWO_MEMBERS
