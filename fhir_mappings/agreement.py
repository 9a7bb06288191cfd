"""When several codings of one concept say the same, and when they disagree."""

from __future__ import annotations

from decimal import Decimal

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


def agree(first: Meaning | Conflict, second: Meaning) -> Meaning | Conflict:
    """The one meaning of two codings of the same concept, whichever comes first."""
    if isinstance(first, Conflict) or first == second:
        return first
    for one, other in ((first, second), (second, first)):
        if isinstance(one, Excluded):
            return one
        merged = _merge(one, other)
        if merged is not None:
            return merged
    return Conflict(first, second)


def _merge(one: Meaning, other: Meaning) -> Meaning | None:
    """``one`` where it is the more telling of the two, or what both support."""
    if isinstance(one, Measure) and isinstance(other, Measure) and one.spec is other.spec:
        return _merge_methods(one, other)
    if isinstance(one, PressureParent) and isinstance(other, Measure):
        return other if other.spec.unit.code == "mm[Hg]" else None
    if isinstance(one, Support) and isinstance(other, Support):
        return one if other.device in (OxygenDevice.OXYGEN_UNSPECIFIED, one.device) else None
    if isinstance(one, DrugCode) and isinstance(other, DrugCode) and one.drug is other.drug:
        return _merge_products(one, other)
    if isinstance(one, Diagnosis) and isinstance(other, Diagnosis) and one.group is other.group:
        return _merge_grades(one, other)
    return None


def _merge_methods(one: Measure, other: Measure) -> Measure:
    methods = {one.method, other.method} - {Method.UNSPECIFIED}
    return Measure(one.spec, methods.pop() if len(methods) == 1 else Method.UNSPECIFIED)


def _merge_products(one: DrugCode, other: DrugCode) -> DrugCode:
    products = sorted({one.product, other.product} - {""})
    routes = {one.route, other.route} - {Route.UNSPECIFIED}
    route = routes.pop() if len(routes) == 1 else Route.UNSPECIFIED
    strength, content = _only(one.strength, other.strength), _only(one.content, other.content)
    return DrugCode(one.drug, products[0] if products else "", route, strength, content)


def _only(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """What one of them says, or both alike."""
    found = {one, other} - {None}
    return found.pop() if len(found) == 1 else None


def _merge_grades(one: Diagnosis, other: Diagnosis) -> Diagnosis:
    grades = {one.grade, other.grade} - {None}
    display = min(one.display, other.display)
    return Diagnosis(one.group, display, grades.pop() if len(grades) == 1 else None)
