"""What a sentence of advice may look at, and the words that several of them share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import NamedTuple

from cds_service.cards.formats import clock, number, span, when
from cds_service.cards.wording.grading import concept
from cds_service.crs.drug_table import DrugTable
from cds_service.crs.evidence import Recommendation, Tocilizumab, Value
from cds_service.crs.guideline import Guideline

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
WHY_NOT = {
    "medications-not-available": "doses given are not all known",
    "dose-not-placed": "a record that may be a dose cannot be read",
    "weight-missing": "no weight is charted",
    "weight-stale": "the weight is too old",
    "weight-contradictory": "two weights contradict each other",
}


class Telling(NamedTuple):
    """What a sentence may look at."""

    advice: Recommendation
    ledger: Tocilizumab | None
    as_of: datetime
    zone: tzinfo | None
    grade: int
    guideline: Guideline
    is_adult: bool = True

    @property
    def values(self) -> Mapping[str, Value]:
        return self.advice.values

    def clock(self, key: str) -> str:
        value = self.values[key]
        return clock(value, self.as_of, self.zone) if isinstance(value, datetime) else ""

    def ago(self, key: str) -> str:
        value = self.values[key]
        return when(value, self.as_of, self.zone) if isinstance(value, datetime) else ""

    def since(self, key: str) -> str:
        value = self.values[key]
        return span(self.as_of - value) if isinstance(value, datetime) else ""

    def number(self, key: str) -> str:
        value = self.values[key]
        return number(Decimal(value)) if isinstance(value, int | Decimal) else ""

    def name(self, key: str) -> str:
        return concept(str(self.values[key]))

    @property
    def drug(self) -> DrugTable:
        return self.guideline.drugs["tocilizumab"]

    def steroid(self, name: str) -> str:
        """``Dexamethasone 10 mg IV every 12–24 h``."""
        row = self.guideline.regimen.steroids[name]
        return (
            f"{concept(row.drug).capitalize()} {number(row.dose)} mg IV every {hours(row.every, row.up_to)}"
        )


def hours(every: timedelta, up_to: timedelta | None = None) -> str:
    """``12 h``, ``12–24 h``."""
    return f"{every // HOUR}–{up_to // HOUR} h" if up_to else f"{every // HOUR} h"
