"""Grade 2 for a day and a half, then well: the episode is over."""

from __future__ import annotations

from cds_service.sandbox import codes, drugs, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(150, "Multiple myeloma")
    chart.procedure(codes.CILTA_CEL_INFUSION, 144, "143.5")
    routine.weights(chart, {119: "64.3", 47: "63.8"})
    routine.temperatures(
        chart,
        {120: "37.3", 112: "38.6", 100: "39.3", 92: "38.5", 86: "37.6", 70: "37.1", 36: "36.7", 0: "36.6"},
    )
    routine.pressures(chart, {120: 118, 108: 98, 102: 85, 98: 92, 92: 104, 80: 116, 40: 122, 0: 124})
    routine.saturations(chart, {120: 96, 106: 91, 102: 94, 86: 96, 0: 98})
    routine.pulse_and_breathing(chart, {120: 84, 104: 116, 84: 86, 0: 72}, {120: 16, 104: 22, 84: 16, 0: 14})
    routine.oxygen(chart, codes.ROOM_AIR, [118, 110])
    routine.oxygen(chart, codes.NASAL_CANNULA, [106, 98, 94], "2")
    routine.oxygen(chart, codes.ROOM_AIR, [90, *routine.each_shift(86, 0)])
    drugs.tablets(chart, codes.ACETAMINOPHEN, "650", [111, 104, 97])
    drugs.fluid_bolus(chart, 500, 102)
    drugs.over_an_hour(chart, codes.TOCILIZUMAB_400, "512", [101])
    routine.daily_labs(
        chart,
        newest=4,
        crp="121 148 74 31 12",
        ferritin="2900 4400 3100 1800 1100",
        anc="0.6 0.5 0.7 1.1 1.5",
        platelets="82 71 76 91 112",
        fibrinogen="398 352 338 322 310",
        creatinine="0.9 1.0 0.9 0.8 0.8",
        bilirubin="0.8 0.9 0.7 0.6 0.5",
        alt="44 58 51 38 29",
        ast="52 63 47 33 26",
    )


SCENARIO = Scenario(
    id="demo-06",
    title="resolved",
    given="Resolved",
    gender="female",
    age=69,
    story="Day 6 after ciltacabtagene autoleucel. Fever, low pressure and a cannula on days 1 and 2, one "
    "tocilizumab; afebrile, off oxygen and off drugs since.",
    expected=Expected("resolved"),
    write=write,
)
