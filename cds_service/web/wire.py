"""A CDS Hooks request, checked and typed (CDS Hooks 2.0.1, tolerant of members of later versions)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from cds_service.errors import BadRequest
from cds_service.hooks.request import HookRequest, check_orders
from fhir_mappings.searchset import decode_searchset

Json = dict[str, Any]
ID = re.compile(r"[A-Za-z0-9\-.]{1,256}")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
USER = re.compile(r"[A-Z][A-Za-z]{1,63}/[A-Za-z0-9\-.]{1,256}")
TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")


class _Envelope(msgspec.Struct):
    """A request whose prefetch values are decoded one by one."""

    hook: Any = None
    hookInstance: Any = None
    fhirServer: Any = None
    fhirAuthorization: Any = None
    context: Any = None
    prefetch: dict[str, msgspec.Raw] | None = None


_envelope = msgspec.json.Decoder(_Envelope, float_hook=Decimal)
_anything = msgspec.json.Decoder(float_hook=Decimal)
_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, ValueError, ArithmeticError)


def decode(body: bytes) -> Json:
    """The members of a request, decimals kept exact. Raises BadRequest."""
    try:
        return _decode(body)
    except _NOT_JSON:
        raise BadRequest("the body is not well-formed JSON") from None
    except RecursionError:
        raise BadRequest("the body is nested too deeply") from None


def _decode(body: bytes) -> Json:
    try:
        envelope = _envelope.decode(body)
    except msgspec.ValidationError:  # of another shape: checked member by member
        whole = _anything.decode(body)
        if not isinstance(whole, dict):
            raise BadRequest("the body must be a JSON object") from None
        return whole
    members = msgspec.structs.asdict(envelope)
    if envelope.prefetch is not None:
        members["prefetch"] = {
            key: decode_searchset(value) or _anything.decode(value)
            for key, value in envelope.prefetch.items()
        }
    return members


def parse_request(body: bytes, hook: str) -> HookRequest:
    """Check the members that the specification requires. Raises BadRequest naming the member."""
    data = decode(body)
    if data.get("hook") != hook:
        raise BadRequest(f"this service answers the hook {hook}", ("hook",))
    context = data.get("context")
    if not isinstance(context, dict):
        raise BadRequest("context is missing or is not an object", ("context",))
    check_orders(hook, context)
    if not isinstance(data.get("prefetch"), dict | None):
        raise BadRequest("prefetch is not an object", ("prefetch",))
    token = _token(data)
    return HookRequest(
        hook_instance=_matching(data, "hookInstance", UUID, "a UUID"),
        patient_id=_matching(context, "patientId", ID, "the bare id of the patient", "context."),
        encounter_id=_encounter(context),
        fhir_server=_server(data, token),
        token=token,
        prefetch=data.get("prefetch"),
        context=_checked_user(context),
    )


def _matching(data: Json, key: str, pattern: re.Pattern[str], what: str, path: str = "") -> str:
    value = data.get(key)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadRequest(f"{path}{key} is missing or is not {what}", (f"{path}{key}",))
    return value


def _checked_user(context: Json) -> Json:
    _matching(context, "userId", USER, "a reference such as Practitioner/123", "context.")
    return context


def _encounter(context: Json) -> str | None:
    if context.get("encounterId") is None:
        return None
    return _matching(context, "encounterId", ID, "the bare id of the encounter", "context.")


def _token(data: Json) -> str | None:
    authorization = data.get("fhirAuthorization")
    if authorization is None:
        return None
    if not isinstance(authorization, dict):
        raise BadRequest("fhirAuthorization is not an object", ("fhirAuthorization",))
    if str(authorization.get("token_type", "")).lower() != "bearer":
        raise BadRequest("fhirAuthorization.token_type must be Bearer", ("fhirAuthorization.token_type",))
    return _matching(authorization, "access_token", TOKEN, "a token", "fhirAuthorization.")


def _server(data: Json, token: str | None) -> str | None:
    server = data.get("fhirServer")
    if server is None and token is not None:
        raise BadRequest("fhirServer is required beside fhirAuthorization", ("fhirServer",))
    if server is not None and not isinstance(server, str):
        raise BadRequest("fhirServer is not a URL", ("fhirServer",))
    return server
