"""UCUM units, the texts charts write instead, and exact conversion.

A UCUM code is matched exactly (``mg`` is not ``Mg``); a unit text regardless of
case and blanks. Conversion is decimal and exact wherever the result ends. A
result that does not end (most of °F → °C) is carried to 40 digits, so that any
amount of up to 30 digits comes back as it was. ``shown`` rounds such a result
to two places, or to as many as were charted if those are more: that never
carries a value across the point it was below, 100.39 °F stays under 38.0 °C.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache

from fhir_mappings.issues import Refusal

UCUM = "http://unitsofmeasure.org"
PLACES = 2
MOST_PLACES = 20
LONGEST = 30
"""Digits of an amount that conversion there and back leaves as it was."""
CARRIED = Context(prec=40)
_EXACT = Context(prec=100)
_RETURNED = Context(prec=LONGEST)
_CHECK = Context(prec=250)
ONE = Decimal(1)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit by its UCUM code; base amount = (amount + offset) × factor ÷ divisor."""

    code: str
    dimension: str
    factor: Decimal = ONE
    divisor: Decimal = ONE
    offset: Decimal = ZERO


def squeeze(text: str) -> str:
    """A unit text for comparison: no case, no blanks, one letter for micro."""
    return "".join(text.split()).casefold().replace("\u03bc", "u")


def convert(value: Decimal, source: Unit, target: Unit) -> Decimal:
    """``value`` of ``source`` in ``target``; both must be of one dimension."""
    if source is target or source == target:
        return value
    top = _EXACT.multiply(source.factor, target.divisor)
    bottom = _EXACT.multiply(source.divisor, target.factor)
    quotient, ends = divide(_EXACT.multiply(_EXACT.add(value, source.offset), top), bottom)
    result = _EXACT.subtract(quotient, target.offset)
    if is_carried(value):
        result = _RETURNED.plus(result)
        if source.offset or target.offset:  # what comes back to 0 has no digits to round to
            result = result.quantize(Decimal(1).scaleb(-LONGEST), context=_EXACT)
    elif not ends:
        result = CARRIED.plus(result)
    return _plain(result)


def is_carried(value: Decimal) -> bool:
    """Whether it is the result of a conversion that does not end."""
    return len(value.as_tuple().digits) > LONGEST


def shown(value: Decimal, charted: Decimal) -> Decimal:
    """A converted amount as it is used: one that does not end is rounded to the places that were charted."""
    if not is_carried(value):
        return value
    return _plain(value.quantize(Decimal(1).scaleb(-_places(charted)), ROUND_HALF_EVEN, _EXACT))


def divide(top: Decimal, bottom: Decimal) -> tuple[Decimal, bool]:
    """The quotient to 100 digits, and whether it ends there exactly."""
    quotient = _EXACT.divide(top, bottom)
    return quotient, _CHECK.multiply(quotient, bottom) == top


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return min(max(PLACES, -exponent if isinstance(exponent, int) else 0), MOST_PLACES)


def _plain(value: Decimal) -> Decimal:
    """No trailing zeros and no exponent: 38.0 for 38.000, 120 for 1.2E+2."""
    short = value.normalize(_EXACT)
    exponent = short.as_tuple().exponent
    return short.quantize(ONE, context=_EXACT) if isinstance(exponent, int) and exponent > 0 else short


@dataclass(frozen=True)
class UnitTable:
    """Units by UCUM code and by the texts that stand for them."""

    codes: Mapping[str, Unit]
    texts: Mapping[str, Unit]
    spellings: Mapping[str, Unit] = field(default_factory=dict)
    """Texts as the table writes them, for texts that were sent as UCUM codes."""
    find: Callable[[str, str, str], Unit | Refusal] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "find", lru_cache(maxsize=4096)(self._find))

    def _find(self, system: str, code: str, text: str) -> Unit | Refusal:
        """The unit of a Quantity, from ``system``, ``code`` and the ``unit`` text."""
        system, code, text = system.strip(), code.strip(), text.strip()
        if not code and not text:
            return Refusal("unit-missing")
        by_text = self._by_text(text)
        if not code:
            return by_text or Refusal("unit-not-understood")
        by_code = self._by_ucum(code) if system == UCUM else self._by_text(code)
        if by_code is None:
            usable = by_text is not None and system != UCUM
            return by_text if usable and by_text else Refusal("unit-not-understood")
        if by_text is not None and by_text != by_code:
            return Refusal("unit-conflict")
        return by_code

    def _by_ucum(self, code: str) -> Unit | None:
        return self.codes.get(code) or self.spellings.get(code)

    def _by_text(self, text: str) -> Unit | None:
        return self.codes.get(text) or self.texts.get(squeeze(text))
