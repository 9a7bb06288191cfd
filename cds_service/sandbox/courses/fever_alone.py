"""A first fever on day 3 after brexucabtagene autoleucel, with neutropenia."""

from __future__ import annotations

from cds_service.sandbox import codes, drugs, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(80, "Mantle cell lymphoma")
    drugs.cells(chart, codes.BREXU_CEL, 74)
    routine.weights(chart, {79: "68.0", 30: "67.6", 6: "67.5"})
    routine.temperatures(
        chart, {78: "36.5", 26: "37.0", 19: "37.5", 17: "38.4", 10: "38.9", 5: "38.5", 0: "38.7"}
    )
    routine.pressures(chart, {78: 128, 20: 122, 10: 108, 0: 106})
    routine.saturations(chart, {78: 97, 12: 95, 0: 96})
    routine.pulse_and_breathing(chart, {78: 72, 20: 78, 10: 104, 0: 102}, {78: 14, 10: 20, 0: 19})
    routine.oxygen(chart, codes.ROOM_AIR, routine.each_shift(78, 0))
    drugs.tablets(chart, codes.ACETAMINOPHEN, "650", [12, "5.5"])
    drugs.over_an_hour(chart, codes.CEFEPIME, "2000", [14, 6], minutes=30)
    routine.daily_labs(
        chart,
        crp="6 9 22 88",
        ferritin="530 560 790 1460",
        anc="0.8 0.4 0.2 0.1",
        platelets="88 71 60 52",
        fibrinogen="330 342 398 452",
        creatinine="1.0 1.0 1.0 1.1",
        bilirubin="0.6 0.6 0.7 0.9",
        alt="24 25 27 33",
        ast="22 24 28 36",
    )


SCENARIO = Scenario(
    id="demo-01",
    title="fever alone",
    given="Fever",
    gender="male",
    age=66,
    story="Day 3 after brexucabtagene autoleucel. Fever since last night, neutropenic, room air, stable.",
    expected=Expected("active", 1, 1),
    write=write,
)
