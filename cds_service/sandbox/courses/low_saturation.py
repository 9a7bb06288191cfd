"""SpO2 of 88 % on room air: oxygen need is what is graded, so the grade may be understated."""

from __future__ import annotations

from cds_service.sandbox import codes, drugs, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(76, "Large B-cell lymphoma")
    chart.procedure(codes.AXI_CEL_INFUSION, 70, "69.5")
    routine.weights(chart, {75: "77.7", 27: "77.3"})
    routine.temperatures(chart, {74: "36.5", 26: "37.2", 20: "38.3", 12: "39.0", 0: "38.7"})
    routine.pressures(chart, {74: 122, 24: 116, 0: 106})
    routine.saturations(chart, {74: 97, 14: 95, 6: 92, 2: 89, 0: 88})
    routine.pulse_and_breathing(chart, {74: 74, 20: 100, 0: 116}, {74: 14, 20: 20, 0: 28})
    routine.oxygen(chart, codes.ROOM_AIR, routine.each_shift(74, 0))
    drugs.tablets(chart, codes.ACETAMINOPHEN, "650", [18, 10, 2])
    routine.daily_labs(
        chart,
        crp="4 17 92",
        ferritin="440 610 1900",
        anc="1.5 0.8 0.5",
        platelets="133 112 90",
        fibrinogen="315 340 398",
        creatinine="0.9 0.9 1.0",
        bilirubin="0.5 0.6 0.7",
        alt="26 28 34",
        ast="24 27 38",
    )


SCENARIO = Scenario(
    id="demo-13",
    title="SpO2 88 % on room air",
    given="Saturation",
    gender="male",
    age=49,
    story="Day 3 after axicabtagene ciloleucel. Fever, and SpO2 falling to 88 % on room air: graded by "
    "oxygen need it stays grade 1, and the card warns.",
    expected=Expected("active", 1, 1),
    write=write,
)
