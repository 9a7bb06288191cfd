"""The order hooks on amounts that are told twice or bounded, and on courses that have begun."""

from __future__ import annotations

import pytest

from tests import ordering
from tests.builders import Json, quantity
from tests.contract.service import client
from tests.ordering import SIGN, active, answered, dose, draft, every, given, rules, weight

SERVICE = client()
HEAVY = ordering.chart(weights=[weight(110)])


@pytest.mark.parametrize(
    ("amount", "unit", "most", "broken"),
    [
        (8, "mg/kg", None, [["DL-2"]]),
        (8, "mg/kg", quantity(800, "mg"), []),
        (8, "mg/kg", quantity("0.8", "g"), []),
        (8, "mg/kg", quantity("800.1", "mg"), [["DL-2"]]),
        (8, "mg/kg", quantity(800, "{pill}"), [["DL-2"]]),
        (8, "mg/kg", {"value": 800}, [["DL-2"]]),
        (880, "mg", quantity(800, "mg"), [["DL-2"]]),
    ],
)
def test_a_most_bounds_a_dose_by_weight_and_never_an_amount(
    amount: int, unit: str, most: Json | None, broken: list[list[str]]
) -> None:
    """DL-2: what says 8 mg/kg and at most 800 mg is 800 mg at 110 kg."""
    limits = {} if most is None else {"maxDosePerAdministration": most}
    order = draft("tocilizumab", dose(amount, unit, **limits))
    assert rules(answered(SERVICE, SIGN, [order], prefetch=HEAVY)) == broken


@pytest.mark.parametrize(
    ("amounts", "broken"),
    [
        ([("ordered", 8, "mg/kg"), ("calculated", 560, "mg")], []),
        ([("ordered", 8, "mg/kg"), ("calculated", 1120, "mg")], [["DL-2", "DL-1"]]),
        ([("calculated", 900, "mg"), ("ordered", 8, "mg/kg")], [["DL-2", "DL-1"]]),
        ([("ordered", 560, "mg"), ("calculated", 20, "mg/kg")], [["DL-2", "DL-1"]]),
    ],
)
def test_of_an_amount_in_mg_beside_one_by_weight_the_larger_is_held_against_the_limits(
    amounts: list[tuple[str, int, str]], broken: list[list[str]]
) -> None:
    """A weight that was doubled in the ordering system looks like this."""
    told = [{"type": {"text": kind}, "doseQuantity": quantity(n, unit)} for kind, n, unit in amounts]
    order = draft("tocilizumab", dose(None, doseAndRate=told))
    chart = ordering.chart(weights=[weight(70)])
    assert rules(answered(SERVICE, SIGN, [order], prefetch=chart)) == broken


@pytest.mark.parametrize(
    ("hours", "course", "written_h", "broken"),
    [
        ([-8], every(8, count=4), -9, []),
        ([-17, -9], every(8, count=3), -18, []),
        ([-8], every(8, count=4), -7, [["DL-5"]]),
        ([-8], every(8, count=5), -9, [["DL-5"]]),
        ([-4], every(4, count=4), -5, [["DL-3", "DL-4"]]),
    ],
)
def test_signing_a_running_order_again_does_not_ask_for_its_doses_again(
    hours: list[int], course: Json, written_h: int, broken: list[list[str]]
) -> None:
    """DL-3, DL-5: what was given under the order is part of it."""
    order = dose(560, timing=course)
    chart = ordering.chart(
        doses=[given("tocilizumab", hour) for hour in hours],
        orders=[active("tocilizumab", written_h, order, identity="d1")],
    )
    again = draft("tocilizumab", order, status="active")
    assert rules(answered(SERVICE, SIGN, [again], prefetch=chart)) == broken


@pytest.mark.parametrize(("hours", "broken"), [([-10], [["DL-3", "DL-11"]]), ([-10, -9], [])])
def test_a_dose_was_given_by_one_order_and_the_other_is_still_due(
    hours: list[int], broken: list[list[str]]
) -> None:
    """DL-3, DL-11."""
    orders = [active("tocilizumab", h, dose(560), identity=f"a{h}".replace("-", "x")) for h in (-20, -19)]
    chart = ordering.chart(doses=[given("tocilizumab", hour) for hour in hours], orders=orders)
    assert rules(answered(SERVICE, SIGN, [draft("tocilizumab", dose(560))], prefetch=chart)) == broken
