"""Hypotension that answers to fluids and a nasal cannula: grade 2 on both axes."""

from __future__ import annotations

from cds_service.sandbox import codes, drugs, orders, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(104, "Diffuse large B-cell lymphoma")
    chart.procedure(codes.TISA_CEL_INFUSION, 98, "97.5")
    routine.weights(chart, {103: "70.2", 55: "70.0", 7: "70.0"})
    routine.temperatures(
        chart,
        {102: "36.7", 46: "37.1", 38: "38.5", 30: "39.1", 24: "38.6", 9: "39.2", 4: "38.6", 0: "38.4"},
        codes.TYMPANIC_TEMPERATURE,
    )
    routine.pressures(chart, {102: 126, 40: 118, 14: 104, 8: 84, 5: 88, 2: 85, 0: 86})
    routine.saturations(chart, {102: 97, 20: 95, 10: 92, 8: 94, 0: 94})
    routine.pulse_and_breathing(chart, {102: 74, 38: 98, 8: 118, 0: 112}, {102: 14, 10: 22, 0: 20})
    routine.oxygen(chart, codes.ROOM_AIR, routine.each_shift(102, 11))
    chart.procedure(codes.CANNULA_OXYGEN, "9.5")
    for hours_ago, flow in (("9.5", "2"), (6, "3"), ("1.5", "3")):
        chart.measure("o2flow", codes.OXYGEN_FLOW, hours_ago, flow, "L/min")
    drugs.tablets(chart, codes.ACETAMINOPHEN, "650", [36, 29, 23, 16, 9, 3])
    drugs.over_an_hour(chart, codes.CEFEPIME, "2000", [35, 27, 19, 11, 3], minutes=30)
    drugs.fluid_bolus(chart, 500, "7.5")
    drugs.fluid_bolus(chart, 500, "5.5")
    drugs.over_an_hour(chart, codes.TOCILIZUMAB_400, "560", ["5.1"])
    orders.every(chart, codes.ACETAMINOPHEN, "650", 6, 36, route=codes.ORAL, as_needed="fever")
    orders.every(chart, codes.CEFEPIME, "2000", 8, 35)
    routine.daily_labs(
        chart,
        crp="5 12 64 142 168",
        ferritin="610 640 1210 3480 5200",
        anc="1.2 0.7 0.4 0.3 0.2",
        platelets="131 104 82 64 55",
        fibrinogen="305 322 401 388 352",
        creatinine="0.8 0.8 0.8 1.0 1.2",
        bilirubin="0.5 0.5 0.6 0.9 1.1",
        alt="19 20 24 48 61",
        ast="21 22 30 62 77",
    )


SCENARIO = Scenario(
    id="demo-02",
    title="low pressure and cannula",
    given="Cannula",
    gender="female",
    age=54,
    story="Day 4 after tisagenlecleucel. Systolic in the eighties after two fluid boluses, 3 L/min by nasal "
    "cannula, first tocilizumab five hours ago.",
    expected=Expected("active", 2, 2),
    write=write,
)
