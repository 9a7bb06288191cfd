"""A low systolic, and an oxygen device that nobody has charted for fourteen hours: at least grade 2."""

from __future__ import annotations

from cds_service.sandbox import codes, drugs, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(98, "Mantle cell lymphoma")
    drugs.cells(chart, codes.BREXU_CEL, 92)
    routine.weights(chart, {97: "83.1", 49: "83.0", 6: "82.7"})
    routine.temperatures(
        chart, {96: "36.6", 44: "37.1", 36: "38.8", 24: "39.3", 12: "38.9", 4: "38.7", 0: "38.9"}
    )
    routine.pressures(chart, {96: 134, 40: 118, 16: 102, 10: 97, 5: 88, 2: 83, 0: 84})
    routine.saturations(chart, {96: 97, 24: 93, 20: 95, 0: 93})
    routine.pulse_and_breathing(chart, {96: 78, 36: 108, 0: 120}, {96: 15, 24: 22, 0: 24})
    routine.oxygen(chart, codes.ROOM_AIR, routine.each_shift(96, 25))
    routine.oxygen(chart, codes.NASAL_CANNULA, [22, 14], "3")
    drugs.tablets(chart, codes.ACETAMINOPHEN, "650", [35, 25, 16, 8])
    drugs.over_an_hour(chart, codes.TOCILIZUMAB_400, "664", ["4.4"])
    drugs.fluid_bolus(chart, 500, "4.8")
    routine.daily_labs(
        chart,
        crp="6 21 118 171",
        ferritin="520 830 3300 6100",
        anc="1.1 0.6 0.2 0.1",
        platelets="99 82 58 44",
        fibrinogen="326 350 396 345",
        creatinine="0.8 0.8 0.9 1.1",
        bilirubin="0.5 0.5 0.8 1.0",
        alt="20 21 36 49",
        ast="23 24 45 58",
    )


SCENARIO = Scenario(
    id="demo-12",
    title="oxygen not charted for 14 h",
    given="Uncharted",
    gender="female",
    age=64,
    story="Day 4 after brexucabtagene autoleucel. Fever and a systolic of 84 mmHg; the cannula was last "
    "charted fourteen hours ago.",
    expected=Expected("active", 2, 4),
    write=write,
)
