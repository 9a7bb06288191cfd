"""The treatment vectors of this folder's TOML files, as typed values."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_UP, Context, Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.builders import Hours
from tests.spec.vignettes.cases import Case
from tests.spec.vignettes.cases import cases as vignettes

FOLDER = Path(__file__).parent
STATES = "states.toml"
EXPECTED = frozenset(
    {"grade", "recommendations", "absent", "tocilizumab", "offered", "not_offered", "text", "not_text"}
    | {"delay", "overrides"}
)
LEDGER = frozenset(
    {"given", "allowed", "givenLast24h", "nextPossible_h", "doseMg", "basis", "vialsMg", "notNow", "flags"}
    | {"otherRoutes", "lacks"}
)

Row = dict[str, Any]


class Advised(NamedTuple):
    rule: str
    id: str
    strength: str


class State(NamedTuple):
    """A course that many vectors share, and what it is in words."""

    says: str
    chart: tuple[Row, ...]


@dataclass(frozen=True)
class Vector:
    """One patient at one moment, what was charted, and what the guideline says to do."""

    id: str
    rule: str
    says: str
    source: str
    expect: Mapping[str, Any]
    state: str = ""
    charted: tuple[Row, ...] = ()
    vignette: str = ""
    """Patient and chart are those of this grading vignette."""
    product: str | None = "tisagenlecleucel"
    infused_h: Hours = -72
    age_years: Decimal | None = None
    born: str = ""
    weight_kg: Decimal = Decimal(70)
    """0 stands for a weight that was never charted at the infusion."""
    unknown: tuple[str, ...] = ()
    """Searches that are not known to be complete."""
    chart: tuple[Row, ...] = field(init=False)

    def __post_init__(self) -> None:
        rows = (*(states()[self.state].chart if self.state else ()), *self.charted)
        object.__setattr__(self, "chart", tuple(spread for row in rows for spread in _spread(row)))

    @property
    def recommended(self) -> list[Advised]:
        return [Advised(*text.split()) for text in self.expect.get("recommendations", ())]


def vectors() -> Iterator[Vector]:
    for file in sorted(FOLDER.glob("*.toml")):
        if file.name != STATES:
            for row in read(file)["vector"]:
                yield _vector(row)


def _vector(row: Row) -> Vector:
    told: Row = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    if "vignette" in told:
        case = _vignettes()[told["vignette"]]
        told |= {"product": case.product, "infused_h": case.infused_h, "born": case.born}
        told |= {"weight_kg": case.weight_kg, "charted": case.chart}
    elif "born" not in told:
        age = Decimal(told.get("age_years", 55))
        told["born"] = Case("", "", "", {}, (), age_years=age).born
    return Vector(**told)


def read(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text("utf-8"), parse_float=Decimal)


@cache
def states() -> dict[str, State]:
    return {name: State(row["says"], tuple(row["chart"])) for name, row in read(FOLDER / STATES).items()}


@cache
def _vignettes() -> dict[str, Case]:
    return {case.id: case for case in vignettes()}


def _spread(row: Row) -> Iterator[Row]:
    """A row whose hours are a list is charted at each of them."""
    hours = row["h"] if isinstance(row["h"], list) else [row["h"]]
    for hour in hours:
        yield {**row, "h": hours_of(hour)}


def hours_of(told: Hours) -> Hours:
    """Hours as a number; ``-7:59:59`` is hours, minutes and seconds before, to the second exactly."""
    if not isinstance(told, str):
        return told
    hours, minutes, seconds = (int(part) for part in told.lstrip("-").split(":"))
    total = Decimal(hours * 3600 + minutes * 60 + seconds)
    return Context(prec=28, rounding=ROUND_UP).divide(
        -total if told.startswith("-") else total, Decimal(3600)
    )
