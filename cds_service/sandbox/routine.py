"""What a ward charts by the clock: vital signs along a curve, oxygen, weight, daily blood tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from cds_service.sandbox import codes
from cds_service.sandbox.chart import Chart, Hours
from cds_service.sandbox.codes import Code
from cds_service.sandbox.elements import codeable, quantity

Curve = Mapping[int, int | str]
"""Values at some hours ago, oldest first; in between they are interpolated."""

SWAY = tuple(Decimal(step) / 10 for step in (0, 6, -3, 8, -7, 2, 10, -5, 4, -9, 1, -2, 7))
"""How far neighbouring readings stray from the curve, as parts of the swing."""


def along(
    curve: Curve, every: int, last: Hours, swing: Hours = 0, *, step: str = "1"
) -> Iterator[tuple[Decimal, Decimal]]:
    """Readings along a curve, as (hours ago, value), oldest first.

    One ``every`` so many hours, the newest of them ``last`` hours ago, where
    it has the last value of the curve; the others stray by ``swing``.
    """
    anchors = [(Decimal(hours), Decimal(value)) for hours, value in curve.items()]
    newest = Decimal(last)
    for place in range(int((anchors[0][0] - newest) // every), 0, -1):
        hours_ago = newest + place * every
        stray = SWAY[place % len(SWAY)] * Decimal(swing)
        yield hours_ago, (_interpolate(anchors, hours_ago) + stray).quantize(Decimal(step), ROUND_HALF_UP)
    yield newest, anchors[-1][1]


def _interpolate(anchors: list[tuple[Decimal, Decimal]], hours_ago: Decimal) -> Decimal:
    for (early, first), (late, second) in pairwise(anchors):
        if early >= hours_ago >= late:
            return first + (second - first) * (early - hours_ago) / (early - late)
    return anchors[-1][1]


def temperatures(
    chart: Chart, curve: Curve, code: Code = codes.BODY_TEMPERATURE, *, every: int = 4, last: Hours = "0.5"
) -> None:
    """Temperatures in °C."""
    for hours_ago, value in along(curve, every, last, "0.1", step="0.1"):
        chart.measure("temp", code, hours_ago, value, "Cel")


def fahrenheit(
    chart: Chart, curve: Curve, code: Code = codes.ORAL_TEMPERATURE, *, last: Hours = "0.5"
) -> None:
    """Temperatures in °F, every four hours; the curve is in °F too."""
    for hours_ago, value in along(curve, 4, last, "0.2", step="0.1"):
        chart.measure("temp", code, hours_ago, value, "[degF]")


def pressures(
    chart: Chart, curve: Curve, pair: tuple[Code, Code] | None = None, *, every: int = 1, last: Hours = "0.2"
) -> None:
    """Systolic pressures with the diastolic that goes with each: a panel, or two Observations."""
    for hours_ago, systolic in along(curve, every, last, 3):
        diastolic = (systolic * Decimal("0.58")).quantize(Decimal(1))
        if pair is None:
            pressure_panel(chart, hours_ago, systolic, diastolic)
        else:
            chart.measure("sbp", pair[0], hours_ago, systolic, "mm[Hg]")
            chart.measure("dbp", pair[1], hours_ago, diastolic, "mm[Hg]")


def pressure_panel(chart: Chart, hours_ago: Hours, systolic: Decimal, diastolic: Decimal) -> None:
    """One blood pressure as a panel with two components."""
    parts = [
        {"code": codeable(code), "valueQuantity": quantity(value, "mm[Hg]")}
        for code, value in ((codes.SYSTOLIC, systolic), (codes.DIASTOLIC, diastolic))
    ]
    chart.observation("bp", codes.PRESSURE_PANEL, hours_ago, "vital-signs", {"component": parts})


def saturations(
    chart: Chart, curve: Curve, code: Code = codes.PULSE_OXIMETRY, *, every: int = 1, last: Hours = "0.2"
) -> None:
    """SpO2 in %, never above 100."""
    for hours_ago, value in along(curve, every, last, "0.6"):
        chart.measure("spo2", code, hours_ago, min(value, Decimal(100)), "%")


def pulse_and_breathing(chart: Chart, pulse: Curve, breaths: Curve, *, last: Hours = "0.5") -> None:
    """Heart and respiratory rate, every four hours."""
    for hours_ago, value in along(pulse, 4, last, 4):
        chart.measure("hr", codes.HEART_RATE, hours_ago, value, "/min")
    for hours_ago, value in along(breaths, 4, last, 1):
        chart.measure("rr", codes.RESPIRATORY_RATE, hours_ago, value, "/min")


def oxygen(chart: Chart, device: Code, times: Iterable[Hours], flow: str | None = None) -> None:
    """The oxygen device as charted at each of the times, with its flow in L/min where it has one."""
    for hours_ago in times:
        value = {"valueCodeableConcept": codeable(device)}
        chart.observation("o2", codes.OXYGEN_SUPPORT, hours_ago, "vital-signs", value)
        if flow is not None:
            chart.measure("o2flow", codes.OXYGEN_FLOW, hours_ago, flow, "L/min")


def each_shift(start: int, end: int, at: Hours = 2) -> list[Decimal]:
    """The charting times of eight-hour shifts between ``start`` and ``end`` hours ago, oldest first."""
    offset = Decimal(at)
    return [Decimal(hours) + offset for hours in range(120, -1, -8) if start >= hours + offset >= end]


def weights(chart: Chart, readings: Mapping[int, str], unit: str = "kg", code: Code = codes.WEIGHT) -> None:
    """Body weights at some hours ago."""
    for hours_ago, value in readings.items():
        chart.measure("weight", code, hours_ago, value, unit)


DAILY = {
    "crp": (codes.CRP, "mg/L"),
    "ferritin": (codes.FERRITIN, "ng/mL"),
    "anc": (codes.NEUTROPHILS, "10*3/uL"),
    "platelets": (codes.PLATELETS, "10*3/uL"),
    "fibrinogen": (codes.FIBRINOGEN, "mg/dL"),
    "creatinine": (codes.CREATININE, "mg/dL"),
    "bilirubin": (codes.BILIRUBIN, "mg/dL"),
    "alt": (codes.ALT, "U/L"),
    "ast": (codes.AST, "U/L"),
}


def daily_labs(chart: Chart, *, newest: Hours = 5, **values: str) -> None:
    """One result a day of each named test, oldest first, the newest ``newest`` hours ago.

    The names are those of ``DAILY``; the values of one test are parted by blanks.
    """
    for name, series in values.items():
        code, unit = DAILY[name]
        results = series.split()
        for days_back, value in zip(range(len(results) - 1, -1, -1), results, strict=True):
            chart.result(name, code, Decimal(newest) + 24 * days_back, value, unit)
