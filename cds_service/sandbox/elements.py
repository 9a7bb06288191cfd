"""FHIR R4 elements as plain JSON values: codes, quantities, references and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cds_service.sandbox.codes import Code

Json = dict[str, Any]

UCUM = "http://unitsofmeasure.org"
CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"

UNIT_TEXT = {
    "Cel": "°C",
    "[degF]": "°F",
    "mm[Hg]": "mmHg",
    "cm[H2O]": "cmH2O",
    "[lb_av]": "lb",
    "ug/kg/min": "mcg/kg/min",
    "ug": "mcg",
    "/min": "/min",
}
"""What the chart prints where that differs from the UCUM code."""


def codeable(code: Code) -> Json:
    """A CodeableConcept; text only where the code has no system."""
    if not code.system:
        return {"text": code.text}
    coding = {"system": code.system, "code": code.code, "display": code.display}
    return {"coding": [coding], "text": code.text}


def category(code: str) -> Json:
    """An Observation category of HL7's code system, such as ``vital-signs``."""
    return {"coding": [{"system": CATEGORIES, "code": code}]}


def number(value: Decimal) -> int | float:
    """A JSON number that prints as ``value`` does."""
    return int(value) if value == value.to_integral_value() else float(value)


def quantity(value: Decimal | int | str, unit: str) -> Json:
    """A Quantity in UCUM; ``unit`` is the UCUM code."""
    return {
        "value": number(Decimal(value)),
        "unit": UNIT_TEXT.get(unit, unit),
        "system": UCUM,
        "code": unit,
    }


def instant(time: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return f"{time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def whole_minute(time: datetime) -> datetime:
    """The beginning of the minute, in UTC. Raises ValueError for a time without a zone."""
    if time.tzinfo is None:
        raise ValueError("a time needs a zone")
    return time.astimezone(UTC).replace(second=0, microsecond=0)


def before(now: datetime, hours: Decimal | int | str) -> datetime:
    """The whole minute that lies ``hours`` before ``now``."""
    return now - timedelta(minutes=int(Decimal(hours) * 60))
