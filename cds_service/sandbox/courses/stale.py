"""An open episode of which nothing has been charted for fourteen hours."""

from __future__ import annotations

from cds_service.sandbox import codes, drugs, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(94, "Large B-cell lymphoma")
    drugs.cells(chart, codes.AXI_CEL, 88)
    routine.weights(chart, {93: "66.0", 45: "65.7"})
    routine.temperatures(
        chart, {92: "36.7", 54: "37.2", 48: "38.4", 40: "39.1", 34: "38.4", 30: "37.6", 14: "37.2"}, last=14
    )
    routine.pressures(chart, {92: 124, 46: 112, 14: 108}, last=14)
    routine.saturations(chart, {92: 97, 40: 95, 14: 96}, last=14)
    routine.pulse_and_breathing(chart, {92: 74, 40: 104, 14: 88}, {92: 14, 40: 20, 14: 17}, last=14)
    routine.oxygen(chart, codes.ROOM_AIR, routine.each_shift(92, 14, at=6))
    drugs.tablets(chart, codes.ACETAMINOPHEN, "650", [47, 39, 34])
    routine.daily_labs(
        chart,
        newest=22,
        crp="5 38 112",
        ferritin="460 1100 2900",
        anc="1.7 0.9 0.5",
        platelets="119 96 77",
        fibrinogen="311 364 420",
        creatinine="0.9 0.9 1.0",
        bilirubin="0.6 0.6 0.8",
        alt="27 29 37",
        ast="25 28 41",
    )


SCENARIO = Scenario(
    id="demo-11",
    title="nothing charted for 14 h",
    given="Stale",
    gender="male",
    age=57,
    story="Day 4 after axicabtagene ciloleucel. Fever until the day before yesterday, then one quiet night, "
    "and no reading of any kind for fourteen hours.",
    expected=Expected("not-gradable"),
    write=write,
)
