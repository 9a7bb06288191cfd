"""A child of four with a systolic of 76 mmHg, which is low at that age (below 70 + 2 × 4)."""

from __future__ import annotations

from cds_service.sandbox import codes, drugs, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(102, "B-cell acute lymphoblastic leukaemia")
    chart.procedure(codes.TISA_CEL_INFUSION, 96, "95.5")
    routine.weights(chart, {101: "17.2", 53: "17.1", 8: "17.0"})
    routine.temperatures(
        chart,
        {100: "36.8", 34: "37.3", 28: "38.7", 18: "39.6", 10: "38.9", 0: "39.1"},
        codes.TYMPANIC_TEMPERATURE,
    )
    routine.pressures(chart, {100: 102, 28: 98, 12: 94, 6: 88, 3: 84, 0: 76})
    routine.saturations(chart, {100: 98, 20: 97, 0: 96})
    routine.pulse_and_breathing(chart, {100: 96, 28: 128, 0: 148}, {100: 22, 18: 30, 0: 32})
    routine.oxygen(chart, codes.ROOM_AIR, routine.each_shift(100, 0))
    drugs.tablets(chart, codes.ACETAMINOPHEN, "240", [27, 19, 11, "3.5"])
    drugs.fluid_bolus(chart, 170, "0.9")
    routine.daily_labs(
        chart,
        crp="3 8 52 118",
        ferritin="1200 1350 3900 7800",
        anc="1.0 0.6 0.3 0.2",
        platelets="96 78 61 54",
        fibrinogen="290 301 377 402",
        creatinine="0.3 0.3 0.3 0.4",
        bilirubin="0.4 0.4 0.6 0.8",
        alt="22 24 31 46",
        ast="28 30 42 63",
    )


SCENARIO = Scenario(
    id="demo-07",
    title="child of four, low pressure",
    given="Child",
    gender="female",
    age=4,
    story="Day 4 after tisagenlecleucel, 17 kg. Systolic 76 mmHg now, below the threshold for a child of "
    "four; room air.",
    expected=Expected("active", 2, 2),
    write=write,
)
