"""Fever after the second step-up dose of a T-cell engager, charted in °F and pounds."""

from __future__ import annotations

from cds_service.sandbox import codes, drugs, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(90, "Multiple myeloma")
    drugs.injection(chart, codes.TECLISTAMAB, "4.3", 86)
    drugs.injection(chart, codes.TECLISTAMAB, "21.6", 37)
    routine.weights(chart, {89: "158.7", 41: "158.3"}, "[lb_av]")
    routine.fahrenheit(chart, {88: "98.1", 24: "98.9", 15: "99.5", 12: "101.3", 6: "101.8", 0: "101.1"})
    routine.pressures(chart, {88: 136, 14: 128, 0: 118}, (codes.SYSTOLIC, codes.DIASTOLIC))
    routine.saturations(chart, {88: 97, 0: 96}, codes.SATURATION)
    routine.pulse_and_breathing(chart, {88: 76, 12: 98, 0: 96}, {88: 14, 0: 18})
    routine.oxygen(chart, codes.ROOM_AIR, routine.each_shift(88, 0))
    drugs.tablets(chart, codes.ACETAMINOPHEN, "650", [11, 5])
    routine.daily_labs(
        chart, crp="6 8 14 61", ferritin="290 300 340 810", anc="3.1 2.8 2.4 2.2", platelets="161 158 149 140"
    )


SCENARIO = Scenario(
    id="demo-14",
    title="T-cell engager, fever",
    given="Teclistamab",
    gender="female",
    age=73,
    story="A day and a half after the second dose of teclistamab. Fever of 101 °F, stable, room air.",
    expected=Expected("active", 1, 1),
    write=write,
)
