"""The shapes of this folder's TOML files, as typed values, and how facts are laid beside them."""

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from pathlib import Path
from typing import Any

from fhir_mappings.facts import PatientFacts, Quantity

Row = dict[str, Any]

FOLDER = Path(__file__).parent
ALLOWED = frozenset({"id", "sentence", "resources", "expect", "overlay", "zone", "pending"})
REQUIRED = frozenset({"id", "sentence", "resources", "expect"})


@dataclass(frozen=True)
class Kind:
    """What is compared in facts of one kind: ``always`` with its default, ``stated`` where a row says it."""

    always: Row
    stated: frozenset[str] = frozenset()


KINDS = {
    "readings": Kind(
        {"concept": "", "value": "", "unit": "", "method": "unspecified"},
        frozenset({"time"}),
    ),
    "oxygen": Kind(
        {"device": None, "flow": None, "fio2": None, "mode": False, "ongoing": False, "end": None},
        frozenset({"time", "label", "reasons"}),
    ),
    "administrations": Kind(
        {"drug": "", "dose": None, "rate": None, "route": "unspecified"}
        | {"point": False, "ongoing": False, "end": None, "certain": True},
        frozenset({"start", "status", "product", "mass", "per_minute"}),
    ),
    "therapies": Kind(
        {"kind": "", "product": None, "date_only": False, "certain": True, "ongoing": False},
        frozenset({"time", "end"}),
    ),
    "conditions": Kind({"group": "", "active": True, "grade": None}, frozenset({"onset"})),
    "unplaced": Kind({"code": "", "drug": ""}),
    "issues": Kind({"code": "", "concept": ""}, frozenset({"value", "unit", "time"})),
}


@dataclass(frozen=True)
class Section:
    """One file: shapes of one kind."""

    place: int
    """Where it stands on the page."""
    title: str
    about: str
    shape: tuple[Row, ...]


@dataclass(frozen=True)
class Shape:
    """What a system sends, and exactly what becomes of it."""

    id: str
    sentence: str
    resources: Any
    expect: dict[str, list[Row]]
    overlay: str = ""
    zone: str = ""
    pending: str = ""
    """Why it is not read so yet."""


def sections() -> list[Section]:
    tables = [tomllib.loads(file.read_text("utf-8")) for file in FOLDER.glob("*.toml")]
    return sorted(
        (Section(**{**table, "shape": tuple(table["shape"])}) for table in tables), key=attrgetter("place")
    )


def shapes() -> Iterator[Shape]:
    for section in sections():
        for row in section.shape:
            yield shape_of(row)


def shape_of(row: Row) -> Shape:
    """The shape of a row; keys that nobody knows are left to their own test."""
    resources = json.loads(row["resources"], parse_float=Decimal)
    expect = {kind: [*map(dict, row["expect"].get(kind, ()))] for kind in KINDS}
    more = {key: row[key] for key in ("overlay", "zone", "pending") if key in row}
    return Shape(row["id"], row["sentence"], resources, expect, **more)


def expected(shape: Shape) -> dict[str, list[Row]]:
    """Every row with all that is always compared, in a fixed order."""
    return {
        kind: sorted((KINDS[kind].always | row for row in rows), key=_order)
        for kind, rows in shape.expect.items()
    }


def found(facts: PatientFacts, wanted: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The facts as rows, with what is only compared where it is stated taken from the row that fits."""
    readings = [reading for each in facts.readings.values() for reading in each]
    return {
        kind: _beside(readings if kind == "readings" else getattr(facts, kind), wanted[kind], KINDS[kind])
        for kind in KINDS
    }


def _beside(facts: Iterable[Any], wanted: list[Row], kind: Kind) -> list[Row]:
    rows = []
    left = list(wanted)
    for fact in facts:
        fits = next((row for row in left if row == _row(fact, row)), None)
        if fits is not None:
            left.remove(fits)
        rows.append(fits or _row(fact, kind.always))
    return sorted(rows, key=_order)


def _row(fact: Any, keys: Iterable[str]) -> Row:
    return {key: written(getattr(fact, key, None)) for key in keys}


def written(value: Any) -> Any:
    """A value as the TOML files write it: numbers as texts without trailing zeros."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, Quantity):
        return f"{written(value.value)} {value.unit}".strip()
    if isinstance(value, Enum):
        return value.value
    return sorted(value) if isinstance(value, frozenset) else value


def _order(row: Row) -> str:
    return str(sorted((key, str(value)) for key, value in row.items()))
