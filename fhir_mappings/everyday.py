"""The everyday Observation, read in one go: nine of ten vital signs look the same.

A final result of this patient with a time, a zone and plausible amounts in canonical or known units.
Whatever deviates in anything is left to ``observations``, which reads every shape; the two
must agree, and a test holds them together over tampered resources.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from fhir_mappings.amounts import LARGEST_EXPONENT
from fhir_mappings.chart import Chart
from fhir_mappings.facts import Reading
from fhir_mappings.meanings import Conflict, Meaning, Measure, PressureParent, Told
from fhir_mappings.resources import ANSWERS, Json

DEVIATIONS = frozenset(
    {"modifierExtension", "extension", "hasMember", "focus", "dataAbsentReason", "contained"}
    | {"effectivePeriod", "effectiveInstant", "effectiveTiming", "device"}
)
ONE_VALUE = DEVIATIONS | {"component"}
NO_VALUE = DEVIATIONS | ANSWERS
QUANTITY_PARTS = frozenset({"value", "unit", "system", "code"})
Measured = tuple[Measure, Decimal]
LARGEST_INTEGER = 10**9  # a longer one is looked at carefully


def read_everyday(code: Meaning | Conflict | None, reference: str, resource: Json, chart: Chart) -> bool:
    """Read it whole, or leave it whole: True when everything in it was read."""
    measured: list[Measured] | None = None
    if isinstance(code, Measure) and ONE_VALUE.isdisjoint(resource):
        value = _amount(code, resource, chart)
        measured = None if value is None else [(code, value)]
    elif isinstance(code, PressureParent) and NO_VALUE.isdisjoint(resource):
        measured = _panel(resource.get("component"), chart)
    time = _time(resource, chart) if measured else None
    if measured is None or time is None:
        return False
    for measure, value in measured:
        spec = measure.spec
        reading = Reading(spec.concept, value, spec.unit.code, time, reference, measure.method)
        chart.readings[spec.name].append(reading)
    return True


def _panel(components: Any, chart: Chart) -> list[Measured] | None:
    """The amounts of a blood pressure panel; None where a component is out of the ordinary."""
    measured: list[Measured] = []
    for component in components if type(components) is list else ():
        if type(component) is not dict or not DEVIATIONS.isdisjoint(component):
            return None
        meaning = chart.book.meaning(component.get("code"))
        if isinstance(meaning, Measure):
            value = _amount(meaning, component, chart)
            if value is None:
                return None
            measured.append((meaning, value))
        elif isinstance(meaning, Told):
            return None
    return measured


def _amount(measure: Measure, holder: Json, chart: Chart) -> Decimal | None:
    """A plausible amount in the canonical unit."""
    spec = measure.spec
    quantity = holder.get("valueQuantity")
    if spec.of_oxygen or type(quantity) is not dict or not QUANTITY_PARTS.issuperset(quantity):
        return None
    value = quantity.get("value")
    if type(value) is int and -LARGEST_INTEGER < value < LARGEST_INTEGER:
        value = Decimal(value)
    elif type(value) is not Decimal or not value.is_finite() or abs(value.adjusted()) > LARGEST_EXPONENT:
        return None
    system, code, label = quantity.get("system", ""), quantity.get("code", ""), quantity.get("unit", "")
    if not (type(system) is str and type(code) is str and type(label) is str):
        return None
    known = chart.book.units.find(system, code, label) is spec.unit
    return value if known and spec.low <= value <= spec.high else None


def _time(resource: Json, chart: Chart) -> datetime | None:
    """When it was observed, if it is this patient's, final, and not later than the time of the call."""
    subject, charted = resource.get("subject"), resource.get("effectiveDateTime")
    if type(subject) is not dict or subject.get("reference") != chart.subject:
        return None
    if type(charted) is not str or charted[10:11] != "T" or resource.get("status") != "final":
        return None
    try:
        time = datetime.fromisoformat(charted)
        if time.tzinfo is None or chart.gathered.superseded:
            return None
        time = time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time if time <= chart.as_of else None
