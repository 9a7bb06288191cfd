"""One vasopressor and a low-flow cannula: the pressure sets grade 3."""

from __future__ import annotations

from cds_service.sandbox import codes, drugs, orders, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(106, "Follicular lymphoma")
    drugs.cells(chart, codes.LISO_CEL, 100)
    routine.weights(chart, {105: "70.4", 57: "70.1", 9: "70.0"})
    routine.temperatures(
        chart,
        {104: "36.6", 40: "37.2", 34: "38.6", 26: "39.4", 20: "38.8", 8: "39.4", 3: "38.8", 0: "38.3"},
    )
    routine.pressures(chart, {104: 132, 36: 121, 18: 104, 12: 87, 8: 82, 5: 94, 1: 96, 0: 98})
    routine.saturations(chart, {104: 97, 26: 95, 13: 91, 11: 94, 0: 93})
    routine.pulse_and_breathing(chart, {104: 70, 34: 102, 8: 126, 0: 114}, {104: 14, 12: 24, 0: 22})
    routine.oxygen(chart, codes.ROOM_AIR, routine.each_shift(104, 14))
    routine.oxygen(chart, codes.NASAL_CANNULA, ["12.5", 10], "2")
    routine.oxygen(chart, codes.NASAL_CANNULA, ["5.8", "1.2"], "4")
    drugs.tablets(chart, codes.ACETAMINOPHEN, "650", [33, 25, 19, 9, "2.5"])
    drugs.over_an_hour(chart, codes.CEFEPIME, "2000", [32, 24, 16, 8, "0.7"], minutes=30)
    drugs.fluid_bolus(chart, 1000, 12)
    drugs.fluid_bolus(chart, 500, 10)
    drugs.over_an_hour(chart, codes.TOCILIZUMAB_400, "560", [11])
    drugs.over_an_hour(chart, codes.DEXAMETHASONE, "10", [7, 1], minutes=15)
    drugs.infusion(
        chart, codes.NOREPINEPHRINE, "ug/kg/min", [("8.2", "0.05"), (7, "0.08"), ("5.2", "0.12"), (2, "0.1")]
    )
    orders.at_home(chart, codes.ALLOPURINOL, "1 tablet by mouth every morning", 106)
    orders.every(chart, codes.ACETAMINOPHEN, "650", 6, 33, route=codes.ORAL, as_needed="fever")
    orders.every(chart, codes.CEFEPIME, "2000", 8, 32)
    orders.every(chart, codes.DEXAMETHASONE, "10", 6, 7)
    chart.condition(codes.CRS_UNSPECIFIED, 30)
    routine.daily_labs(
        chart,
        crp="7 18 96 184 201",
        ferritin="480 560 2140 6900 11800",
        anc="1.6 0.9 0.3 0.1 0.1",
        platelets="118 92 66 48 37",
        fibrinogen="318 340 412 331 264",
        creatinine="1.0 1.0 1.1 1.5 1.8",
        bilirubin="0.6 0.6 0.8 1.3 1.6",
        alt="25 26 38 71 96",
        ast="24 27 49 104 131",
    )


SCENARIO = Scenario(
    id="demo-03",
    title="norepinephrine and cannula",
    given="Norepinephrine",
    gender="male",
    age=58,
    story="Day 4 after lisocabtagene maraleucel. Norepinephrine for eight hours, 4 L/min by nasal cannula, "
    "one tocilizumab and two dexamethasone doses given.",
    expected=Expected("active", 3, 3),
    write=write,
)
