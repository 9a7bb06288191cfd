"""The everyday Observation, read in one go: nine of ten vital signs look the same.

A final result of this patient, with a time and a zone, plausible and in the canonical unit. What deviates in
anything is left to ``observations``, which reads every shape. The two must agree: a test holds them together
over tampered resources.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
from msgspec import UNSET, UnsetType

from fhir_mappings.amounts import LARGEST_EXPONENT
from fhir_mappings.chart import Chart
from fhir_mappings.codes import CodeBook
from fhir_mappings.datetimes import FIRST_YEAR
from fhir_mappings.facts import Reading
from fhir_mappings.meanings import Conflict, Meaning, Measure, PressureParent, Told
from fhir_mappings.searchset import Component, Concept, Observation, Quantity
from fhir_mappings.units import UnitTable

LARGEST_INTEGER = 10**9  # a longer one is looked at carefully
Measured = tuple[Measure, Decimal]


def read_everyday(reference: str, resource: Observation, chart: Chart) -> bool:
    """Read it whole, or leave it whole: True when everything in it was read."""
    try:
        measured = _measured(resource, chart)
        time = _time(resource, chart) if measured is not None else None
    except (TypeError, ValueError, OverflowError):
        return False  # a value of another type, or a time that is none
    if measured is None or time is None:
        return measured == []
    readings = chart.readings
    for measure, value in measured:
        spec = measure.spec
        readings[spec.name].append(
            Reading(spec.concept, value, spec.unit.code, time, reference, measure.method, None)
        )
    return True


def _agreed(concept: Concept, book: CodeBook) -> Meaning | Conflict | None:
    """What several codings mean together."""
    return book.meaning(msgspec.to_builtins(concept))


def _measured(resource: Observation, chart: Chart) -> list[Measured] | None:
    """The amounts of a single result or of a panel; empty where nothing in it is of interest."""
    book, codings, components = chart.book, resource.code.coding, resource.component
    one = len(codings) == 1
    code = book.find(codings[0].system, codings[0].code) if one else _agreed(resource.code, book)
    if isinstance(components, UnsetType):
        if type(code) is Measure:
            value = _amount(code, resource.valueQuantity, book.units)
            return None if value is None else [(code, value)]
        return [] if code is None else None
    if type(code) is PressureParent and resource.valueQuantity is UNSET:
        return _panel(components, book)
    return None


def _panel(components: list[Component], book: CodeBook) -> list[Measured] | None:
    """None where any component is out of the ordinary."""
    measured: list[Measured] = []
    for component in components:
        codings = component.code.coding
        one = len(codings) == 1
        meaning = book.find(codings[0].system, codings[0].code) if one else _agreed(component.code, book)
        if isinstance(meaning, Measure):
            value = _amount(meaning, component.valueQuantity, book.units)
            if value is None:
                return None
            measured.append((meaning, value))
        elif isinstance(meaning, Told):
            return None
    return measured or None


def _amount(measure: Measure, quantity: Quantity | UnsetType, units: UnitTable) -> Decimal | None:
    """A plausible amount in the canonical unit."""
    if isinstance(quantity, UnsetType):
        return None
    spec, value = measure.spec, quantity.value
    if spec.of_oxygen or units.find(quantity.system, quantity.code, quantity.unit) is not spec.unit:
        return None
    if type(value) is int and -LARGEST_INTEGER < value < LARGEST_INTEGER:
        value = Decimal(value)
    elif type(value) is not Decimal or not value.is_finite() or abs(value.adjusted()) > LARGEST_EXPONENT:
        return None
    return value if spec.low <= value <= spec.high else None


def _time(resource: Observation, chart: Chart) -> datetime | None:
    """When it was observed, if it is this patient's, final, and not later than the time of the call."""
    charted = resource.effectiveDateTime
    mine = resource.status == "final" and resource.subject.reference == chart.subject
    if not mine or charted[10:11] != "T" or charted[7] != "-" or chart.gathered.superseded:
        return None
    time = datetime.fromisoformat(charted)
    if time.tzinfo is not UTC:
        if time.tzinfo is None:
            return None
        time = time.astimezone(UTC)
    return time if time <= chart.as_of and time.year >= FIRST_YEAR else None
