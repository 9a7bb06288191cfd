"""Fever and oxygen without any immune therapy: CRS is not considered."""

from __future__ import annotations

from cds_service.sandbox import codes, drugs, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(76, "Community-acquired pneumonia")
    routine.weights(chart, {75: "58.9", 27: "58.4"})
    routine.temperatures(chart, {74: "38.9", 50: "39.2", 24: "38.5", 0: "38.3"})
    routine.pressures(chart, {74: 112, 40: 104, 0: 108})
    routine.saturations(chart, {74: 90, 70: 94, 0: 95})
    routine.pulse_and_breathing(chart, {74: 112, 0: 94}, {74: 26, 0: 20})
    routine.oxygen(chart, codes.NASAL_CANNULA, routine.each_shift(74, 0), "2")
    drugs.tablets(chart, codes.ACETAMINOPHEN, "650", range(72, 0, -8))
    drugs.over_an_hour(chart, codes.CEFEPIME, "2000", range(71, 0, -8), minutes=30)
    routine.daily_labs(
        chart,
        crp="188 214 132",
        platelets="244 251 268",
        anc="11.2 9.6 7.4",
        creatinine="1.1 1.2 1.0",
        bilirubin="0.8 0.7 0.6",
        alt="28 26 25",
        ast="31 29 26",
    )


SCENARIO = Scenario(
    id="demo-10",
    title="pneumonia, no immune therapy",
    given="Pneumonia",
    gender="female",
    age=71,
    story="Day 3 of pneumonia. Fever and 2 L/min by nasal cannula, but no therapy that causes CRS.",
    expected=Expected("not-considered"),
    write=write,
)
