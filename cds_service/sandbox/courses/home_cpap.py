"""Nocturnal CPAP from home, used before the cells were given: support that does not count."""

from __future__ import annotations

from decimal import Decimal

from cds_service.sandbox import codes, drugs, routine
from cds_service.sandbox.chart import Chart
from cds_service.sandbox.scenario import Expected, Scenario


def write(chart: Chart) -> None:
    chart.admitted(118, "Follicular lymphoma")
    chart.condition(codes.text_only("Obstructive sleep apnoea, CPAP at home"), 118)
    drugs.cells(chart, codes.LISO_CEL, 70)
    routine.weights(chart, {117: "104.5", 69: "104.2", 10: "103.8"})
    routine.temperatures(
        chart, {116: "36.7", 30: "37.2", 24: "37.6", 21: "38.3", 10: "38.7", 4: "38.4", 0: "38.6"}
    )
    routine.pressures(chart, {116: 142, 24: 134, 10: 122, 0: 120})
    routine.saturations(chart, {116: 95, 20: 95, 0: 96})
    routine.pulse_and_breathing(chart, {116: 80, 22: 98, 0: 96}, {116: 16, 10: 19, 0: 18})
    routine.oxygen(
        chart,
        codes.NOCTURNAL_CPAP,
        [night + Decimal(after) for night in (96, 72, 48, 24, 0) for after in ("5.5", "1.5")],
    )
    routine.oxygen(chart, codes.ROOM_AIR, [114, 106, 93, 86, 69, 62, 45, 38, 21, 14, 8])
    drugs.tablets(chart, codes.ACETAMINOPHEN, "650", [19, 8])
    routine.daily_labs(
        chart,
        crp="4 5 7 29 77",
        ferritin="380 390 420 690 1240",
        anc="2.6 1.9 1.2 0.9 0.8",
        platelets="148 139 122 101 94",
        fibrinogen="301 308 315 362 410",
        creatinine="1.2 1.2 1.1 1.2 1.2",
        bilirubin="0.7 0.7 0.6 0.8 0.8",
        alt="31 30 29 33 38",
        ast="27 26 26 31 36",
    )


SCENARIO = Scenario(
    id="demo-09",
    title="home CPAP",
    given="Cpap",
    gender="male",
    age=60,
    story="Day 3 after lisocabtagene maraleucel. Fever; on the same nocturnal CPAP as before the infusion, "
    "which is not counted.",
    expected=Expected("active", 1, 1),
    write=write,
)
