"""What the faults and the soak would find: each verdict is shown to fail."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from benchmarks.hospital import chaos, soak, traffic
from benchmarks.hospital.faults import Fault, none
from benchmarks.hospital.traffic import BROKEN, FETCHED, GIVEN, PREFETCHED, Told
from benchmarks.servers import Held

FAULT = Fault("of Redis", frozenset({PREFETCHED}), none().lasting)
OUTCOME = json.dumps({"resourceType": "OperationOutcome"}).encode()


def card(lowest: int, highest: int, **extension: Any) -> bytes:
    grade = {"grade": {"lowest": lowest, "highest": highest}}
    return json.dumps({"cards": [{"extension": {"org.crs-cds.assessment": grade, **extension}}]}).encode()


def round_of(*told: Told, fault: Fault = FAULT) -> chaos.Round:
    """A fault from second 10 to second 20, watched until second 30."""
    return chaos.Round(fault, list(told), 10.0, 20.0, 30.0)


def answered(status: int, at: float = 15.0, kind: str = PREFETCHED, flaw: str = "") -> Told:
    return Told(at, 0.1, kind, status, flaw)


def test_a_refusal_that_the_fault_explains_is_no_flaw() -> None:
    assert round_of(answered(200), answered(503)).flaws() == []


@pytest.mark.parametrize(
    ("told", "flaw"),
    [
        (answered(503, at=5.0), "prefetched answered 503"),
        (answered(503, kind=GIVEN), "feedback answered 503"),
        (answered(500), "prefetched answered 500"),
        (answered(401), "prefetched answered 401"),
        (answered(BROKEN, flaw="the connection broke"), "the connection broke"),
        (answered(200, flaw="wrong card"), "wrong card"),
        (answered(503, at=26.0), "not well again after 6.0 s"),
    ],
)
def test_what_no_fault_excuses_is_found(told: Told, flaw: str) -> None:
    assert flaw in round_of(answered(200), told).flaws()


def test_an_answer_that_is_cut_short_is_excused_only_where_its_sender_is_killed() -> None:
    cut = answered(BROKEN, flaw="the connection broke: IncompleteRead")
    killing = Fault("of a worker", FAULT.refused, FAULT.lasting, cuts=True)
    assert round_of(cut, fault=killing).flaws() == []
    assert round_of(cut).flaws() != []
    reset = answered(BROKEN, flaw="the connection broke: ConnectionResetError")
    assert round_of(reset, fault=killing).flaws() != []


@pytest.mark.parametrize(
    ("body", "expected", "good"),
    [
        (card(3, 3), (3, 3), True),
        (card(2, 2), (3, 3), False),
        (card(2, 4), (3, 3), False),  # nothing was missing: it must be the grade
        (card(2, 4, **{"org.crs-cds.incomplete": ["oxygen"]}), (3, 3), True),
        (card(1, 2, **{"org.crs-cds.incomplete": ["oxygen"]}), (3, 3), False),
        (b'{"cards": []}', (3, 3), False),
        (b'{"cards": []}', (None, None), True),
        (card(0, 0), (None, None), False),
    ],
)
def test_a_card_with_another_grade_is_found(
    body: bytes, expected: tuple[int | None, int | None], good: bool
) -> None:
    flaw = traffic._flaw(FETCHED, 200, {}, body, expected)
    assert (flaw == "") is good


@pytest.mark.parametrize(
    ("status", "headers", "body", "good"),
    [
        (503, {"Retry-After": "5"}, OUTCOME, True),
        (503, {}, OUTCOME, False),
        (503, {"Retry-After": "5"}, b"<html>", False),
        (500, {}, b"{}", False),
        (BROKEN, {}, b"ConnectionResetError", False),
    ],
)
def test_a_refusal_that_is_not_clean_is_found(
    status: int, headers: dict[str, str], body: bytes, good: bool
) -> None:
    assert (traffic._flaw(FETCHED, status, headers, body, (3, 3)) == "") is good


def test_feedback_that_is_lost_or_stored_twice_is_found() -> None:
    told = Told(1.0, 0.1, GIVEN, 200, card="a")
    assert chaos.kept([round_of(told)], Counter({"a": 1, "not acknowledged": 1}))
    assert not chaos.kept([round_of(told)], Counter())
    assert not chaos.kept([round_of(told)], Counter({"a": 2}))


@pytest.mark.parametrize(
    ("late", "good"),
    [
        (Held(40, 50, 300), True),
        (Held(40, 50, 314), True),
        (Held(40, 50, 316), False),
        (Held(40, 59, 300), False),
        (Held(49, 50, 300), False),
    ],
)
def test_what_grows_is_found(late: Held, good: bool) -> None:
    samples = [(400, Held(40, 50, 300)), (950, late)]
    assert soak.judged(samples, 1000, growth=0.05) is good
