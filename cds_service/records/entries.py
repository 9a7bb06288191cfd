"""What is handed to the writer: small tuples, made on the path of a call and turned into rows later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple


class Full(NamedTuple):
    """All that an answer was made from, and its bytes: patient data, kept only where a site asks for it."""

    inputs: bytes
    response: bytes


class Card(NamedTuple):
    """A card that was shown, or held back in shadow, without what it says."""

    uuid: str
    rules: Sequence[str]


class Call(NamedTuple):
    """One call, however it ended. ``patient_id`` is written as a keyed hash only."""

    request_id: str
    time: datetime
    service: str
    hook_instance: str
    client: str
    status: int
    error: str
    lacking: tuple[str, ...]
    summary: Mapping[str, Any]
    cards: tuple[Card, ...]
    patient_id: str
    duration_ms: int
    full: Full | None = None
    shadow: bool = False
    """Whether the cards were held back."""


class Feedback(NamedTuple):
    """What a clinician did with one card."""

    card: str
    outcome: str
    outcome_time: datetime
    service: str
    client: str
    reason_system: str | None
    reason_code: str | None
    suggestions: tuple[str, ...]
    comment: str | None
    received: datetime


class Tables(NamedTuple):
    """The clinical tables and the program that decisions were made with."""

    guideline: str
    guideline_sha256: str
    codebook_sha256: str
    version: str
