"""What a charted dose or rate comes to: exact, or nothing.

A dose in mL or vials becomes mg through the strength of the product, which its code, the
Medication resource or (for vials of one strength only) the drug itself tells.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from fhir_mappings.amounts import Charted, read_quantity
from fhir_mappings.codes import CodeBook
from fhir_mappings.facts import Quantity, Route
from fhir_mappings.meanings import DrugCode
from fhir_mappings.resources import Json, record
from fhir_mappings.units import CARRIED, Unit, convert

MASS = {"mass": "mg", "mass-by-weight": "mg/kg"}
PER_MINUTE = {
    "mass-rate": "ug/min",
    "mass-rate-by-weight": "ug/kg/min",
    "activity-rate": "U/min",
    "activity-rate-by-weight": "U/kg/min",
}
MASS_RATES = ("mass-rate", "mass-rate-by-weight")
ACTIVITY_RATES = ("activity-rate", "activity-rate-by-weight")
VOLUME_RATE = "volume-rate"
RATES = {
    "mass": (*MASS_RATES, VOLUME_RATE),
    "activity": (*ACTIVITY_RATES, VOLUME_RATE),
    "": (*MASS_RATES, *ACTIVITY_RATES, VOLUME_RATE),
}


def mass_of(dose: Quantity | None, code: DrugCode, route: Route, book: CodeBook) -> Quantity | None:
    """A dose in mg, or in mg/kg where it was charted by weight."""
    unit = None if dose is None else book.units.codes.get(dose.unit)
    if dose is None or unit is None:
        return None
    if unit.dimension in MASS:
        return _in(dose.value, unit, MASS[unit.dimension], book)
    held = None if code.disputed else _held(unit, code, route, book)
    return None if held is None else Quantity(CARRIED.multiply(dose.value, held), "mg")


def _held(unit: Unit, code: DrugCode, route: Route, book: CodeBook) -> Decimal | None:
    """mg in one of the unit: a volume, or a vial."""
    strength = _strength(code, route)
    if unit.dimension == "volume" and strength is not None:
        return convert(Decimal(1), unit, book.units.codes["mL"]) * strength
    return code.content if unit.code == "{vial}" else None


def _strength(code: DrugCode, route: Route) -> Decimal | None:
    if code.strength is not None:
        return code.strength
    return code.drug.vial_strength if route is Route.INTRAVENOUS else None


def per_minute(rate: Quantity | None, code: DrugCode, route: Route, book: CodeBook) -> Quantity | None:
    """A rate by the minute, in micrograms or units."""
    unit = None if rate is None else book.units.codes.get(rate.unit)
    if rate is None or unit is None:
        return None
    if unit.dimension in PER_MINUTE:
        return _in(rate.value, unit, PER_MINUTE[unit.dimension], book)
    strength = _strength(code, route)
    if unit.dimension != VOLUME_RATE or strength is None or code.disputed:
        return None
    milliliters = convert(rate.value, unit, book.units.codes["mL/min"])
    return _in(CARRIED.multiply(milliliters, strength), book.units.codes["mg/min"], "ug/min", book)


def _in(value: Decimal, unit: Unit, target: str, book: CodeBook) -> Quantity:
    return Quantity(convert(value, unit, book.units.codes[target]), target)


def fits(unit: Unit, code: DrugCode) -> bool:
    """Whether a rate may be in this unit: what the drug is measured in, or a volume, over a time."""
    return unit.dimension in RATES[code.drug.rated_in]


def with_strength(code: DrugCode, ratio: object, book: CodeBook) -> DrugCode:
    """The same drug with the strength of an ``ingredient.strength``: mg in one mL, or in one vial."""
    held, per = record(ratio).get("numerator"), record(ratio).get("denominator")
    amount, of = read_quantity(record(held), book), read_quantity(record(per), book)
    if not isinstance(amount, Charted) or not isinstance(of, Charted) or of.value <= 0 or amount.value <= 0:
        return code
    if not isinstance(amount.unit, Unit) or not isinstance(of.unit, Unit) or amount.unit.dimension != "mass":
        return code
    milligrams = convert(amount.value, amount.unit, book.units.codes["mg"])
    if of.unit.dimension == "volume":
        strength = milligrams / convert(of.value, of.unit, book.units.codes["mL"])
        known = code.strength or code.drug.vial_strength
        return replace(code, strength=strength, disputed=known not in (None, strength))
    if of.unit.code == "{vial}":
        content = milligrams / of.value
        return replace(code, content=content, disputed=code.content not in (None, content))
    return code


def strengthened(code: DrugCode, medication: Json, book: CodeBook) -> DrugCode:
    """The drug of a Medication with one ingredient takes the ingredient's strength."""
    ingredients = medication.get("ingredient")
    if isinstance(ingredients, list) and len(ingredients) == 1:
        return with_strength(code, record(ingredients[0]).get("strength"), book)
    return code
