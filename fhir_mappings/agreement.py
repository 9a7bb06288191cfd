"""When several codings of one concept say the same, and when they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from fhir_mappings.facts import Method, OxygenDevice, Route
from fhir_mappings.meanings import (
    Conflict,
    Diagnosis,
    DrugCode,
    Excluded,
    Meaning,
    Measure,
    PressureParent,
    Support,
)

T = TypeVar("T")


def agreed(meanings: Sequence[Meaning]) -> Meaning | Conflict:
    """The one meaning of all codings of a concept, whatever their order."""
    found: Meaning | Conflict = meanings[0]
    for meaning in meanings[1:]:
        found = _agree(found, meaning)
    if isinstance(found, Measure):
        return _with_method(found, [m for m in meanings if isinstance(m, Measure)])
    if isinstance(found, DrugCode):
        return _with_product(found, [m for m in meanings if isinstance(m, DrugCode)])
    return _with_grade(found, [m for m in meanings if isinstance(m, Diagnosis)])


def _agree(first: Meaning | Conflict, second: Meaning) -> Meaning | Conflict:
    if isinstance(first, Conflict) or first == second:
        return first
    for one, other in ((first, second), (second, first)):
        if isinstance(one, Excluded):
            return one
        telling = _more_telling(one, other)
        if telling is not None:
            return telling
    return Conflict(first, second)


def _more_telling(one: Meaning, other: Meaning) -> Meaning | None:
    """``one`` where it says what ``other`` says, and perhaps more."""
    if isinstance(one, Measure) and isinstance(other, Measure):
        return one if one.spec is other.spec else None
    if isinstance(one, PressureParent) and isinstance(other, Measure):
        return other if other.spec.unit.code == "mm[Hg]" else None
    if isinstance(one, Support) and isinstance(other, Support):
        return one if other.device in (OxygenDevice.OXYGEN_UNSPECIFIED, one.device) else None
    if isinstance(one, DrugCode) and isinstance(other, DrugCode):
        return one if one.drug is other.drug else None
    if isinstance(one, Diagnosis) and isinstance(other, Diagnosis):
        return one if one.group is other.group else None
    return None


def _with_method(found: Measure, told: Sequence[Measure]) -> Measure:
    return Measure(found.spec, _only({m.method for m in told} - {Method.UNSPECIFIED}, Method.UNSPECIFIED))


def _with_product(found: DrugCode, told: Sequence[DrugCode]) -> DrugCode:
    """What all codes of one drug say together; of two strengths neither is used."""
    products = sorted({code.product for code in told} - {""})
    routes = {code.route for code in told} - {Route.UNSPECIFIED}
    strengths = {code.strength for code in told} - {None}
    contents = {code.content for code in told} - {None}
    return replace(
        found,
        product=products[0] if products else "",
        route=_only(routes, Route.UNSPECIFIED),
        strength=_only(strengths, None),
        content=_only(contents, None),
        ready=all(code.ready for code in told if code.strength is not None),
        disputed=len(strengths) > 1 or len(contents) > 1 or len(routes) > 1,
    )


def _with_grade(found: Meaning | Conflict, told: Sequence[Diagnosis]) -> Meaning | Conflict:
    if not isinstance(found, Diagnosis):
        return found
    grade = _only({d.grade for d in told} - {None}, None)
    return Diagnosis(found.group, min(d.display for d in told), grade)


def _only(values: set[T], otherwise: T) -> T:
    """The one value, or ``otherwise``."""
    return next(iter(values)) if len(values) == 1 else otherwise
