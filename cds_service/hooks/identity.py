"""The uuids and the bytes of an answer: derived from the call, so that its replay gives the same bytes."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

NAMESPACE = uuid.UUID("0f2e3a52-3a57-5d8c-9d43-9b4f6c1c7d10")
"""Fixed for ever: what was answered before is found by it."""
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
    return str(uuid.uuid5(NAMESPACE, name))
