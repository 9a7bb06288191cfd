"""What a charted dose or rate comes to: exact, or nothing.

A dose in mL or vials becomes mg through the strength of the product, which its code, the
Medication resource or (for vials of one strength only) the drug itself tells.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Context, Decimal

from fhir_mappings.amounts import Charted, read_quantity
from fhir_mappings.codes import CodeBook
from fhir_mappings.facts import Quantity, Route
from fhir_mappings.meanings import DrugCode
from fhir_mappings.resources import record
from fhir_mappings.units import CARRIED, Unit, convert

NEAT = Context(prec=15)
"""Digits of what a strength turns into mass: 4 mg in 3 mL, 3 mL given, are 4 mg."""
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


def mass_of(
    dose: Quantity | None, code: DrugCode, route: Route, book: CodeBook, *, drawn: bool = False
) -> Quantity | None:
    """A dose in mg, or in mg/kg where it was charted by weight.

    A volume that was given may be that of a bag; one that is ordered is ``drawn`` from vials.
    """
    unit = None if dose is None else book.units.codes.get(dose.unit)
    if dose is None or unit is None:
        return None
    if unit.dimension in MASS:
        return _in(dose.value, unit, MASS[unit.dimension], book)
    if code.disputed:
        return None
    if unit.dimension == "volume":
        milliliters = convert(dose.value, unit, book.units.codes["mL"])
        strength = _strength_of_dose(milliliters, code, route, drawn)
        return None if strength is None else Quantity(NEAT.multiply(milliliters, strength), "mg")
    content = code.content if unit.code == "{vial}" else None
    return None if content is None else Quantity(NEAT.multiply(dose.value, content), "mg")


def _strength_of_dose(milliliters: Decimal, code: DrugCode, route: Route, drawn: bool) -> Decimal | None:
    """mg/mL of what was given: a vial's only where so much can have been drawn from vials."""
    if code.ready:
        return code.strength
    if code.route not in (route, Route.UNSPECIFIED):
        return None  # another product than the code says
    strength = code.strength
    if strength is None and route is Route.INTRAVENOUS:
        strength = code.drug.vial_strength
    vial = code.content / code.strength if code.content and code.strength else Decimal(0)
    return strength if drawn or milliliters <= max(code.drug.undiluted, vial) else None


def per_minute(rate: Quantity | None, code: DrugCode, book: CodeBook) -> Quantity | None:
    """A rate by the minute, in micrograms or units; in mL only of what is given as it is."""
    unit = None if rate is None else book.units.codes.get(rate.unit)
    if rate is None or unit is None:
        return None
    if unit.dimension in PER_MINUTE:
        return _in(rate.value, unit, PER_MINUTE[unit.dimension], book)
    if unit.dimension != VOLUME_RATE or code.strength is None or not code.ready or code.disputed:
        return None
    milliliters = convert(rate.value, unit, book.units.codes["mL/min"])
    micrograms = _in(NEAT.multiply(milliliters, code.strength), book.units.codes["mg/min"], "ug/min", book)
    return Quantity(NEAT.plus(micrograms.value), micrograms.unit)


def _in(value: Decimal, unit: Unit, target: str, book: CodeBook) -> Quantity:
    return Quantity(convert(value, unit, book.units.codes[target]), target)


def fits(unit: Unit, code: DrugCode) -> bool:
    """Whether a rate may be in this unit: what the drug is measured in, or a volume, over a time."""
    return unit.dimension in RATES[code.drug.rated_in]


def with_strength(code: DrugCode, ratio: object, book: CodeBook) -> DrugCode:
    """The drug with the ``ingredient.strength`` of what is given: mg in one mL, or in one vial.

    It is nearer to the truth than the strength of a vial that the product's code names.
    """
    held, per = record(ratio).get("numerator"), record(ratio).get("denominator")
    amount, of = read_quantity(record(held), book), read_quantity(record(per), book)
    if not isinstance(amount, Charted) or not isinstance(of, Charted):
        return code
    if min(amount.value, of.value) <= 0 or amount.comparator or of.comparator:
        return code
    if not isinstance(amount.unit, Unit) or not isinstance(of.unit, Unit) or amount.unit.dimension != "mass":
        return code
    milligrams = convert(amount.value, amount.unit, book.units.codes["mg"])
    if of.unit.dimension == "volume":
        strength = CARRIED.divide(milligrams, convert(of.value, of.unit, book.units.codes["mL"]))
        vial = code.strength or code.drug.vial_strength
        stronger = vial is not None and strength > vial  # no dilution of that vial
        return replace(code, strength=strength, ready=True, disputed=code.disputed or stronger)
    return replace(code, content=milligrams / of.value) if of.unit.code == "{vial}" else code
