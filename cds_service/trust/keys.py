"""JSON Web Key Sets: which keys of one are used, and for which algorithm."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from cds_service.observability import logger

ALGORITHM = {"EC": "ES384", "RSA": "RS384"}
"""What a key of each type is used for, and no other type is used: those that CDS Hooks recommends."""
SMALLEST_RSA, LARGEST_RSA = 2048, 8192
"""Bits. Larger ones would make each check a burden."""
MOST_KEYS = 100
LONGEST_ID = 256

KeySet = Mapping[tuple[str, str], PyJWK]
"""Keys by ``kid`` and algorithm."""


class GivenKeys:
    """Keys that were handed over, and stay until the next start."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    def find(self, kid: str, algorithm: str) -> PyJWK | None:
        return self._keys.get((kid, algorithm))


def read_key_set(text: bytes, source: str) -> KeySet:
    """The keys that can be used; others are skipped, and logged. Raises ValueError for what is no JWK Set."""
    try:
        document = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise ValueError(f"there must be a list named keys, of at most {MOST_KEYS}")
    found: dict[tuple[str, str], PyJWK] = {}
    for number, jwk in enumerate(listed):
        fault, key = _usable(jwk)
        if key is not None and (str(key.key_id), key.algorithm_name) in found:
            fault, key = "the same kid twice", None
        if key is None:
            logger.warning("key-skipped", source=source, key_number=number, error=fault)
        else:
            found[str(key.key_id), key.algorithm_name] = key
    return found


def _usable(jwk: Any) -> tuple[str, PyJWK | None]:
    """The key, or why it is not used."""
    fault = _fault(jwk)
    if fault:
        return fault, None
    algorithm = ALGORITHM[jwk["kty"]]
    try:
        # Named here: a key without "alg" would be taken for one of the library's default.
        key = PyJWK(jwk, algorithm=algorithm)
    except (PyJWTError, ValueError, TypeError, KeyError, OverflowError, UnsupportedAlgorithm):
        return "not a key that can be read", None
    return (_weakness(key.key), None) if _weakness(key.key) else ("", key)


def _fault(jwk: Any) -> str:
    if not isinstance(jwk, dict) or jwk.get("kty") not in tuple(ALGORITHM):
        return "of a type that is not used"
    kid, operations = jwk.get("kid"), jwk.get("key_ops", ["verify"])
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_ID:
        return "without a kid"
    if "d" in jwk:
        return "a private key, which is known to others now"
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return "for another use"
    if jwk.get("alg", ALGORITHM[jwk["kty"]]) != ALGORITHM[jwk["kty"]]:
        return "for another algorithm"
    return ""


def _weakness(key: object) -> str:
    if isinstance(key, EllipticCurvePublicKey):
        return "" if isinstance(key.curve, SECP384R1) else "of another curve than P-384"
    if isinstance(key, RSAPublicKey):
        return "" if SMALLEST_RSA <= key.key_size <= LARGEST_RSA else "of a size that is not used"
    return "not a public key"
