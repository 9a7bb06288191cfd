"""Four days after axicabtagene ciloleucel, and nothing is wrong."""

from __future__ import annotations

from cds_service.sandbox import codes, drugs, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(98, "Large B-cell lymphoma")
    chart.procedure(codes.AXI_CEL_INFUSION, 92, "91.5")
    routine.weights(chart, {97: "81.4", 49: "81.0", 3: "80.6"})
    routine.temperatures(chart, {96: "36.6", 60: "36.9", 30: "37.1", 0: "36.8"})
    routine.pressures(chart, {96: 124, 60: 118, 24: 121, 0: 119})
    routine.saturations(chart, {96: 97, 40: 98, 0: 97})
    routine.pulse_and_breathing(chart, {96: 76, 0: 80}, {96: 14, 0: 15})
    routine.oxygen(chart, codes.ROOM_AIR, routine.each_shift(96, 0))
    drugs.tablets(chart, codes.LEVETIRACETAM, "500", range(90, 0, -12))
    routine.daily_labs(
        chart,
        crp="4 5 8 11",
        ferritin="410 420 455 470",
        anc="2.1 1.4 0.9 0.7",
        platelets="142 121 104 96",
        fibrinogen="312 320 334 341",
        creatinine="0.8 0.8 0.8 0.8",
        bilirubin="0.5 0.5 0.5 0.5",
        alt="22 22 23 24",
        ast="20 21 21 22",
    )


SCENARIO = Scenario(
    id="demo-00",
    title="well after CAR-T",
    given="Well",
    gender="female",
    age=61,
    story="Day 4 after axicabtagene ciloleucel. No fever, normal pressures, room air.",
    expected=Expected("no-episode"),
    write=write,
)
