"""Tokens as they are made to get in where they should not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm

from tests.contract.trusted import AT, token
from tests.trusted_ehr import PATH, PUBLIC_URL, Ehr, Json, key_of

AUD = PUBLIC_URL + PATH
JKU = "https://ehr.example/jwks.json"
OTHER = "https://b.example"


def packed(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def header(**changes: Any) -> Json:
    whole = {"alg": "ES384", "typ": "JWT", "kid": "one"} | changes
    return {name: value for name, value in whole.items() if value is not ...}


def claims(**changes: Any) -> Json:
    return Ehr().claims(**({"now": AT} | changes))


def unsigned(head: Json, body: Any = None, signature: bytes = b"") -> str:
    return f"{packed(head)}.{packed(body or claims())}.{packed(signature)}"


def signed(head: Any, body: Any, ehr: Ehr | None = None) -> str:
    """Any header and claims, rightly signed with the EHR's key."""
    key = (ehr or Ehr()).key
    assert isinstance(key, EllipticCurvePrivateKey)
    signing = f"{packed(head)}.{packed(body)}"
    signature = ECAlgorithm(ECAlgorithm.SHA384).sign(signing.encode(), key)
    return f"{signing}.{packed(signature)}"


def hmac_signed(algorithm: str, secret: bytes) -> str:
    """Signed with what is public, as if it were a shared secret."""
    kind = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    signing = f"{packed(header(alg=algorithm))}.{packed(claims())}"
    return f"{signing}.{packed(hmac.new(secret, signing.encode(), kind).digest())}"


def pem() -> bytes:
    return Ehr().key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def der() -> bytes:
    return Ehr().key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def jwk_text() -> bytes:
    return json.dumps(Ehr().jwks()["keys"][0]).encode()


STRANGER = Ehr(key=key_of("P-384", 9))
"""Somebody with a key of his own."""


class Attack(NamedTuple):
    name: str
    token: Callable[[], str]
    reason: str


def changed(**changes: Any) -> Callable[[], str]:
    """A rightly signed token with other claims."""
    return lambda: signed(header(), claims(**changes))


def plain(name: object) -> Callable[[], str]:
    """Without a signature."""
    return partial(unsigned, header(alg=name))


def shared_secret(algorithm: str, secret: Callable[[], bytes]) -> Callable[[], str]:
    return lambda: hmac_signed(algorithm, secret())


def as_is(text: str) -> Callable[[], str]:
    return lambda: text


def headed(**changes: Any) -> Callable[[], str]:
    """A rightly signed token with another header."""
    return lambda: signed(header(**changes), claims())


ORDER = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
)


def tampered(part: int, value: Json) -> str:
    parts = token().split(".")
    parts[part] = packed(value)
    return ".".join(parts)


def mixed() -> str:
    return ".".join([*token().split(".")[:2], token().split(".")[2]])


def twice(name: str, value: str) -> bytes:
    return f'{{"{name}": "{value}", {json.dumps(claims())[1:]}'.encode()
