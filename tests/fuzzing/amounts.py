"""Units as fractions, by hand, for the law of provenance: only what facts can be converted from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from tests.fuzzing.charted import Number

F = Fraction
NEARLY = Fraction(1, 200)
"""How far a converted amount may lie from one that does not end."""
MASS = {
    "kg": F(1000), "g": F(1), "mg": F(1, 10**3), "ug": F(1, 10**6), "ng": F(1, 10**9),
    "[lb_av]": F("453.59237"), "[oz_av]": F("28.349523125"),
}  # fmt: skip
CELLS = {
    "10*9/L": F(1), "/nL": F(1), "10*3/uL": F(1), "10*3/mm3": F(1), "10*6/L": F(1, 1000), "/uL": F(1, 1000),
    "{cells}/uL": F(1, 1000), "/mm3": F(1, 1000),
}  # fmt: skip
CONTENT = {
    "g/L": F(1), "g/dL": F(10), "mg/dL": F(1, 100), "mg/L": F(1, 1000), "ug/mL": F(1, 1000),
    "ug/dL": F(1, 10**5), "ug/L": F(1, 10**6), "ng/mL": F(1, 10**6), "ng/L": F(1, 10**9),
    "pg/mL": F(1, 10**9), "ng/dL": F(1, 10**8),
}  # fmt: skip
NUMBER = {"1": F(1), "{score}": F(1), "%": F(1, 100)}
LENGTH = {"cm": F(1), "m": F(100), "mm": F(1, 10), "[in_i]": F("2.54"), "[ft_i]": F("30.48")}
KINDS: list[Mapping[str, Fraction]] = [MASS, CELLS, CONTENT, NUMBER, LENGTH]
FLOWS = {
    "L/min": F(1),
    "l/min": F(1),
    "mL/min": F(1, 1000),
    "ml/min": F(1, 1000),
    "mL/h": F(1, 60000),
    "L/h": F(1, 60),
}
FRACTIONS = {"1": F(1), "fraction": F(1), "%": F(1, 100), "percent": F(1, 100)}
LENGTHS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
RATED = {
    "g": F(10**6),
    "mg": F(1000),
    "ug": F(1),
    "ng": F(1, 1000),
    "U": F(1),
    "[iU]": F(1),
    "mU": F(1, 1000),
}


def close(value: Fraction, exact: Fraction, loose: Fraction | None = None) -> bool:
    """Equal to twenty-five digits where the decimal ends, else nearly."""
    if abs(value - exact) <= abs(exact) / 10**25:
        return True
    if loose is None:
        loose = Fraction(0) if ends(exact) else NEARLY
    return abs(value - exact) <= loose


def ends(value: Fraction) -> bool:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def converted(value: Fraction, unit: str, target: str) -> Fraction | None:
    """The amount in another unit of its kind; None where these units have nothing to do with each other."""
    if target == "Cel":
        degrees = {"[degF]": (value - 32) * 5 / 9, "K": value - F("273.15"), "Cel": value}
        return degrees.get(unit)
    for kind in KINDS:
        if unit in kind and target in kind:
            return value * kind[unit] / kind[target]
    return value if unit == target else None


def scaled(number: Number, factors: Mapping[str, Fraction]) -> Iterator[Fraction]:
    """What a number may stand for: by the unit beside it, or in any unit where that is not known here."""
    known = {factors[unit] for unit in number.units if unit in factors}
    for factor in known or set(factors.values()):
        yield number.value * factor


def seconds_of(number: Number) -> set[int]:
    known = {LENGTHS[unit] for unit in number.units if unit in LENGTHS}
    return known or set(LENGTHS.values())


def per_minute(unit: str, target: str) -> Fraction | None:
    """How many of ``target`` one of ``unit`` is, for amounts and rates; None where a product must tell."""
    if ("/kg" in unit or "(kg" in unit) != ("/kg" in target):
        return None
    top, goal = (RATED.get(each.split("/")[0]) for each in (unit, target))
    if top is None or goal is None:
        return None
    times = [F(1, 60) if each.rstrip(")").endswith(("/h", ".h")) else F(1) for each in (unit, target)]
    return top / goal * times[0] / times[1]
