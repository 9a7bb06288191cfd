"""Norepinephrine with vasopressin: vasopressin is not a second vasopressor, so grade 3 and not 4."""

from __future__ import annotations

from cds_service.sandbox import codes, drugs, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(82, "Multiple myeloma")
    chart.procedure(codes.IDE_CEL_INFUSION, 76, "75.5")
    routine.weights(chart, {81: "92.8", 33: "93.4", 9: "94.1"}, code=codes.MEASURED_WEIGHT)
    routine.temperatures(
        chart, {80: "36.8", 44: "37.3", 38: "38.8", 28: "39.6", 18: "38.9", 9: "39.1", 0: "38.2"}
    )
    routine.pressures(
        chart,
        {80: 138, 40: 120, 24: 102, 18: 84, 14: 80, 10: 88, 4: 93, 0: 95},
        (codes.CUFF_SYSTOLIC, codes.CUFF_DIASTOLIC),
    )
    routine.saturations(chart, {80: 96, 30: 95, 16: 92, 0: 94}, codes.SATURATION)
    routine.pulse_and_breathing(chart, {80: 82, 38: 108, 14: 128, 0: 110}, {80: 15, 14: 24, 0: 21})
    routine.oxygen(chart, codes.ROOM_AIR, routine.each_shift(80, 17))
    routine.oxygen(chart, codes.NASAL_CANNULA, [16, 10, 2], "3")
    drugs.tablets(chart, codes.ACETAMINOPHEN, "650", [37, 29, 21, 13, 5])
    drugs.over_an_hour(chart, codes.TOCILIZUMAB_400, "747", [20, "11.5"])
    drugs.over_an_hour(chart, codes.DEXAMETHASONE, "10", ["16.5", "10.5", "4.5"], minutes=15)
    drugs.fluid_bolus(chart, 1000, "18.5")
    pressors = drugs.infusion(
        chart,
        codes.NOREPINEPHRINE_INJECTION,
        "ug/kg/min",
        [(16, "0.06"), ("14.5", "0.14"), (12, "0.22"), (6, "0.18"), (3, "0.15")],
    )
    drugs.contain_medication(pressors)
    drugs.infusion(chart, codes.VASOPRESSIN, "U/min", [(12, "0.03"), (6, "0.04")])
    routine.daily_labs(
        chart,
        crp="9 41 176 224",
        ferritin="720 1850 9400 16200",
        anc="1.8 1.1 0.6 0.4",
        platelets="104 81 52 33",
        fibrinogen="334 391 302 221",
        creatinine="0.9 0.9 1.3 1.7",
        bilirubin="0.5 0.6 1.2 1.7",
        alt="21 24 68 102",
        ast="23 27 91 140",
    )


SCENARIO = Scenario(
    id="demo-04",
    title="norepinephrine with vasopressin",
    given="Vasopressin",
    gender="female",
    age=63,
    story="Day 3 after idecabtagene vicleucel. Norepinephrine and vasopressin together, 3 L/min by nasal "
    "cannula. Vasopressin does not make it grade 4.",
    expected=Expected("active", 3, 3),
    write=write,
)
