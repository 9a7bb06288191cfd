"""Laws of the order check that hold for any draft and any history."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import ordering
from tests.builders import NOW, Json
from tests.contract.service import call, client
from tests.ordering import IV, SELECT, SIGN, SUBCUTANEOUS, dose, draft, every, hook_request, starting
from tests.unit.mapping.tampering import clone, tamper

SERVICE = client()
KILOGRAMS = st.decimals("5", "180", places=2)
ADVICE = {"TX-5", "TX-18", "TX-22", "GR-7"}
BANDS = ((Decimal(30), Decimal(12)), (Decimal(1000), Decimal(8)))


def cards(drafts: list[Json], hook: str = SIGN, **members: Any) -> list[Json]:
    members.setdefault("prefetch", ordering.chart())
    found = call(SERVICE, hook_request(hook, drafts, **members), f"/cds-services/crs-{hook}")
    assert found.status_code == 200, found.text
    told: list[Json] = json.loads(found.text, parse_float=Decimal)["cards"]
    return told


def rules(found: list[Json]) -> set[str]:
    return {rule for card in found for rule in card["extension"]["org.crs-cds.rules"]}


def without_ids(value: Any) -> Any:
    """A card as it reads: uuids are new for every answer."""
    if isinstance(value, dict):
        return {key: without_ids(inner) for key, inner in value.items() if key != "uuid"}
    return [without_ids(inner) for inner in value] if isinstance(value, list) else value


def by_weight(kilograms: Decimal) -> Decimal:
    """As one reckons it by hand, capped."""
    rate = next(rate for below, rate in BANDS if kilograms < below)
    return min(rate * kilograms, Decimal(800))


# ------------------------------------------------------------------ amounts

UNITS = ("mg", "g", "mg/kg", "mL")


def in_unit(milligrams: Decimal, unit: str, kilograms: Decimal) -> Decimal:
    return {
        "mg": milligrams,
        "g": milligrams / 1000,
        "mL": milligrams / 20,
        "mg/kg": milligrams / kilograms,
    }[unit]


@given(kilograms=KILOGRAMS, rate=st.decimals("1", "25", places=1))
@settings(max_examples=60, deadline=None)
def test_equal_doses_in_mg_g_ml_and_mg_per_kg_get_equal_answers(kilograms: Decimal, rate: Decimal) -> None:
    chart = ordering.chart(weights=[ordering.weight(kilograms)])
    milligrams = rate * kilograms
    told = [
        without_ids(
            cards([draft("tocilizumab", dose(in_unit(milligrams, unit, kilograms), unit))], prefetch=chart)
        )
        for unit in UNITS
    ]
    assert [_told_of_amount(each) for each in told] == [_told_of_amount(told[0])] * len(told)


def _told_of_amount(found: list[Json]) -> list[tuple[Any, ...]]:
    keys = ("summary", "detail", "indicator", "extension", "suggestions")
    return [tuple(card.get(key) for key in keys) for card in found]


@given(
    kilograms=KILOGRAMS,
    tenths=st.integers(1, 16_000),
    unit=st.sampled_from(("mg", "g", "mL")),
    parts=st.integers(1, 4),
)
@settings(max_examples=120, deadline=None)
def test_an_amount_above_a_limit_is_never_silent_and_one_within_always_is(
    kilograms: Decimal, tenths: int, unit: str, parts: int
) -> None:
    """Whatever the unit, and however many instructions it is split over (DL-1, DL-2, DL-10)."""
    milligrams = Decimal(tenths) / 10
    split = [milligrams // parts] * (parts - 1)
    split.append(milligrams - sum(split, Decimal(0)))
    instructions = [dose(in_unit(part, unit, kilograms), unit) for part in split if part > 0]
    chart = ordering.chart(weights=[ordering.weight(kilograms)])
    meant = by_weight(kilograms)
    expected = {
        *({"DL-2"} if milligrams > 800 else ()),
        *({"DL-1"} if milligrams > meant * Decimal("1.1") else ()),
        *({"DL-10"} if milligrams < meant * Decimal("0.9") else ()),
    }
    assert rules(cards([draft("tocilizumab", *instructions)], prefetch=chart)) == expected


@given(parts=st.lists(st.integers(1, 900), min_size=2, max_size=4))
@settings(max_examples=40, deadline=None)
def test_one_dose_split_over_drafts_is_never_silent(parts: list[int]) -> None:
    drafts = [draft("tocilizumab", dose(part), identity=f"d{n}") for n, part in enumerate(parts)]
    found = cards(drafts)
    assert len(found) == len(drafts)
    assert all({"DL-3", "DL-11"} <= rules([card]) for card in found)


SPELLINGS = (
    SUBCUTANEOUS,
    {"text": "SC"},
    {"text": "subcutaneous"},
    {"text": "Subcutaneous"},
    {"coding": [{"code": "34206005", "system": "http://snomed.info/sct"}], "text": "IV"},
    {"text": "sub-q, in the belly"},
    {"coding": [{"code": "X9", "system": "http://hospital.example"}], "text": "S/C depot"},
)


@pytest.mark.parametrize("route", SPELLINGS, ids=str)
def test_another_route_is_never_silent_however_it_is_spelled(route: Json) -> None:
    """What is understood is another route (DL-7); what is not is said to be so (DL-9)."""
    assert rules(cards([draft("tocilizumab", dose(560, route=route))])) & {"DL-7", "DL-9"}


# ------------------------------------------------------------------ times: a slow oracle

HOUR = timedelta(hours=1)


def oracle(given_: list[datetime], own: list[datetime]) -> set[str]:
    """Interval, rolling window and total, by looking at everything (DL-3, DL-4, DL-5)."""
    every_dose = sorted([*given_, *own])
    broken: set[str] = set()
    for one in own:
        if any(one is not other and abs(one - other) < 8 * HOUR for other in [*given_, *own]):
            broken.add("DL-3")
    for end in every_dose:
        inside = [t for t in every_dose if end - 24 * HOUR < t <= end]
        if len(inside) > 3 and set(inside) & set(own):
            broken.add("DL-4")
    if len(every_dose) > 4:
        broken.add("DL-5")
    return broken


quarters = st.integers(1, 4 * 70)  # within the 72 h since the cells


@given(
    history=st.lists(quarters, max_size=5, unique=True),
    start=st.integers(0, 4 * 30),
    interval=st.integers(4, 4 * 26),
    count=st.integers(1, 4),
    shift=st.sampled_from((0, 1, -1)),
)
@settings(max_examples=250, deadline=None)
def test_times_are_judged_as_a_slow_oracle_judges_them(
    history: list[int], start: int, interval: int, count: int, shift: int
) -> None:
    """``shift`` moves the doses given by a second, off the quarters of an hour."""
    given_ = [NOW - q * HOUR / 4 + timedelta(seconds=shift) for q in history]
    own = [NOW + (start + n * interval) * HOUR / 4 for n in range(count)]
    doses = [
        ordering.given("tocilizumab", 0, id=f"g{n}", effectiveDateTime=time.isoformat())
        for n, time in enumerate(given_)
    ]
    repeat = {"frequency": 1, "period": Decimal(interval) / 4, "periodUnit": "h", "count": count}
    order = draft(
        "tocilizumab",
        dose(560, timing=starting(Decimal(start) / 4, **(repeat if count > 1 else {"count": 1}))),
    )
    assert rules(cards([order], prefetch=ordering.chart(doses=doses))) == oracle(given_, own)


@given(
    history=st.lists(quarters, max_size=5, unique=True),
    amount=st.integers(50, 1500),
    kilograms=KILOGRAMS,
    interval=st.one_of(st.none(), st.integers(1, 30)),
    count=st.integers(1, 6),
    route=st.sampled_from((IV, SUBCUTANEOUS, {"text": "?"})),
    hook=st.sampled_from((SIGN, SELECT)),
)
@settings(max_examples=150, deadline=None)
def test_a_corrected_order_passes_its_own_check(
    history: list[int],
    amount: int,
    kilograms: Decimal,
    interval: int | None,
    count: int,
    route: Json,
    hook: str,
) -> None:
    doses = [
        ordering.given("tocilizumab", 0, id=f"g{q}", effectiveDateTime=(NOW - q * HOUR / 4).isoformat())
        for q in history
    ]
    chart = ordering.chart(doses=doses, weights=[ordering.weight(kilograms)])
    timing: Json = {"timing": every(interval, count=count)} if interval else {}
    order = draft("tocilizumab", dose(amount, "mg", route=route, **timing))
    for resource in corrections(cards([order], hook, prefetch=chart)):
        assert rules(cards([resource], SIGN, prefetch=chart)) <= ADVICE


@given(
    drug=st.sampled_from(("dexamethasone", "methylprednisolone")),
    tenths=st.integers(1, 40_000),
    interval=st.one_of(st.none(), st.integers(1, 30)),
)
@settings(max_examples=80, deadline=None)
def test_a_steroid_is_silent_within_the_regimen_only_and_its_correction_passes(
    drug: str, tenths: int, interval: int | None
) -> None:
    milligrams = Decimal(tenths) / 10
    a_day = milligrams * (-(-24 // interval) if interval else 1)
    per_dose, daily = {"dexamethasone": (10, 40), "methylprednisolone": (None, 2000)}[drug]
    beyond = (per_dose is not None and milligrams > per_dose) or a_day > daily
    timing: Json = {"timing": every(interval)} if interval else {}
    order = draft(drug, dose(milligrams, "mg", **timing))
    found = cards([order])
    assert rules(found) == ({"DL-12"} if beyond else set())
    for resource in corrections(found):
        assert cards([resource]) == []


def corrections(found: list[Json]) -> Iterator[Json]:
    for card in found:
        for suggestion in card.get("suggestions", ()):
            for action in suggestion["actions"]:
                if action["type"] == "update":
                    yield action["resource"]


# ------------------------------------------------------------------ order and rubbish

DRAFTS = (
    draft("tocilizumab", dose(880), identity="d1"),
    draft("tocilizumab", dose(400, timing=starting(4)), identity="d2"),
    draft("dexamethasone", dose(20, timing=every(6)), identity="d3"),
    draft("methylprednisolone", dose(500, timing=every(12)), identity="d4"),
    draft("siltuximab", dose(10, "mg/kg"), identity="d5"),
    draft("axicabtagene ciloleucel", identity="d6"),
    draft("ondansetron", dose(8), identity="d7"),
    draft(None, identity="d8"),
    draft("tocilizumab", dose(2, "{pill}"), identity="d1"),
)


@given(order=st.permutations(DRAFTS), chance=st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_drafts_and_of_the_chart_changes_nothing(
    order: list[Json], chance: random.Random
) -> None:
    doses = [ordering.given("tocilizumab", hour) for hour in (-50, -40, -5)]
    orders = [ordering.active("dexamethasone", -3, dose(10, timing=every(12)))]
    chart = ordering.chart(doses=doses, orders=orders, conditions=[ordering.PNEUMONIA])
    shuffled = clone(chart)
    for key, value in shuffled.items():
        if key != "patient":
            chance.shuffle(value["entry"])
    expected = without_ids(cards(list(DRAFTS), prefetch=chart))
    assert without_ids(cards(order, prefetch=shuffled)) == expected


def test_an_order_among_unrelated_ones_gets_the_card_that_it_gets_alone() -> None:
    alone = draft("tocilizumab", dose(880), identity="d1")
    among = [draft("ondansetron", dose(8), identity="d7"), alone, draft(None, identity="d8")]
    assert without_ids(cards(among)) == without_ids(cards([alone]))


@pytest.mark.parametrize("seed", range(400))
def test_nothing_in_a_draft_makes_an_error(seed: int) -> None:
    """Parts deleted, replaced by rubbish or moved: cards, none, or a refusal that names the member."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    drafts = [tamper(chance.choice(DRAFTS), chance) for _ in range(chance.randint(1, 3))]
    body = hook_request(chance.choice((SIGN, SELECT)), _sendable(drafts), prefetch=ordering.chart())
    # Not held to the schema of answers: a corrected draft carries along what rubbish was sent.
    answer = SERVICE.post(f"/cds-services/crs-{body['hook']}", json=body)
    assert answer.status_code in {200, 400, 412}, answer.text
    if answer.status_code == 400:
        assert answer.json is not None
        assert answer.json["issue"][0]["expression"][0].startswith("context.")
    for card in (answer.json or {}).get("cards", ()):
        assert 0 < len(card["summary"]) < 140
        assert not any(mark in card["summary"] for mark in "{}<>")


def _sendable(value: Any) -> Any:
    """What JSON can carry: no lone surrogates, no NaN."""
    if isinstance(value, dict):
        return {key: _sendable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_sendable(inner) for inner in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return None if isinstance(value, Decimal) and not value.is_finite() else value
