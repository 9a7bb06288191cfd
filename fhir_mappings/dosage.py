"""Dose and rate of a MedicationAdministration: amounts kept as charted, units in UCUM."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from fhir_mappings.amounts import Charted, read_number, read_quantity
from fhir_mappings.codes import CodeBook
from fhir_mappings.facts import Quantity
from fhir_mappings.issues import Refusal
from fhir_mappings.meanings import DrugCode
from fhir_mappings.resources import Json, text
from fhir_mappings.strength import fits
from fhir_mappings.units import CARRIED, Unit, divide

DURATION = "duration"
TIME_UNITS = ("min", "h")
SHORTEST = 6
"""Decimal places, or digits, of a rate whose ratio does not end."""


class Note(Protocol):
    def __call__(self, issue: str, value: object = "", unit: str = "", detail: str = "") -> None: ...


def read_dose(dosage: Json, book: CodeBook, note: Note) -> Quantity | None:
    """The amount given; a unit that is not understood is kept as charted, and said so."""
    dose = dosage.get("dose")
    if not isinstance(dose, dict):
        if text(dosage.get("text")) and not (dosage.get("rateQuantity") or dosage.get("rateRatio")):
            note("dose-text-only")
        return None
    return _kept(read_quantity(dose, book), note)


def read_rate(dosage: Json, code: DrugCode, book: CodeBook, note: Note) -> Quantity | None:
    """The rate, from ``rateQuantity`` or ``rateRatio``; None where the number means something else."""
    quantity, ratio = dosage.get("rateQuantity"), dosage.get("rateRatio")
    if isinstance(quantity, dict):
        charted = read_quantity(quantity, book)
        if isinstance(charted, Charted) and _is_duration(charted):
            note("rate-is-a-duration", charted.value, charted.text)
            return None
        rate = _kept(charted, note)
    elif isinstance(ratio, dict):
        rate = _read_ratio(ratio, book, note)
    else:
        return None
    believed = rate is not None and (rate.value == 0 or _is_believed(rate, code, book, note))
    return rate if believed else None


def _kept(charted: Charted | Refusal, note: Note) -> Quantity | None:
    if isinstance(charted, Refusal):
        note(charted.code, detail=charted.detail)
        return None
    if charted.comparator:
        note("comparator", f"{charted.comparator}{charted.value}", charted.text)
        return None
    if charted.value < 0:
        note("implausible", charted.value, charted.text)
        return None
    if isinstance(charted.unit, Refusal):
        note(charted.unit.code, charted.value, charted.text)
    return charted.quantity


def _is_duration(charted: Charted) -> bool:
    return isinstance(charted.unit, Unit) and charted.unit.dimension == DURATION


def _is_believed(rate: Quantity, code: DrugCode, book: CodeBook, note: Note) -> bool:
    """Whether the number can be a rate of this drug; a rate of 0 is 0 in any unit."""
    unit = book.units.codes.get(rate.unit)
    if unit is not None and not fits(unit, code):
        note("rate-unit-mismatch", rate.value, rate.unit)
        return False
    for group in code.drug.groups:
        for trap in book.rate_traps.get(group, ()):
            if rate.unit == trap.unit and rate.value < trap.below:
                note("rate-implausible", rate.value, rate.unit, trap.detail)
                return False
    return True


def _read_ratio(ratio: Json, book: CodeBook, note: Note) -> Quantity | None:
    """An amount in a time (1500 mg in 30 min) as a rate (50 mg/min)."""
    top, bottom = ratio.get("numerator"), ratio.get("denominator")
    if not isinstance(top, dict) or not isinstance(bottom, dict):
        note("rate-not-understood")
        return None
    amount, time = read_quantity(top, book), read_quantity(bottom, book)
    if isinstance(amount, Refusal) or isinstance(time, Refusal) or time.value <= 0:
        note("rate-not-understood")
        return None
    if not isinstance(time.unit, Unit) or time.unit.dimension != DURATION:
        note("rate-not-understood", amount.value, amount.text)
        return None
    rate = _divide(amount, time.value, time.unit, book)
    if rate is None:
        note("rate-not-understood", amount.value, amount.text)
        return None
    return _kept(rate, note)


def _divide(amount: Charted, time: Decimal, time_unit: Unit, book: CodeBook) -> Charted | None:
    """Per minute or per hour, whichever comes out exact; the charted unit of time first."""
    if not isinstance(amount.unit, Unit):
        return None
    first = time_unit.code if time_unit.code in TIME_UNITS else "h"
    rates = []
    for per in (first, *(other for other in TIME_UNITS if other != first)):
        unit = book.units.codes.get(f"{amount.unit.code}/{per}")
        if unit is not None:
            length = book.units.codes[per]
            value, ends = divide(amount.value * length.factor, time * time_unit.factor)
            if read_number(value) is not None:
                rates.append((not ends, Charted(_short(value), unit, unit.code, amount.comparator)))
    return min(rates, key=lambda each: each[0])[1] if rates else None


def _short(value: Decimal) -> Decimal:
    """To six places, or to six digits where that is more: a rate that is not 0 never becomes 0."""
    step = Decimal(1).scaleb(min(-SHORTEST, value.adjusted() + 1 - SHORTEST))
    rounded = value.quantize(step, context=CARRIED)
    return rounded if value.normalize(CARRIED) != rounded.normalize() else value.normalize(CARRIED) + 0
