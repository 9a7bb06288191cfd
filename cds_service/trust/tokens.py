"""The check of a token, claim by claim: the cheap checks first, then the signature, then whether it was used.

Stricter than the library it stands on: one audience, a bounded life, whole
seconds, and no member twice, so that no two programs can read a token in two ways.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn, Protocol

from jwt import PyJWK, PyJWS
from jwt.exceptions import PyJWTError
from jwt.utils import base64url_decode

from cds_service.trust.clients import Client
from cds_service.trust.keys import LONGEST_ID
from cds_service.trust.reasons import Reason, Refused

LEEWAY_S = 30
"""How far the clocks of client and service may be apart."""
MOST_CHARACTERS = 8192
ALGORITHMS = ("ES384", "RS384")
_BEARER = re.compile(r"(?i:bearer) ([\w-]+\.[\w-]+\.[\w-]*)", re.ASCII)
_KEYS_IN_TOKEN = frozenset({"jwk", "x5u", "x5c"})
_CRITICAL = frozenset({"crit", "b64", "enc", "zip", "cty"})
_LATEST = 2**53
"""Beyond it programs do not agree on whole numbers."""

_library = PyJWS(algorithms=ALGORITHMS)
_STRICT: Any = {"verify_signature": True, "enforce_minimum_key_length": True}


class Keys(Protocol):
    def find(self, kid: str, algorithm: str) -> PyJWK | None: ...


class Used(Protocol):
    def first_use(self, issuer: str, jti: str, seconds: int) -> bool:
        """Whether a token is used for the first time; it is known for some seconds. Raises CannotTell."""


class Parts(NamedTuple):
    header: dict[str, Any]
    claims: dict[str, Any]
    token: str


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """Who calls, by the token of the call. ``keys`` are those of each client, by issuer."""

    clients: Mapping[str, Client]
    keys: Mapping[str, Keys]
    used: Used

    def client(self, authorization: str | None, url: str, now: int) -> Client:
        """The client whose unused token for this address it is. Raises Refused, or CannotTell.

        ``url`` is the address that was called, as clients know it; ``now`` in seconds since 1970.
        """
        parts = _parts(authorization)
        _check_header(parts.header)
        issuer = parts.claims.get("iss")
        client = self.clients.get(issuer) if isinstance(issuer, str) else None
        if client is None:
            raise Refused(Reason.ISSUER)
        try:
            return self._checked(parts, client, url, now)
        except Refused as refusal:
            raise Refused(refusal.reason, client.iss) from None

    def _checked(self, parts: Parts, client: Client, url: str, now: int) -> Client:
        header, claims = parts.header, parts.claims
        if "jku" in header and (not isinstance(header["jku"], str) or header["jku"] != client.jku):
            raise Refused(Reason.JKU)
        if claims.get("aud") not in (url, [url]):
            raise Refused(Reason.AUDIENCE)
        expires = _check_times(claims, client.max_token_age_s, now)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_ID:
            raise Refused(Reason.JTI)
        if client.tenants and claims.get("tenant") not in client.tenants:
            raise Refused(Reason.TENANT)
        self._check_signature(parts, client)
        # Remembered beyond its life by what the clocks of two replicas may be apart.
        if not self.used.first_use(client.iss, jti, expires - now + 2 * LEEWAY_S):
            raise Refused(Reason.REPLAYED)
        return client

    def _check_signature(self, parts: Parts, client: Client) -> None:
        algorithm = parts.header["alg"]
        key = self.keys[client.iss].find(parts.header["kid"], algorithm)
        if key is None:
            raise Refused(Reason.KEY)
        try:
            _library.decode_complete(parts.token, key, algorithms=[algorithm], options=_STRICT)
        except (PyJWTError, ValueError):
            raise Refused(Reason.SIGNATURE) from None


def _parts(authorization: str | None) -> Parts:
    if not authorization:
        raise Refused(Reason.NO_TOKEN)
    found = _BEARER.fullmatch(authorization) if len(authorization) <= MOST_CHARACTERS else None
    if found is None:
        raise Refused(Reason.MALFORMED)
    header, claims, _ = found[1].split(".")
    return Parts(_object(header), _object(claims), found[1])


def _object(segment: str) -> dict[str, Any]:
    """A JSON object that can be read in one way only."""
    try:
        text = base64url_decode(segment).decode("utf-8")  # bytes could be UTF-16 as well
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_not_json)
    except (ValueError, binascii.Error, RecursionError):
        raise Refused(Reason.MALFORMED) from None
    if not isinstance(found, dict):
        raise Refused(Reason.MALFORMED)
    return found


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member twice")
    return found


def _not_json(text: str) -> NoReturn:
    raise ValueError(text)


def _check_header(header: dict[str, Any]) -> None:
    if header.get("alg") not in ALGORITHMS:
        raise Refused(Reason.ALGORITHM)
    if not _KEYS_IN_TOKEN.isdisjoint(header):
        raise Refused(Reason.KEY_IN_TOKEN)
    if not _CRITICAL.isdisjoint(header):
        raise Refused(Reason.CRITICAL)
    kind, kid = header.get("typ"), header.get("kid")
    if not isinstance(kind, str) or kind.upper() != "JWT":  # an access token (at+jwt) is not one of ours
        raise Refused(Reason.TYPE)
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_ID:
        raise Refused(Reason.KEY)


def _check_times(claims: dict[str, Any], most_age: int, now: int) -> int:
    """When the token ends, in seconds since 1970."""
    expires, issued, begins = (_time(claims.get(name, begin)) for name, begin in _TIMES)
    if expires <= issued:
        raise Refused(Reason.TIMES)
    if expires - issued > most_age:
        raise Refused(Reason.LIFE)
    if now >= expires + LEEWAY_S:
        raise Refused(Reason.EXPIRED)
    if now < max(issued, begins) - LEEWAY_S:
        raise Refused(Reason.NOT_YET)
    return expires


_TIMES = (("exp", None), ("iat", None), ("nbf", 0))


def _time(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LATEST:
        return value
    raise Refused(Reason.TIMES)
