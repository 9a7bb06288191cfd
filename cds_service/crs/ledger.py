"""The tocilizumab ledger: what was given, what is left, when the next is possible (TX-6, DL-3 to DL-6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from cds_service.crs.dosing import Dose, dose_for
from cds_service.crs.drug_table import DrugTable
from cds_service.crs.guideline import Guideline
from cds_service.crs.history import why_unknown
from cds_service.crs.weight import Weight, weight_at
from fhir_mappings.facts import Administration, DrugGroup, PatientFacts, Quantity, Route

SEAMLESS = timedelta(minutes=1)
"""Real charts end a segment and begin the next one minute apart."""
CLOSE = timedelta(hours=1)
"""Two records of a drug this close may be one dose charted twice."""


class Ledger(NamedTuple):
    """Doses by a route of the table, oldest first, and what follows from them.

    ``counted`` are those of the episode's limit, ``recent`` those of the rolling window. ``dose`` is
    None where ``weight`` has a reason. ``next_possible`` is None where no further dose is. ``unknown``
    says why the history is not all known: medications-not-available | dose-not-placed, or empty.
    """

    counted: tuple[Administration, ...]
    recent: tuple[Administration, ...]
    last: Administration | None
    next_possible: datetime | None
    allowed: int
    weight: Weight
    dose: Dose | None
    under_age: bool | None
    """None where the age is not known well enough."""
    implausible: tuple[Administration, ...] = ()
    other_routes: tuple[Administration, ...] = ()
    earlier: tuple[Administration, ...] = ()
    """By such a route, before the doses that count: shown."""
    unknown: str = ""

    @property
    def all_given(self) -> bool:
        return len(self.counted) >= self.allowed

    @property
    def doubtful(self) -> bool:
        """Whether some of the counted records may not be doses."""
        odd = any(not d.certain or d.status == "on-hold" or d in self.implausible for d in self.counted)
        return odd or any(b.start - a.start < CLOSE for a, b in pairwise(self.counted))


def ledger(
    facts: PatientFacts, guideline: Guideline, since: datetime, as_of: datetime, drug: str = "tocilizumab"
) -> Ledger:
    """``since`` is the newest immune therapy, or how far back a diagnosis alone is read."""
    table = guideline.drugs[drug]
    doses, others = _doses(facts, drug, as_of, table)
    counted = tuple(dose for dose in doses if dose.start >= since)
    recent = tuple(dose for dose in doses if _in_window(dose, table, as_of))
    weight = weight_at(facts, guideline, as_of)
    back = guideline.windows["diagnosis"]
    usable = weight.reading is not None and not weight.reason
    return Ledger(
        counted=counted,
        recent=recent,
        earlier=tuple(dose for dose in doses if dose.start < since and as_of - dose.start <= back),
        last=doses[-1] if doses else None,
        next_possible=None if len(counted) >= _total(table) else next_possible(doses, table, as_of),
        allowed=_total(table),
        weight=weight,
        dose=dose_for(table, weight.kilograms) if usable and table.bands else None,
        under_age=is_under_age(facts.birth_date, table.age, as_of.date()),
        implausible=tuple(dose for dose in doses if is_implausible(dose.mass, table)),
        other_routes=tuple(dose for dose in others if dose.start >= since),
        unknown=why_unknown(facts, frozenset(DrugGroup), drug, since),
    )


def _doses(
    facts: PatientFacts, drug: str, as_of: datetime, table: DrugTable
) -> tuple[list[Administration], list[Administration]]:
    """By a route of the table (also where none is charted), and by any other."""
    routes = {*(table.routes or (Route.INTRAVENOUS,)), Route.UNSPECIFIED}
    found = [a for a in facts.administrations if a.drug == drug and a.start <= as_of]
    counted = [a for a in found if a.route in routes]
    return _joined(counted, table), [a for a in found if a not in counted]


def _joined(doses: Sequence[Administration], table: DrugTable) -> list[Administration]:
    """One infusion charted in segments is one dose: each begins as the last ends, all within one dose."""
    found: list[Administration] = []
    for dose in doses:
        last = found[-1] if found else None
        if last is not None and _follows(dose, last) and _is_one(dose, last, table):
            found[-1] = replace(last, end=dose.end, mass=_sum(last.mass, dose.mass), dose=None)
        else:
            found.append(dose)
    return found


def _follows(dose: Administration, last: Administration) -> bool:
    """Both are segments with a length, one right after the other."""
    if last.end is None or dose.end is None or last.end == last.start:
        return False
    return abs(dose.start - last.end) <= SEAMLESS


def _is_one(dose: Administration, last: Administration, table: DrugTable) -> bool:
    together = _sum(last.mass, dose.mass)
    return together is not None and (table.per_dose is None or together.value <= table.per_dose)


def _sum(one: Quantity | None, other: Quantity | None) -> Quantity | None:
    if one is None or other is None or one.unit != other.unit:
        return None
    return Quantity(one.value + other.value, one.unit)


def _total(table: DrugTable) -> int:
    return table.total if table.total is not None else 1_000_000


def _in_window(dose: Administration, table: DrugTable, time: datetime) -> bool:
    """Within the rolling window; a dose exactly its length ago is outside."""
    return table.in_window is not None and time - dose.start < table.in_window.window


def next_possible(doses: Sequence[Administration], table: DrugTable, as_of: datetime) -> datetime:
    """The first instant from ``as_of`` on at which interval and rolling window allow a dose (DL-3, DL-4)."""
    times = [as_of]
    if doses and table.interval is not None:
        times.append(doses[-1].start + table.interval)
    if table.in_window is not None and len(doses) >= table.in_window.most:
        times.append(doses[-table.in_window.most].start + table.in_window.window)
    return max(times)


def is_under_age(born: tuple[date, date] | None, years: int | None, today: date) -> bool | None:
    """Below the age by every possible day of birth; None where it depends on the day, or none is known."""
    if years is None:
        return False
    if born is None:
        return None
    under = {_birthday(day, years) > today for day in born}
    return under.pop() if len(under) == 1 else None


def _birthday(born: date, years: int) -> date:
    """The day on which someone turns so old; of 29 February, 1 March in common years."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


def is_implausible(mass: Quantity | None, table: DrugTable) -> bool:
    """An amount that was hardly given; it counts as a dose all the same."""
    bounds = table.plausible
    if mass is None or bounds is None:
        return False
    if mass.unit == "mg/kg":
        return not bounds.per_kg_low <= mass.value <= bounds.per_kg_high
    return not bounds.low <= mass.value <= bounds.high
