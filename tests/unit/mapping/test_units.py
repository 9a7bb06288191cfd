"""Units of measure: read by code or by text, converted without losing a digit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mappings.issues import Refusal
from fhir_mappings.units import UCUM, Unit, convert, shown
from tests.unit.mapping.fhir_json import book

ALL_UNITS = sorted({unit.code: unit for unit in book().units.codes.values()}.items())
PAIRS = [
    (first, second)
    for _, first in ALL_UNITS
    for _, second in ALL_UNITS
    if first.dimension == second.dimension and first is not second
]


def unit(code: str) -> Unit:
    return book().units.codes[code]


def understood(system: str, code: str, text: str) -> str:
    """The unit's code, or that of the refusal."""
    return book().units.find(system, code, text).code


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        ("100.4", "[degF]", "Cel", "38"),
        ("98.6", "[degF]", "Cel", "37"),
        ("104", "[degF]", "Cel", "40"),
        ("38.0", "Cel", "Cel", "38.0"),
        ("66.14", "[lb_av]", "kg", "30.0006"),
        ("49000", "g", "kg", "49"),
        ("6100", "mL/min", "L/min", "6.1"),
        ("320", "/uL", "10*9/L", "0.32"),
        ("1.2", "10*3/uL", "10*9/L", "1.2"),
        ("12", "mg/dL", "mg/L", "120"),
        ("900", "ng/mL", "ug/L", "900"),
        ("150", "mg/dL", "g/L", "1.5"),
        ("40", "%", "1", "0.4"),
        ("2.4", "U/h", "U/min", "0.04"),
    ],
)
def test_amounts_convert_exactly(value: str, source: str, target: str, expected: str) -> None:
    converted = convert(Decimal(value), unit(source), unit(target))
    assert abs(converted - Decimal(expected)) < Decimal("0.0001")
    assert "E" not in str(converted)


@pytest.mark.parametrize("value", ["100.3", "100.39", "100.399", "100.3999", "100.39999999"])
def test_rounding_never_lifts_a_temperature_to_the_fever_threshold(value: str) -> None:
    assert celsius(value) < 38


def celsius(fahrenheit: str) -> Decimal:
    """As a reading has it."""
    value = Decimal(fahrenheit)
    return shown(convert(value, unit("[degF]"), unit("Cel")), value)


def test_a_temperature_that_does_not_end_is_rounded_to_two_places() -> None:
    assert str(celsius("99.5")) == "37.5"
    assert str(celsius("100.3")) == "37.94"
    assert str(celsius("100.1234")) == "37.8463"


@given(
    pair=st.sampled_from(PAIRS),
    value=st.decimals(min_value=0, max_value=100000, places=3),
)
def test_a_converted_amount_is_the_exact_one_to_forty_digits(pair: tuple[Unit, Unit], value: Decimal) -> None:
    source, target = pair
    exact = (Fraction(value) + Fraction(source.offset)) * Fraction(source.factor) / Fraction(source.divisor)
    exact = exact * Fraction(target.divisor) / Fraction(target.factor) - Fraction(target.offset)
    off = abs(Fraction(convert(value, source, target)) - exact)
    assert off <= abs(exact) / 10**39


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("mm Hg", "mm[Hg]"),
        ("mmHg", "mm[Hg]"),
        ("MMHG", "mm[Hg]"),
        ("deg C", "Cel"),
        ("°C", "Cel"),
        ("°F", "[degF]"),
        ("l/min", "L/min"),
        ("liters/min", "L/min"),
        ("LPM", "L/min"),
        ("mcg/kg/min", "ug/kg/min"),
        ("µg/kg/min", "ug/kg/min"),
        ("μg/kg/min", "ug/kg/min"),
        ("units/hour", "U/h"),
        ("mL/hour", "mL/h"),
        ("lbs", "[lb_av]"),
        ("kg", "kg"),
        ("K/uL", "10*3/uL"),
        ("x10^9/L", "10*9/L"),
        ("grams", "g"),
        ("percent", "%"),
    ],
)
def test_known_unit_texts_are_read_whatever_their_case_and_blanks(text: str, code: str) -> None:
    assert understood("", "", text) == code
    assert understood("http://hospital.example/units", text, "") == code


def test_a_ucum_code_is_case_sensitive() -> None:
    assert understood(UCUM, "mg", "") == "mg"
    assert understood(UCUM, "Mg", "") == "unit-not-understood"
    assert understood(UCUM, "CEL", "") == "unit-not-understood"


def test_a_common_text_sent_as_a_ucum_code_is_read_as_it_is_spelled() -> None:
    assert understood(UCUM, "mmHg", "") == "mm[Hg]"
    assert understood(UCUM, "ml/min", "") == "mL/min"


def test_code_and_text_that_name_different_units_are_refused() -> None:
    assert understood(UCUM, "Cel", "°F") == "unit-conflict"
    assert understood(UCUM, "%", "%O2") == "%"


def test_an_unknown_ucum_code_is_not_rescued_by_its_text() -> None:
    assert understood(UCUM, "Pa", "mmHg") == "unit-not-understood"


def test_a_missing_unit_is_told_from_an_unknown_one() -> None:
    assert book().units.find("", "", "") == Refusal("unit-missing")
    assert understood("", "", "furlong") == "unit-not-understood"
