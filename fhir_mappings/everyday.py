"""The everyday Observation, read in one go: nine of ten vital signs look the same.

A final result of this patient, with a time and a zone, plausible and in the canonical unit. Whatever deviates
in anything is left to ``observations``, which reads every shape. The two must agree: a test holds them together
over tampered resources.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from operator import itemgetter
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
QUANTITY_PARTS = itemgetter("value", "unit", "system", "code")
CIRCUMSTANCES = itemgetter("status", "subject", "effectiveDateTime")
LARGEST_INTEGER = 10**9  # a longer one is looked at carefully
Measured = tuple[Measure, Decimal]


def read_everyday(code: Meaning | Conflict | None, reference: str, resource: Json, chart: Chart) -> bool:
    """Read it whole, or leave it whole: True when everything in it was read."""
    try:
        measured = _measured(code, resource, chart)
        time = _time(resource, chart) if measured else None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return False  # something is missing, or of another type
    if measured is None or time is None:
        return False
    readings = chart.readings
    for measure, value in measured:
        spec = measure.spec
        reading = Reading(spec.concept, value, spec.unit.code, time, reference, measure.method)
        readings[spec.name].append(reading)
    return True


def _measured(code: Meaning | Conflict | None, resource: Json, chart: Chart) -> list[Measured] | None:
    """The amounts of a single result or of a blood pressure panel."""
    if type(code) is Measure:
        value = _amount(code, resource, chart) if ONE_VALUE.isdisjoint(resource) else None
        return None if value is None else [(code, value)]
    if type(code) is PressureParent and NO_VALUE.isdisjoint(resource):
        return _panel(resource["component"], chart)
    return None


def _panel(components: Any, chart: Chart) -> list[Measured] | None:
    """None where any component is out of the ordinary."""
    if type(components) is not list:
        return None
    measured: list[Measured] = []
    for component in components:
        if not DEVIATIONS.isdisjoint(component):
            return None
        meaning = chart.book.meaning(component["code"])
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
    quantity = holder["valueQuantity"]
    value, label, system, code = QUANTITY_PARTS(quantity)
    if len(quantity) != 4 or spec.of_oxygen or chart.book.units.find(system, code, label) is not spec.unit:
        return None
    if type(value) is int and -LARGEST_INTEGER < value < LARGEST_INTEGER:
        value = Decimal(value)
    elif type(value) is not Decimal or not value.is_finite() or abs(value.adjusted()) > LARGEST_EXPONENT:
        return None
    return value if spec.low <= value <= spec.high else None


def _time(resource: Json, chart: Chart) -> datetime | None:
    """When it was observed, if it is this patient's, final, and not later than the time of the call."""
    status, subject, charted = CIRCUMSTANCES(resource)
    if status != "final" or subject.get("reference") != chart.subject or charted[10:11] != "T":
        return None
    time = datetime.fromisoformat(charted)
    if time.tzinfo is None or chart.gathered.superseded:
        return None
    time = time.astimezone(UTC)
    return time if time <= chart.as_of else None
