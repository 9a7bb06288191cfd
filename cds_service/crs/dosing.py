"""Dose arithmetic, exact in decimals: by weight, capped, and what can be dispensed (DL-1, DL-2, TX-5)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import combinations_with_replacement
from typing import NamedTuple

from cds_service.crs.drug_table import DrugTable

TENTH = Decimal("0.1")
HUNDRED = Decimal(100)


class Dose(NamedTuple):
    """A dose by weight: ``exact`` mg before the cap, ``milligrams`` after it, rounded half up to 0.1 mg."""

    milligrams: Decimal
    per_kg: Decimal
    exact: Decimal
    kilograms: Decimal
    capped: bool = False


def per_kg(table: DrugTable, kilograms: Decimal) -> Decimal:
    """mg/kg at this weight (DL-1)."""
    return next(band.per_kg for band in table.bands if band.below is None or kilograms < band.below)


def dose_for(table: DrugTable, kilograms: Decimal) -> Dose:
    """The dose of a drug with weight bands, capped before it is rounded."""
    rate = per_kg(table, kilograms)
    exact = rate * kilograms
    capped = table.per_dose is not None and exact > table.per_dose
    amount = table.per_dose if capped and table.per_dose is not None else exact
    return Dose(amount.quantize(TENTH, ROUND_HALF_UP), rate, exact, kilograms, capped)


def whole_vials(table: DrugTable, milligrams: Decimal) -> tuple[Decimal, ...]:
    """The whole vials nearest to a dose, the fewest of equals, the largest first; empty where none is near.

    Never above the limit for one dose, and no further off than the table allows.
    """
    if table.vials is None or table.per_dose is None or milligrams <= 0:
        return ()
    allowed = milligrams * table.vials.off / HUNDRED
    near = [
        (abs(total - milligrams), len(vials), vials)
        for total, vials in _sets_of_vials(table.vials.sizes, table.per_dose)
        if abs(total - milligrams) <= allowed
    ]
    return min(near, key=lambda found: found[:2])[2] if near else ()


@lru_cache
def _sets_of_vials(sizes: tuple[Decimal, ...], most: Decimal) -> list[tuple[Decimal, tuple[Decimal, ...]]]:
    """Every set of vials up to ``most`` mg with its sum, small sets first; they are the table's."""
    ordered = sorted(sizes, reverse=True)
    sets = (
        vials
        for count in range(1, int(most / min(sizes)) + 1)
        for vials in combinations_with_replacement(ordered, count)
    )
    return [(total, vials) for vials in sets if (total := sum(vials, Decimal(0))) <= most]
