"""Numbers with units, as FHIR writes them, checked against what a concept allows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from fhir_mappings.codes import CodeBook
from fhir_mappings.facts import Quantity
from fhir_mappings.issues import Refusal
from fhir_mappings.meanings import ConceptSpec
from fhir_mappings.resources import Json, is_answered, record, text
from fhir_mappings.units import Unit, convert, shown

LARGEST_EXPONENT = 12


class Charted(NamedTuple):
    """A number with its unit as sent; ``unit`` is the unit table's, where it knows it."""

    value: Decimal
    unit: Unit | Refusal
    text: str
    comparator: str = ""

    @property
    def quantity(self) -> Quantity:
        return Quantity(self.value, self.unit.code if isinstance(self.unit, Unit) else self.text)


class Amount(NamedTuple):
    """A plausible amount in the canonical unit; ``charted`` where it was converted."""

    value: Decimal
    charted: Quantity | None = None
    bound: bool = False


def read_number(value: Any) -> Decimal | None:
    """A JSON number as a Decimal (a float by its shortest form), or None."""
    kind = type(value)
    if kind is Decimal:
        number: Decimal = value
    elif kind is float or (kind is int and value.bit_length() <= 64):
        number = Decimal(repr(value))
    else:
        return None
    if not number.is_finite() or abs(number.adjusted()) > LARGEST_EXPONENT:
        return None
    return number


def read_quantity(quantity: Json, book: CodeBook) -> Charted | Refusal:
    """A FHIR Quantity; the unit may stay a Refusal, the number may not."""
    value = quantity.get("value")
    if value is None:
        return Refusal("value-absent")
    number = read_number(value)
    if number is None:
        return Refusal("value-not-a-number")
    code, label, system = quantity.get("code"), quantity.get("unit"), quantity.get("system")
    code = code if isinstance(code, str) else ""
    label = label if isinstance(label, str) else ""
    unit = book.units.find(system if isinstance(system, str) else "", code, label)
    comparator = text(quantity["comparator"]) if "comparator" in quantity else ""
    return Charted(number, unit, label or code, comparator)


def read_value(holder: Json, book: CodeBook) -> Charted | Refusal:
    """The number in whichever ``value[x]`` holds it."""
    quantity = holder.get("valueQuantity")
    if isinstance(quantity, dict):
        return read_quantity(quantity, book)
    ratio = holder.get("valueRatio")
    if isinstance(ratio, dict):
        return read_ratio(ratio, book)
    if "valueInteger" in holder:
        return read_quantity({"value": holder["valueInteger"]}, book)
    return Refusal("value-not-a-quantity" if is_answered(holder) else "value-absent")


def read_ratio(ratio: Json, book: CodeBook) -> Charted | Refusal:
    """A Ratio of two amounts of one unit (an oxygen fraction) as a plain number."""
    top = read_quantity(record(ratio.get("numerator")), book)
    bottom = read_quantity(record(ratio.get("denominator")), book)
    if isinstance(top, Refusal) or isinstance(bottom, Refusal):
        return top if isinstance(top, Refusal) else Refusal("value-not-a-number")
    if top.text != bottom.text or bottom.value <= 0:
        return Refusal("value-not-a-quantity")
    value = read_number(top.value / bottom.value)
    return Refusal("value-not-a-number") if value is None else Charted(value, book.units.codes["1"], "1")


def check_amount(charted: Charted, spec: ConceptSpec) -> Amount | Refusal:
    """The amount in the canonical unit, or why it is not believed."""
    if charted.comparator and not spec.bounds:
        return Refusal("comparator")
    unit = charted.unit
    if isinstance(unit, Refusal):
        assumed = _assumed_unit(charted.value, spec) if unit.code == "unit-missing" else None
        if assumed is None:
            return unit
        unit = assumed
    if unit.dimension != spec.unit.dimension:
        return Refusal("unit-mismatch")
    value = convert(charted.value, unit, spec.unit)
    converted = unit.code != spec.unit.code
    if converted:
        value = shown(value, charted.value) if spec.round_to is None else value.quantize(spec.round_to)
    if not spec.low <= value <= spec.high:
        return Refusal("implausible", _likely_cause(charted.value, unit, spec))
    quantity = Quantity(charted.value, unit.code) if converted else None
    return Amount(value, quantity, bound=bool(charted.comparator))


def _assumed_unit(value: Decimal, spec: ConceptSpec) -> Unit | None:
    return next((each.unit for each in spec.assumed if each.low <= value <= each.high), None)


def _likely_cause(value: Decimal, unit: Unit, spec: ConceptSpec) -> str:
    for suspect in spec.suspects:
        if suspect.unit == unit.code and suspect.low <= value <= suspect.high:
            return suspect.detail
    return ""
