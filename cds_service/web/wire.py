"""A CDS Hooks request, checked and typed (CDS Hooks 2.0.1, tolerant of members of later versions).

What is checked here is what the JSON Schemas say, in a form that costs a call next to nothing: what a
schema allows is accepted, save where two members must agree. Beyond the schemas, ``null`` is read as left out
where a member may be left out.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from cds_service.errors import BadRequest, Fault
from cds_service.hooks.request import HookRequest
from cds_service.web.contexts import check_context
from cds_service.web.faults import faults
from cds_service.web.members import ID, UUID, Json, matching
from fhir_mappings.facts import Source
from fhir_mappings.searchset import Searchset, decode_searchset

TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
URL = re.compile(r"https?://\S+")
BEARER = re.compile("bearer", re.IGNORECASE | re.ASCII)
TEXT = re.compile(".*", re.DOTALL)


class _Members(msgspec.Struct):
    hook: Any = None
    hookInstance: Any = None
    fhirServer: Any = None
    fhirAuthorization: Any = None
    context: Any = None


class _Envelope(_Members):
    """A request whose prefetch values are decoded one by one."""

    prefetch: dict[str, msgspec.Raw] | None = None


LARGE = Source.VITALS.value
"""The prefetch key that holds nearly all of a body."""
_ABSENT = msgspec.Raw(b"")
_Prefetch = msgspec.defstruct(
    "_Prefetch",
    [
        (LARGE, Searchset | msgspec.UnsetType, msgspec.UNSET),
        *((source.value, msgspec.Raw, _ABSENT) for source in Source if source is not Source.VITALS),
    ],
)


class _Everyday(_Members, kw_only=True):
    """A request whose vital signs are everyday ones: decoded with it, in one go."""

    prefetch: _Prefetch  # type: ignore[valid-type]  # made from the sources


_everyday = msgspec.json.Decoder(_Everyday, float_hook=Decimal)
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
        everyday = _everyday.decode(body)
    except msgspec.ValidationError:  # with other vital signs, or without prefetch
        return _decode_by_key(body)
    members = msgspec.structs.asdict(everyday)
    prefetch = msgspec.structs.asdict(everyday.prefetch)
    members["prefetch"] = {
        key: value if key == LARGE else _value(value)
        for key, value in prefetch.items()
        if value is not msgspec.UNSET and value is not _ABSENT
    }
    return members


def _decode_by_key(body: bytes) -> Json:
    try:
        envelope = _envelope.decode(body)
    except msgspec.ValidationError:  # of another shape: checked member by member
        whole = _anything.decode(body)
        if not isinstance(whole, dict):
            raise BadRequest("the body must be a JSON object") from None
        return whole
    members = msgspec.structs.asdict(envelope)
    if envelope.prefetch is not None:
        members["prefetch"] = {key: _value(value) for key, value in envelope.prefetch.items()}
    return members


def _value(raw: msgspec.Raw) -> Any:
    """One prefetch value: typed where it is everyday, else as it is."""
    return decode_searchset(raw) or _anything.decode(raw)


def parse_request(body: bytes, hook: str) -> HookRequest:
    """Check the members that the specification requires. Raises BadRequest naming each member at fault."""
    data = decode(body)
    try:
        return _checked(data, hook)
    except BadRequest as refusal:
        refusal.others = tuple(f for f in _all_faults(body, hook) if f.member not in refusal.expression)
        raise


def _all_faults(body: bytes, hook: str) -> tuple[Fault, ...]:
    """Also with the members that nothing here reads; a refusal has time for that."""
    try:
        return faults(msgspec.json.decode(body), f"{hook}-request")
    except (*_NOT_JSON, RecursionError):  # numbers beyond a float
        return ()


def _checked(data: Json, hook: str) -> HookRequest:
    if data.get("hook") != hook:
        raise BadRequest(f"this service answers the hook {hook}", ("hook",))
    context = data.get("context")
    if not isinstance(context, dict):
        raise BadRequest("context is missing or is not an object", ("context",))
    if not isinstance(data.get("prefetch"), dict | None):
        raise BadRequest("prefetch is not an object", ("prefetch",))
    hook_instance = matching(data, "hookInstance", UUID, "a UUID")
    check_context(context, hook)
    patient_id = matching(context, "patientId", ID, "the bare id of the patient", "context.")
    return HookRequest(
        hook_instance=hook_instance,
        patient_id=patient_id,
        encounter_id=context.get("encounterId"),
        fhir_server=_server(data),
        token=_token(data.get("fhirAuthorization"), patient_id),
        prefetch=data.get("prefetch"),
        context=context,
        scope=(data.get("fhirAuthorization") or {}).get("scope"),
    )


def _server(data: Json) -> str | None:
    server = data.get("fhirServer")
    if server is None and data.get("fhirAuthorization") is not None:
        raise BadRequest("fhirServer is required beside fhirAuthorization", ("fhirServer",))
    if server is not None and (not isinstance(server, str) or not URL.fullmatch(server)):
        raise BadRequest("fhirServer is not a URL", ("fhirServer",))
    return server


def _token(authorization: Any, patient_id: str) -> str | None:
    path = "fhirAuthorization"
    if authorization is None:
        return None
    if not isinstance(authorization, dict):
        raise BadRequest(f"{path} is not an object", (path,))
    token = matching(authorization, "access_token", TOKEN, "a token", f"{path}.")
    matching(authorization, "token_type", BEARER, "Bearer", f"{path}.")
    if not _is_whole(authorization.get("expires_in")):
        raise BadRequest(f"{path}.expires_in is missing or is not a number", (f"{path}.expires_in",))
    for name in ("scope", "subject"):
        matching(authorization, name, TEXT, "text", f"{path}.")
    _check_patient(authorization.get("patient"), patient_id)
    return token


def _is_whole(value: object) -> bool:
    if isinstance(value, Decimal):
        return value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


def _check_patient(limited_to: object, patient_id: str) -> None:
    """A token for another patient: servers answer its searches with nothing, which would read as "none"."""
    if limited_to is None:
        return
    if not isinstance(limited_to, str) or limited_to.removeprefix("Patient/") != patient_id:
        raise BadRequest(
            "fhirAuthorization.patient is not the patient of the context", ("fhirAuthorization.patient",)
        )
