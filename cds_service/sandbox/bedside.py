"""What a nurse may chart in the demo: one value of a kind that there is, as the courses chart it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from cds_service.sandbox import codes, drugs, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.codes import Code
from cds_service.sandbox.elements import Json, instant
from cds_service.sandbox.person import Person


class ImplausibleError(ValueError):
    """A value that nobody would chart; the text says what would be."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A number that can be charted, within bounds that only keep out slips of the hand."""

    label: str
    unit: str
    low: Decimal
    high: Decimal
    write: Callable[[Chart, Decimal], None]

    def read(self, text: str) -> Decimal:
        """The number. Raises ImplausibleError."""
        try:
            value = Decimal(text.strip())
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or not self.low <= value <= self.high:
            raise ImplausibleError(
                f"{self.label}: write a number from {self.low} to {self.high} {self.unit}, with a point"
            )
        return value


def _temperature(chart: Chart, value: Decimal) -> None:
    chart.measure("temp", codes.BODY_TEMPERATURE, 0, value, "Cel")


def _pressure(chart: Chart, systolic: Decimal) -> None:
    routine.pressure_panel(chart, Decimal(0), systolic, (systolic * Decimal("0.58")).quantize(Decimal(1)))


def _saturation(chart: Chart, value: Decimal) -> None:
    chart.measure("spo2", codes.PULSE_OXIMETRY, 0, value, "%")


def _weight(chart: Chart, value: Decimal) -> None:
    routine.weights(chart, {0: str(value)})


def _norepinephrine(chart: Chart, rate: Decimal) -> None:
    if rate:
        drugs.infusion(chart, codes.NOREPINEPHRINE, "ug/kg/min", [(0, str(rate))])


KINDS: Mapping[str, Kind] = {
    "temperature": Kind("Temperature", "°C", Decimal(30), Decimal(44), _temperature),
    "pressure": Kind("Systolic pressure", "mmHg", Decimal(40), Decimal(260), _pressure),
    "saturation": Kind("SpO2", "%", Decimal(40), Decimal(100), _saturation),
    "norepinephrine": Kind("Norepinephrine", "mcg/kg/min", Decimal(0), Decimal(5), _norepinephrine),
    "weight": Kind("Weight", "kg", Decimal(1), Decimal(300), _weight),
}
OXYGEN: Mapping[str, tuple[Code, str | None]] = {
    "room-air": (codes.ROOM_AIR, None),
    "cannula-2": (codes.NASAL_CANNULA, "2"),
    "cannula-6": (codes.NASAL_CANNULA, "6"),
    "high-flow-40": (codes.HIGH_FLOW_CANNULA, "40"),
    "bipap": (codes.BIPAP, None),
}
"""What a patient may breathe: the device, and its flow in L/min."""


def entry(person: Person, kind: str, value: str) -> Callable[[datetime, Sequence[Json]], list[Json]]:
    """How the value is written. Raises ImplausibleError for a kind or value that cannot be charted."""
    if kind == "oxygen":
        if value not in OXYGEN:
            raise ImplausibleError(f"oxygen: one of {', '.join(OXYGEN)}")
        device, flow = OXYGEN[value]
        return lambda now, chart: [*_ended(chart, now, _is_support), *_on_oxygen(person, now, device, flow)]
    if kind not in KINDS:
        raise ImplausibleError(f"a value to chart is one of {', '.join([*KINDS, 'oxygen'])}")
    number = KINDS[kind].read(value)

    def write(now: datetime, chart: Sequence[Json]) -> list[Json]:
        ended = _ended(chart, now, _is_norepinephrine) if kind == "norepinephrine" else []
        return [*ended, *_made(person, now, lambda blank: KINDS[kind].write(blank, number))]

    return write


def _on_oxygen(person: Person, now: datetime, device: Code, flow: str | None) -> list[Json]:
    return _made(person, now, lambda blank: routine.oxygen(blank, device, [0], flow))


def _made(person: Person, now: datetime, write: Callable[[Chart], None]) -> list[Json]:
    """What ``write`` writes into a blank chart, to be named by the ward."""
    blank = Chart(person, now)
    write(blank)
    return [{key: value for key, value in item.items() if key != "id"} for item in blank.resources[1:]]


def _ended(chart: Sequence[Json], now: datetime, runs: Callable[[Json], bool]) -> list[Json]:
    """What runs, as it is once it has ended."""
    return [_completed(item, now) for item in chart if item.get("status") == "in-progress" and runs(item)]


def _completed(resource: Json, now: datetime) -> Json:
    element = "performedPeriod" if resource["resourceType"] == "Procedure" else "effectivePeriod"
    return {**resource, "status": "completed", element: {**resource[element], "end": instant(now)}}


def _is_support(resource: Json) -> bool:
    """Procedures that go on are those of breathing."""
    return bool(resource["resourceType"] == "Procedure")


def _is_norepinephrine(resource: Json) -> bool:
    drug = resource.get("medicationCodeableConcept") or resource.get("medicationReference") or {}
    named = f"{drug.get('text', '')} {drug.get('display', '')}"
    return bool(resource["resourceType"] == "MedicationAdministration") and "norepinephrine" in named
