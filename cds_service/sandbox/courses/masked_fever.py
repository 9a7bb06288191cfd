"""Fever taken away by acetaminophen before the pressure fell: fever is no longer needed to grade."""

from __future__ import annotations

from cds_service.sandbox import codes, drugs, orders, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(96, "Large B-cell lymphoma")
    drugs.cells(chart, codes.AXI_CEL, 90)
    routine.weights(chart, {95: "74.0", 47: "73.6", 5: "73.8"})
    routine.temperatures(
        chart,
        {94: "36.6", 48: "37.1", 42: "38.4", 36: "39.0", 31: "38.5", 27: "37.4", 12: "37.1", 0: "37.0"},
        codes.ORAL_TEMPERATURE,
    )
    routine.pressures(chart, {94: 130, 40: 120, 12: 108, 7: 98, 5: 85, 2: 82, 0: 84})
    routine.saturations(chart, {94: 97, 30: 96, 0: 95})
    routine.pulse_and_breathing(chart, {94: 72, 36: 104, 20: 92, 3: 116, 0: 112}, {94: 14, 36: 20, 0: 20})
    routine.oxygen(chart, codes.ROOM_AIR, routine.each_shift(94, 0))
    drugs.tablets(chart, codes.ACETAMINOPHEN, "1000", [33, 27, 21, 15, 9, 3])
    orders.every(chart, codes.ACETAMINOPHEN, "1000", 6, 33, route=codes.ORAL)
    orders.at_home(chart, codes.LEVETIRACETAM, "500 mg by mouth twice daily", 96)
    drugs.fluid_bolus(chart, 500, 4)
    routine.daily_labs(
        chart,
        crp="5 19 104 156",
        ferritin="510 720 2600 4900",
        anc="1.9 1.0 0.6 0.4",
        platelets="126 103 84 70",
        fibrinogen="309 338 406 371",
        creatinine="0.9 0.9 1.1 1.4",
        bilirubin="0.6 0.6 0.9 1.0",
        alt="23 24 41 52",
        ast="22 25 47 58",
    )


SCENARIO = Scenario(
    id="demo-08",
    title="fever masked by acetaminophen",
    given="Masked",
    gender="male",
    age=52,
    story="Day 4 after axicabtagene ciloleucel. Last fever more than a day ago, acetaminophen every six "
    "hours since; now systolic in the low eighties, room air.",
    expected=Expected("active", 2, 2),
    write=write,
)
