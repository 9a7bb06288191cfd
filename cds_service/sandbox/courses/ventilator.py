"""Two vasopressors and a ventilator, after BiPAP failed: grade 4 on both axes."""

from __future__ import annotations

from cds_service.sandbox import codes, drugs, orders, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(118, "B-cell acute lymphoblastic leukaemia")
    drugs.cells(chart, codes.AXI_CEL, 112)
    routine.weights(chart, {117: "76.5", 69: "76.9", 21: "79.2"})
    routine.temperatures(
        chart,
        {116: "36.7", 66: "37.2", 60: "38.9", 48: "40.1", 30: "39.2", 18: "39.8", 8: "38.6", 0: "38.1"},
        codes.CORE_TEMPERATURE,
        every=2,
    )
    _circulation(chart)
    _breathing(chart)
    drugs.over_an_hour(chart, codes.TOCILIZUMAB_400, "612", [47, 38, 20])
    drugs.over_an_hour(chart, codes.DEXAMETHASONE, "10", range(46, 20, -6), minutes=15)
    drugs.over_an_hour(chart, codes.METHYLPREDNISOLONE, "500", ["14.5", "2.5"], minutes=30)
    drugs.over_an_hour(chart, codes.ACETAMINOPHEN, "1000", [59, 50, 41, 29, 17, 9, 1], minutes=15)
    drugs.over_an_hour(chart, codes.CEFEPIME, "2000", range(57, 0, -8), minutes=30)
    orders.every(chart, codes.METHYLPREDNISOLONE, "500", 12, "14.5")
    orders.every(chart, codes.CEFEPIME, "2000", 8, 57)
    routine.daily_labs(
        chart,
        crp="8 74 212 268 241",
        ferritin="890 4100 18600 42300 51900",
        anc="0.9 0.3 0.1 0.0 0.0",
        platelets="74 49 28 19 22",
        fibrinogen="322 371 248 162 131",
        creatinine="1.0 1.1 1.6 2.2 2.6",
        bilirubin="0.7 0.9 1.8 2.9 3.4",
        alt="32 48 121 186 204",
        ast="35 62 188 274 263",
    )


def _circulation(chart: Chart) -> None:
    cuff = (codes.CUFF_SYSTOLIC, codes.CUFF_DIASTOLIC)
    line = (codes.ARTERIAL_SYSTOLIC, codes.ARTERIAL_DIASTOLIC)
    curve = {116: 128, 60: 118, 50: 96, 44: 84, 36: 92, 24: 82, 16: 78, 10: 86, 4: 91, 0: 94}
    routine.pressures(chart, {hours: value for hours, value in curve.items() if hours >= 36}, cuff, last=36)
    routine.pressures(chart, {36: 92, 24: 82, 16: 78, 10: 86, 4: 91, 0: 94}, line)
    routine.pressures(chart, {36: 94, 24: 85, 16: 82, 10: 90, 4: 95, 0: 98}, cuff, every=4, last=1)
    for hours_ago, mean in routine.along({36: 66, 16: 56, 4: 66, 0: 68}, 1, "0.2", 2):
        chart.measure("map", codes.ARTERIAL_MEAN, hours_ago, mean, "mm[Hg]")
    routine.pulse_and_breathing(chart, {116: 78, 60: 112, 16: 138, 0: 118}, {116: 15, 30: 28, 0: 22})
    drugs.infusion(
        chart,
        codes.NOREPINEPHRINE,
        "ug/kg/min",
        [(44, "0.06"), (38, "0.12"), (25, "0.24"), (18, "0.36"), (8, "0.3"), (3, "0.26")],
    )
    drugs.infusion(chart, codes.EPINEPHRINE, "ug/kg/min", [(16, "0.04"), (13, "0.08"), (5, "0.05")])
    drugs.fluid_bolus(chart, 1000, 46)
    drugs.fluid_bolus(chart, 500, 25)


def _breathing(chart: Chart) -> None:
    routine.saturations(chart, {116: 97, 52: 94, 36: 92, 24: 90, 13: 94, 0: 95})
    routine.oxygen(chart, codes.ROOM_AIR, routine.each_shift(116, 53))
    routine.oxygen(chart, codes.NASAL_CANNULA, [52, 46], "4")
    routine.oxygen(chart, codes.HIGH_FLOW_CANNULA, [40, 34, 28], "40")
    routine.oxygen(chart, codes.BIPAP, [24, 19, 15])
    routine.oxygen(chart, codes.MECHANICAL_VENTILATOR, [13, 9, 5, 1])
    for hours_ago, percent in ((40, "50"), (28, "70"), (24, "80"), (15, "90")):
        chart.measure("fio2", codes.INHALED_OXYGEN, hours_ago, percent, "%")
    for hours_ago, percent, peep in ((13, "80", 12), (9, "65", 12), (5, "60", 10), (1, "55", 10)):
        chart.measure("fio2", codes.VENTILATOR_OXYGEN, hours_ago, percent, "%")
        chart.measure("peep", codes.PEEP, hours_ago, peep, "cm[H2O]")


SCENARIO = Scenario(
    id="demo-05",
    title="ventilator, two vasopressors",
    given="Ventilator",
    gender="male",
    age=47,
    story="Day 5 after axicabtagene ciloleucel. Ventilated since BiPAP failed, norepinephrine and "
    "epinephrine, arterial line, three tocilizumab doses, methylprednisolone begun.",
    expected=Expected("active", 4, 4),
    write=write,
)
