"""Why a card may be declined: two short lists over one code system of our own, published as FHIR R4.

The canonical URLs are UUIDs: they belong to nobody's domain and never change. A code is never given
another meaning and never removed, so that answers stored years ago stay readable.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from cds_service.cards.wording.orders import (
    GRADING_TITLE,
    ORDER_TITLE,
    OVERRIDE_REASONS,
    OVERRIDES_ABOUT,
    OVERRIDES_TITLE,
)

Json = dict[str, Any]

SYSTEM = "urn:uuid:5c109f21-4083-4d70-b3b2-cac7cb616200"
VERSION = "1"
DATE = "2026-11-25"
PUBLISHER = "crs-cds"


class ReasonList(NamedTuple):
    """The reasons of one kind of card, in the order of its menu."""

    id: str
    url: str
    name: str
    title: str
    codes: tuple[str, ...]


GRADING = ReasonList(
    "crs-grading-override-reasons",
    "urn:uuid:2897b222-a4a1-481c-97ea-08b0428001f4",
    "CrsGradingOverrideReasons",
    GRADING_TITLE,
    (
        "already-acting", "another-cause", "chart-wrong", "specialist-plan", "efficacy-concern",
        "not-for-this-patient",
    ),
)  # fmt: skip
"""For the card that says what to do at a grade."""
ORDER = ReasonList(
    "crs-order-override-reasons",
    "urn:uuid:5f0feecc-51fc-44eb-bc7c-63f60044bc40",
    "CrsOrderOverrideReasons",
    ORDER_TITLE,
    (
        "pharmacy-agreed", "weight-wrong", "earlier-dose-wrong", "other-indication", "already-acting",
        "another-cause",
    ),
)  # fmt: skip
"""For the card on an order that is about to be signed."""


def override_reasons(reasons: ReasonList) -> list[Json]:
    """``overrideReasons`` of a card (CDS Hooks)."""
    return [
        {"code": code, "system": SYSTEM, "display": OVERRIDE_REASONS[code].display} for code in reasons.codes
    ]


def code_system() -> Json:
    """All reasons as an R4 CodeSystem."""
    concepts = [
        {"code": code, "display": words.display, "definition": words.definition}
        for code, words in OVERRIDE_REASONS.items()
    ]
    return {
        **_head("CodeSystem", "crs-override-reasons", SYSTEM, "CrsOverrideReasons", OVERRIDES_TITLE),
        "description": OVERRIDES_ABOUT,
        "caseSensitive": True,
        "content": "complete",
        "count": len(concepts),
        "concept": concepts,
    }


def value_set(reasons: ReasonList) -> Json:
    """One list as an R4 ValueSet."""
    concepts = [{"code": code} for code in reasons.codes]
    return {
        **_head("ValueSet", reasons.id, reasons.url, reasons.name, reasons.title),
        "compose": {"include": [{"system": SYSTEM, "concept": concepts}]},
    }


def _head(kind: str, identity: str, url: str, name: str, title: str) -> Json:
    return {
        "resourceType": kind,
        "id": identity,
        "url": url,
        "version": VERSION,
        "name": name,
        "title": title,
        "status": "active",
        "experimental": False,
        "date": DATE,
        "publisher": PUBLISHER,
    }
