"""Which keys of a published set are used; the others are skipped aloud, and cost the good ones nothing."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from jwt.algorithms import ECAlgorithm

from cds_service.trust.keys import read_key_set
from tests.logged import Logged
from tests.trusted_ehr import key_of, public_jwk

GOOD = public_jwk(key_of("P-384"), "good")
RSA = public_jwk(key_of("RSA-2048"), "rsa")


def used(*keys: Any) -> set[tuple[str, str]]:
    return set(read_key_set(json.dumps({"keys": keys}).encode(), "https://ehr.example/jwks.json"))


def test_keys_for_both_algorithms_are_used() -> None:
    assert used(GOOD, RSA) == {("good", "ES384"), ("rsa", "RS384")}


def test_keys_of_two_types_may_share_a_name() -> None:
    assert used(GOOD, RSA | {"kid": "good"}) == {("good", "ES384"), ("good", "RS384")}


@pytest.mark.parametrize(
    "odd",
    [
        public_jwk(key_of("RSA-1024"), "odd"),
        public_jwk(key_of("P-256"), "odd"),
        public_jwk(key_of("P-521"), "odd"),
        GOOD | {"kid": "odd", "crv": "P-256"},
        GOOD | {"kid": "odd", "crv": "P-999"},
        GOOD | {"kid": "odd", "alg": "ES256"},
        RSA | {"kid": "odd", "alg": "RS256"},
        RSA | {"kid": "odd", "alg": "PS384"},
        RSA | {"kid": "odd", "e": "AQ"},
        RSA | {"kid": "odd", "n": 7},
        RSA | {"kid": "odd", "n": ""},
        GOOD | {"kid": "odd", "use": "enc"},
        GOOD | {"kid": "odd", "key_ops": ["encrypt"]},
        GOOD | {"kid": "odd", "key_ops": "verify"},
        GOOD | {"kid": "odd", "x": GOOD["y"]},
        GOOD | {"kid": "odd", "x": None},
        GOOD | {"kid": ""},
        GOOD | {"kid": None},
        GOOD | {"kid": 1},
        GOOD | {"kid": "x" * 257},
        {"kty": "oct", "kid": "odd", "k": "c2VjcmV0"},
        {"kty": "OKP", "crv": "Ed25519", "kid": "odd", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty": ["EC"], "kid": "odd"},
        {"kid": "odd"},
        {},
        None,
        "key",
    ],
)
def test_a_key_that_cannot_be_used_is_skipped_aloud(odd: Any, logged: Logged) -> None:
    assert used(odd, GOOD) == {("good", "ES384")}
    assert logged.events == ["key-skipped"]


def test_a_published_private_key_is_not_used() -> None:
    key = key_of("P-384")
    assert isinstance(key, EllipticCurvePrivateKey)
    private = ECAlgorithm.to_jwk(key, as_dict=True) | {"kid": "leaked"}
    assert used(private, RSA) == {("rsa", "RS384")}


def test_of_two_keys_with_one_name_the_first_is_used() -> None:
    other = public_jwk(key_of("P-384", 1), "good")
    found = read_key_set(json.dumps({"keys": [GOOD, other]}).encode(), "here")
    token = jwt.encode({}, key_of("P-384"), "ES384")
    assert jwt.decode(token, found["good", "ES384"], ["ES384"]) == {}


@pytest.mark.parametrize("text", [b"", b"null", b"[]", b"{}", b'{"keys": 1}', b"\xff", b"[" * 100_000])
def test_what_is_no_key_set_is_said_to_be_none(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (json says what it met)
        read_key_set(text, "here")


def test_an_endless_key_set_is_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        used(*[GOOD] * 101)
