"""The cases of this folder's TOML files, as typed values."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.builders import NOW


@dataclass(frozen=True)
class Case:
    """One patient at one moment, what was charted, and the grade that the rules give."""

    id: str
    rule: str
    says: str
    expect: dict[str, Any]
    chart: tuple[dict[str, Any], ...]
    product: str | None = None
    infused_h: int = 0
    age_years: Decimal = Decimal(55)
    weight_kg: Decimal = Decimal(70)
    """0 stands for a weight that was never charted."""

    @property
    def born(self) -> str:
        """A birth date that gives the age at the moment of evaluation."""
        months = NOW.year * 12 + NOW.month - 1 - int(Decimal(self.age_years) * 12)
        return f"{months // 12}-{months % 12 + 1:02}-05"


def cases() -> Iterator[Case]:
    for file in sorted(Path(__file__).parent.glob("*.toml")):
        for row in tomllib.loads(file.read_text("utf-8"), parse_float=Decimal)["case"]:
            yield Case(**{**row, "chart": tuple(row["chart"])})
