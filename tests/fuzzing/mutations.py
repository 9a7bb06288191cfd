"""Mutations that a chart can suffer on its way: stronger than ``tampering``, which is one of them.

Each takes the resources of a case, which it may change, and a source of chance.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.fuzzing.words import (
    CODES,
    COMPARATORS,
    KEYS,
    KINDS,
    NUMBERS,
    STATUSES,
    SYSTEMS,
    TEXTS,
    TIMES,
    UNITS,
)
from tests.unit.mapping.tampering import clone, places, tamper

Json = dict[str, Any]
Mutation = Callable[[list[Json], Sequence[Json], random.Random], None]
TIME_WORDS = (
    "DateTime",
    "Period",
    "Instant",
    "issued",
    "start",
    "end",
    "lastUpdated",
    "recordedDate",
    "event",
)
DEEPEST = (3, 30, 300, 800)


def mutate(resources: list[Json], donors: Sequence[Json], chance: random.Random) -> list[Json]:
    """Each resource changed, then sometimes all together; what nests deeply last: others walk everything."""
    changed = [each for resource in resources for each in _changed(resource, donors, chance)]
    for mutation in chance.sample((splice, change_code, duplicate, circle), k=chance.choice((0, 0, 1, 2))):
        mutation(changed, donors, chance)
    if chance.random() < 0.03:
        nest(changed, donors, chance)
    return changed


def _changed(resource: Json, donors: Sequence[Json], chance: random.Random) -> list[Json]:
    """One to four mutations of a resource, which may leave several; not every one finds its place."""
    heap = [clone(resource)]
    while heap == [resource]:
        for mutation in chance.choices(MUTATIONS, weights=WEIGHTS, k=chance.choice((1, 1, 2, 4))):
            mutation(heap, donors, chance)
    return heap


def _spots(resources: list[Json], wanted: Callable[[Any, Any], bool]) -> list[tuple[Any, Any]]:
    return [spot for resource in resources for spot in places(resource) if wanted(*spot)]


def _replace(
    resources: list[Json], chance: random.Random, wanted: Callable[[Any, Any], bool], words: Sequence[Any]
) -> None:
    spots = _spots(resources, wanted)
    if spots:
        container, key = chance.choice(spots)
        container[key] = clone(chance.choice(words))


def _named(*names: str) -> Callable[[Any, Any], bool]:
    return lambda _, key: key in names


def rubbish(resources: list[Json], _donors: Sequence[Json], chance: random.Random) -> None:
    at = chance.randrange(len(resources))
    resources[at] = tamper(resources[at], chance)


def splice(resources: list[Json], donors: Sequence[Json], chance: random.Random) -> None:
    """A member of another resource, under its own name or in the place of another."""
    donor, resource = chance.choice(donors), chance.choice(resources)
    if donor and resource:
        key = chance.choice(sorted(donor))
        where = key if chance.random() < 0.8 else chance.choice(sorted(resource))
        resource[where] = clone(donor[key])


def change_type(resources: list[Json], _donors: Sequence[Json], chance: random.Random) -> None:
    """A text for a number, a list for an object, an object for a text."""
    spots = _spots(resources, lambda _, key: key != "resourceType")
    if spots:
        container, key = chance.choice(spots)
        value = container[key]
        container[key] = chance.choice(
            [[value], str(value)[:200], {"value": value}, {"coding": value}, [value, value]]
        )


def change_unit(resources: list[Json], _donors: Sequence[Json], chance: random.Random) -> None:
    """Another unit, a unit in the text alone, or none."""
    spots = [c[k] for c, k in _spots(resources, lambda c, k: isinstance(c[k], dict) and "value" in c[k])]
    if spots:
        amount, unit = chance.choice(spots), chance.choice(UNITS)
        for key in ("system", "code", "unit"):
            if chance.random() < 0.3:
                amount.pop(key, None)
        keys = chance.choice((("unit",), ("code",), ("unit", "code")))
        amount.update(dict.fromkeys(keys, unit))


def change_number(resources: list[Json], _donors: Sequence[Json], chance: random.Random) -> None:
    _replace(resources, chance, lambda _, key: key in ("value", "valueInteger"), NUMBERS)


def change_code(resources: list[Json], donors: Sequence[Json], chance: random.Random) -> None:
    """Another code or system, or a second coding beside the first."""
    spots = _spots(resources, lambda c, k: k == "coding" and isinstance(c[k], list) and bool(c[k]))
    if not spots:
        return
    container, key = chance.choice(spots)
    action = chance.random()
    if action < 0.3:
        container[key] = [*container[key], {"system": chance.choice(SYSTEMS), "code": chance.choice(CODES)}]
    elif action < 0.6:
        others = _spots([clone(chance.choice(donors))], lambda _, k: k == "coding")
        container[key] = [*container[key], *(c[k] for c, k in others[:1])]
    else:
        name, words = chance.choice((("system", SYSTEMS), ("code", CODES), ("display", TEXTS)))
        container[key][0] = {**_record(container[key][0]), name: chance.choice(words)}


def _record(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def change_status(resources: list[Json], _donors: Sequence[Json], chance: random.Random) -> None:
    chance.choice(resources)["status"] = chance.choice(STATUSES)


def change_time(resources: list[Json], _donors: Sequence[Json], chance: random.Random) -> None:
    timed = lambda _, key: isinstance(key, str) and key.endswith(TIME_WORDS)  # noqa: E731
    _replace(resources, chance, timed, [*TIMES, {"start": TIMES[0], "end": chance.choice(TIMES)}])


def change_text(resources: list[Json], _donors: Sequence[Json], chance: random.Random) -> None:
    _replace(resources, chance, _named("text", "valueString", "reference", "display", "id", "unit"), TEXTS)


def change_comparator(resources: list[Json], _donors: Sequence[Json], chance: random.Random) -> None:
    for container, key in _spots(resources, _named("valueQuantity", "dose", "rateQuantity"))[:2]:
        if isinstance(container[key], dict):
            container[key]["comparator"] = chance.choice(COMPARATORS)


def change_kind(resources: list[Json], _donors: Sequence[Json], chance: random.Random) -> None:
    chance.choice(resources)["resourceType"] = clone(chance.choice(KINDS))


def rename(resources: list[Json], _donors: Sequence[Json], chance: random.Random) -> None:
    """A member under the name of another."""
    spots = _spots(resources, lambda c, k: isinstance(c, dict) and k in KEYS)
    if spots:
        container, key = chance.choice(spots)
        container[chance.choice(KEYS)] = container.pop(key)


def repeat(resources: list[Json], _donors: Sequence[Json], chance: random.Random) -> None:
    """Elements of a list many times over, or in another order."""
    spots = _spots(resources, lambda c, k: isinstance(c[k], list) and 0 < len(c[k]) < 20)
    if spots:
        container, key = chance.choice(spots)
        container[key] = [clone(each) for each in container[key] * chance.choice((2, 3, 30))]


def duplicate(resources: list[Json], _donors: Sequence[Json], chance: random.Random) -> None:
    """The same entry again, changed or not, as another version or without its id."""
    again = clone(chance.choice(resources))
    action = chance.random()
    if action < 0.4:
        again = tamper(again, chance)
    elif action < 0.6:
        again["meta"] = {"versionId": chance.choice(["2", "x", "", 2]), "lastUpdated": chance.choice(TIMES)}
    elif action < 0.7:
        again.pop("id", None)
    resources.insert(chance.randint(0, len(resources)), again)


def circle(resources: list[Json], _donors: Sequence[Json], chance: random.Random) -> None:
    """Medications that are made of each other, beside or inside the resource that names them."""
    names = [f"circle-{number}" for number in range(chance.choice((1, 2, 3, 60)))]
    links = [chance.choice(("Medication/", "#")) + name for name in names]
    made = [
        {"resourceType": "Medication", "id": name, "ingredient": [{"itemReference": {"reference": link}}] * 2}
        for name, link in zip(names, [*links[1:], links[0]], strict=True)
    ]
    holder = chance.choice(resources)
    holder.pop("medicationCodeableConcept", None)
    holder["medicationReference"] = {"reference": links[0]}
    if chance.random() < 0.5:
        holder["contained"] = made
    else:
        resources.extend(made)


def nest(resources: list[Json], _donors: Sequence[Json], chance: random.Random) -> None:
    """One value many levels deep; now and then in two versions of one resource."""
    resource = chance.choice(resources)
    again = {**resource}
    container, key = chance.choice(places(resource) or [(resource, "x")])
    name = chance.choice(("", "extension", "resource", "coding", "contained"))
    depth = chance.choice(DEEPEST)
    if key != "resourceType":
        container[key] = _deep(container.get(key) if isinstance(container, dict) else None, name, depth)
    if chance.random() < 0.3:
        again["note"] = _deep("x", name, depth)
        resource["note"] = _deep("y", name, depth)
        resources.append(again)


def _deep(value: Any, name: str, depth: int) -> Any:
    for _ in range(depth):
        value = {name: value} if name else [value]
    return value


WEIGHTED: dict[Mutation, int] = {
    rubbish: 3, splice: 4, change_type: 2, change_unit: 5, change_number: 5, change_code: 4, change_status: 2,
    change_time: 4, change_text: 3, change_comparator: 1, change_kind: 1, rename: 3, repeat: 1, duplicate: 3,
    circle: 1,
}  # fmt: skip
MUTATIONS, WEIGHTS = list(WEIGHTED), list(WEIGHTED.values())
