"""Resources spoiled at random: parts deleted, replaced by rubbish, or moved elsewhere.

Stronger mutations, which use this one, are in ``tests.fuzzing``.
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any, TypeVar

Value = TypeVar("Value")

RUBBISH: list[Any] = [
    None, True, 0, -1, 3.5, Decimal("NaN"), Decimal("1E+9999"), 10**40, "", " ", "x", "2026-03-10", "\ud800",
    [], [[]], [None], {}, {"value": {}}, {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]},
    {"reference": "#"}, {"value": 1, "unit": "%"}, {"start": "9999-12-31T23:59:59Z", "end": "0001-01-01"},
]  # fmt: skip


def clone(value: Value) -> Value:
    """A copy of a JSON value, several times faster than ``deepcopy``."""
    if isinstance(value, dict):
        return {key: clone(inner) for key, inner in value.items()}  # type: ignore[return-value] # a dict again
    if isinstance(value, list):
        return [clone(inner) for inner in value]  # type: ignore[return-value] # a list again
    return value


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    found: list[tuple[Any, Any]] = []
    if isinstance(value, (dict, list)):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        for key in keys:
            found += [(value, key), *places(value[key])]
    return found


def tamper(resource: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """One to four places deleted, replaced or grafted from elsewhere."""
    copy = clone(resource)
    for _ in range(chance.randint(1, 4)):
        spots = places(copy)
        if not spots:
            break
        container, key = chance.choice(spots)
        action = chance.random()
        if action < 0.3:
            del container[key]
        elif action < 0.8:
            container[key] = clone(chance.choice(RUBBISH))
        else:
            other, name = chance.choice(spots)
            container[key] = clone(other[name]) if other is not container else None
    return copy
