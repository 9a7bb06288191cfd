"""The limit vectors, DL-1 to DL-13: through HTTP, mapping and engine to the card."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from cds_service.tables import load_guideline
from tests.builders import NOW, Json
from tests.contract.service import call, client
from tests.spec.limits.cases import CHARTS, CONDITIONS, DRAFT, EXPECTED, Vector, vectors

VECTORS = list(vectors())
SERVICE = client(timezone="UTC")
ADVICE = {"TX-5", "TX-17", "TX-18", "TX-22", "GR-7"}
every_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)


@cache
def answer(identity: str) -> tuple[Json, ...]:
    vector = next(vector for vector in VECTORS if vector.id == identity)
    return tuple(cards_of(vector, vector.request()))


def cards_of(vector: Vector, request: Json) -> list[Json]:
    found = call(SERVICE, request, f"/cds-services/crs-{vector.hook}")
    assert found.status_code == 200, found.text
    cards: list[Json] = json.loads(found.text, parse_float=Decimal)["cards"]
    return cards


def by_draft(vector: Vector, cards: tuple[Json, ...]) -> dict[str, Json]:
    """A card names its order in its suggestions; one without any is that of the first draft."""
    found = {}
    for card in cards:
        named = [target(action) for each in card.get("suggestions", ()) for action in each["actions"]]
        found[named[0] if named else vector.resources[0]["id"]] = card
    assert len(found) == len(cards), "an order has more than one card"
    return found


def target(action: Json) -> str:
    reference = action.get("resourceId") or f"MedicationRequest/{action['resource']['id']}"
    return str(reference).partition("/")[2]


def rules(card: Json) -> list[str]:
    found: list[str] = card["extension"]["org.crs-cds.rules"]
    return found


def offers(card: Json) -> list[str]:
    """What may be signed: ``change to 560 mg every 8 h, 3 doses from 12:00 (recommended)``, or ``remove``."""
    return [_offer(each) for each in card.get("suggestions", ())]


def _offer(suggestion: Json) -> str:
    (action,) = suggestion["actions"]
    mark = " (recommended)" if suggestion.get("isRecommended") else ""
    if action["type"] == "delete":
        return f"remove{mark}"
    change = "change to " if suggestion["label"].startswith("Change to") else ""
    return f"{change}{_dosage(action['resource'])}{mark}"


def _dosage(resource: Json) -> str:
    (instruction,) = resource["dosageInstruction"]
    quantity, repeat = instruction["doseAndRate"][0]["doseQuantity"], instruction["timing"]["repeat"]
    every = f" every {repeat['period']} {repeat['periodUnit']}" if "period" in repeat else ""
    count = f", {repeat['count']} doses" if every and "count" in repeat else ""
    start = repeat.get("boundsPeriod", {}).get("start", "")
    since = f" from {start[11:16]}" if start > NOW.isoformat() else ""
    return f"{quantity['value']} {quantity['unit']}{every}{count}{since}"


@every_vector
def test_the_first_draft_breaks_these_limits_and_no_others(vector: Vector) -> None:
    cards = by_draft(vector, answer(vector.id))
    card = cards.get(vector.resources[0]["id"])
    assert (rules(card) if card else []) == vector.expect["rules"], vector.says


@every_vector
def test_the_other_drafts_break_theirs(vector: Vector) -> None:
    cards = by_draft(vector, answer(vector.id))
    found = {name: rules(card) for name, card in cards.items() if name != vector.resources[0]["id"]}
    assert found == vector.expect.get("others", {}), vector.says


those_with_a_card = pytest.mark.parametrize(
    "vector", [vector for vector in VECTORS if vector.expect["rules"]], ids=lambda vector: vector.id
)


def first_card(vector: Vector) -> Json:
    return by_draft(vector, answer(vector.id))[vector.resources[0]["id"]]


@those_with_a_card
def test_the_danger_is_shown(vector: Vector) -> None:
    assert first_card(vector)["indicator"] == vector.expect["indicator"], vector.says


@those_with_a_card
def test_what_may_be_signed_instead_is_offered(vector: Vector) -> None:
    assert offers(first_card(vector)) == vector.expect["offers"], vector.says


@those_with_a_card
def test_the_card_says_what_it_stands_on(vector: Vector) -> None:
    detail = first_card(vector)["detail"]
    assert [text for text in vector.expect.get("says", ()) if text not in detail] == [], detail
    assert [text for text in vector.expect.get("not_says", ()) if text in detail] == [], detail


@those_with_a_card
def test_a_card_names_each_rule_and_no_placeholder_is_left(vector: Vector) -> None:
    card = first_card(vector)
    assert all(f"({rule}" in card["detail"] for rule in rules(card))
    assert not any(mark in card["summary"] + card["detail"] for mark in "{}")
    assert len(card["summary"]) < 140


@those_with_a_card
def test_a_corrected_order_passes_its_own_check(vector: Vector) -> None:
    """Taken over as a client does, and sent again: what is left is no matter of the order (DL-13)."""
    changed = [
        action["resource"]
        for each in first_card(vector).get("suggestions", ())
        for action in each["actions"]
        if action["type"] == "update"
    ]
    for resource in changed:
        drafts = [resource if each["id"] == resource["id"] else each for each in vector.resources]
        again = by_draft(vector, tuple(cards_of(vector, vector.request(drafts))))
        left = again.get(resource["id"])
        assert left is None or set(rules(left)) <= ADVICE, vector.says
        assert left is None or left["indicator"] == "info" or rules(left) == ["GR-7"], vector.says


# ------------------------------------------------------------------ the vectors themselves


def test_every_limit_has_vectors_on_both_sides() -> None:
    spoken = Counter(rule for vector in VECTORS for rule in vector.expect["rules"])
    silent = Counter(vector.rule for vector in VECTORS if vector.rule not in vector.expect["rules"])
    for number in range(1, 13):
        assert spoken[f"DL-{number}"] >= 2, number
        assert silent[f"DL-{number}"] >= 1, number
    assert {"DL-13", *ADVICE} <= {*spoken, *(vector.rule for vector in VECTORS)}
    assert len(VECTORS) >= 120


def test_every_vector_has_a_name_of_its_own() -> None:
    assert [name for name, times in Counter(v.id for v in VECTORS).items() if times > 1] == []


def test_no_vector_has_a_key_that_nobody_reads() -> None:
    sources = load_guideline("astct-2019")
    cited = {*sources.sources, "hooks", *(key for drug in sources.drugs.values() for key in drug.sources)}
    for vector in VECTORS:
        assert set(vector.expect) <= EXPECTED, vector.id
        assert vector.source in cited, vector.id
        assert vector.crs in CHARTS, vector.id
        assert set(vector.conditions) <= set(CONDITIONS), vector.id
        for row in (*vector.drafts, *vector.orders, *_parts(vector)):
            assert set(row) <= DRAFT, vector.id


def _parts(vector: Vector) -> list[Any]:
    return [part for row in (*vector.drafts, *vector.orders) for part in row.get("doses", ())]
