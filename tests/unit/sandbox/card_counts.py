"""Counts the cards of the demo's patients, and writes them into the page that explains when a card appears.

To rewrite the page: ``python -m tests.unit.sandbox.card_counts``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from cds_service.acquire.files import EVERYTHING
from cds_service.cards.grading import delay_card, grading_card
from cds_service.crs.assess import assess
from cds_service.sandbox import patients
from cds_service.tables import load_codebook, load_guideline
from fhir_mappings import map_resources

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "which-card-when.md"
BEGIN, END = "<!-- counts -->\n", "<!-- /counts -->\n"
NOW = datetime(2026, 3, 1, 10, 30, 42, tzinfo=UTC)
CODEBOOK, GUIDELINE = load_codebook(None), load_guideline("astct-2019")
STRENGTHS = ("recommended", "consider", "information")


class Counts(NamedTuple):
    """What one patient's chart brings onto the screen."""

    patient: str
    title: str
    card: str
    indicators: tuple[str, ...]
    strengths: tuple[int, ...]
    suggestions: int
    drafts: int


def cards_of(patient_id: str, now: datetime = NOW) -> list[dict[str, Any]]:
    chart = patients.resources(patient_id, now)
    facts = map_resources(chart, CODEBOOK, as_of=now, patient_id=patient_id, coverage=EVERYTHING, zone=None)
    assessment = assess(facts, GUIDELINE, now)
    made = (grading_card(assessment, GUIDELINE), delay_card(assessment, GUIDELINE))
    return [card for card in made if card is not None]


def counts_of(patient_id: str, now: datetime = NOW) -> Counts:
    cards = cards_of(patient_id, now)
    rows = [
        row["strength"]
        for card in cards
        for row in card["extension"].get("org.crs-cds.assessment", {}).get("recommendations", [])
    ]
    found = Counter(rows)
    suggestions = [suggestion for card in cards for suggestion in card.get("suggestions", [])]
    return Counts(
        patient_id.removeprefix("demo-"),
        patients.SCENARIOS[patient_id].title,
        "; ".join(card["summary"].partition(":")[0] for card in cards) or "none",
        tuple(card["indicator"] for card in cards),
        tuple(found[strength] for strength in STRENGTHS),
        len(suggestions),
        sum(len(suggestion["actions"]) for suggestion in suggestions),
    )


def table() -> Iterator[str]:
    found = [counts_of(patient_id) for patient_id in patients.ids()]
    yield "| demo | patient | card | `indicator` | advice | offered |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in found:
        advice = " + ".join(map(str, row.strengths)) if any(row.strengths) else ""
        offered = f"{row.suggestions} ({row.drafts})" if row.suggestions else ""
        cells = (row.patient, row.title, row.card, ", ".join(row.indicators), advice, offered)
        yield "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)
    yield ""
    yield from _sums(found)


def _sums(found: list[Counts]) -> Iterator[str]:
    by_indicator = Counter(indicator for row in found for indicator in row.indicators)
    shown = ", ".join(f"{by_indicator[name]} {name}" for name in ("critical", "warning", "info"))
    advice = sum(sum(row.strengths) for row in found)
    cards = sum(len(row.indicators) for row in found)
    most = max(len(row.indicators) for row in found)
    yield f"{len(found)} patients, {cards} cards ({shown}), at most {most} a patient;"
    suggestions, drafts = sum(row.suggestions for row in found), sum(row.drafts for row in found)
    yield f"{advice} rows of advice on them, {suggestions} suggestions with {drafts} drafts."
    yield f"A card for each row of advice would have been {advice} cards."


def counted() -> str:
    return "\n".join(table()) + "\n"


def on_the_page(page: str) -> str:
    return page.partition(BEGIN)[2].partition(END)[0]


def rewritten(page: str) -> str:
    return page.replace(BEGIN + on_the_page(page) + END, BEGIN + counted() + END)


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text("utf-8")), "utf-8")
