"""The uuids and the bytes of an answer: derived from the call, so that its replay gives the same bytes."""

from __future__ import annotations

import uuid
from hashlib import sha1
from typing import Any

import msgspec

NAMESPACE = uuid.UUID("0f2e3a52-3a57-5d8c-9d43-9b4f6c1c7d10")
"""Fixed for ever: what was answered before is found by it."""
_BEGUN = sha1(NAMESPACE.bytes, usedforsecurity=False)
encode = msgspec.json.Encoder(decimal_format="number").encode
"""A dose of 358.8 mg is a number, digit by digit."""


def with_uuids(body: dict[str, Any], request_id: str, service_id: str) -> dict[str, Any]:
    """The body with a uuid on each card and each suggestion, by their place in the answer."""
    cards = [_named(card, f"{request_id}/{service_id}/{n}") for n, card in enumerate(body["cards"])]
    return {**body, "cards": cards}


def _named(card: dict[str, Any], place: str) -> dict[str, Any]:
    named: dict[str, Any] = {"uuid": _uuid(place), **{k: v for k, v in card.items() if k != "uuid"}}
    if "suggestions" in card:
        named["suggestions"] = [
            {**suggestion, "uuid": _uuid(f"{place}/{n}")} for n, suggestion in enumerate(card["suggestions"])
        ]
    return named


def _uuid(name: str) -> str:
    """``uuid.uuid5`` as text; an object of its own for each costs more than the digest."""
    digest = _BEGUN.copy()
    digest.update(name.encode())
    text = digest.hexdigest()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"
