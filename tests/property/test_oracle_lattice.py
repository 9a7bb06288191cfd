"""The engine against a second grader on every combination of what can be charted (GR-1 … GR-8).

Gate × fever × pressure × vasopressors × oxygen, each known, unknown or half known.
"""

from itertools import product

import pytest

from fhir_mappings.facts import OxygenDevice, Source
from tests.builders import (
    NOW,
    Fact,
    car_t,
    chart,
    crs_diagnosis,
    engager,
    infusion,
    mean_pressure,
    oxygen,
    point,
    saturation,
    systolic,
    temperature,
    uncovered,
)
from tests.property.agreement import disagreement

Choice = dict[str, list[Fact]]

GATE: Choice = {
    "no therapy": [],
    "CAR-T four days ago": [car_t(-96)],
    "engager four days ago": [engager(-96)],
    "both out of their windows": [car_t(-31 * 24), engager(-15 * 24)],
    "a CRS diagnosis alone": [crs_diagnosis()],
}
FEVER: Choice = {
    "fever now": [temperature("38.0", 0)],
    "spike 23 h ago": [temperature("38.5", -23), temperature("36.9", -1)],
    "25 h ago": [temperature("38.5", -25), temperature("37.9", -1)],
    "25 h ago, nothing since": [temperature("38.5", -25)],
    "25 h ago, masked 10 h ago": [
        temperature("38.5", -25),
        point("acetaminophen", -10),
        temperature("36.9", -1),
    ],
    "26 h ago, masked 25 h ago": [
        temperature("38.5", -26),
        point("dexamethasone", -25),
        temperature("36.9", -1),
    ],
    "never": [temperature("36.9", -1)],
    "never, masked": [temperature("36.9", -1), point("acetaminophen", -3)],
    "unknown": [],
}
PRESSURE: Choice = {
    "normal": [systolic(90, -1)],
    "low": [systolic(89, -1)],
    "unknown": [],
    "mean pressure low": [mean_pressure(60, -1)],
}
ONE = infusion("norepinephrine", -2)
INCOMPLETE = " (search incomplete)"
VASOPRESSORS: Choice = {
    "none": [],
    "one": [ONE],
    "one and vasopressin": [ONE, infusion("vasopressin", -1)],
    "two": [ONE, infusion("epinephrine", -1)],
    "vasopressin alone": [infusion("vasopressin", -1)],
    "none" + INCOMPLETE: [],
    "one" + INCOMPLETE: [ONE],
}
OXYGEN: Choice = {
    "room air": [oxygen(OxygenDevice.ROOM_AIR, -1)],
    "cannula 2": [oxygen(OxygenDevice.NASAL_CANNULA, -1, flow=2)],
    "cannula 6": [oxygen(OxygenDevice.NASAL_CANNULA, -1, flow=6)],
    "cannula 6.1": [oxygen(OxygenDevice.NASAL_CANNULA, -1, flow="6.1")],
    "cannula without flow": [oxygen(OxygenDevice.NASAL_CANNULA, -1)],
    "mask": [oxygen(OxygenDevice.FACE_MASK, -1, flow=5)],
    "high-flow cannula": [oxygen(OxygenDevice.HIGH_FLOW_CANNULA, -1, flow=40)],
    "CPAP": [oxygen(OxygenDevice.CPAP, -1)],
    "unknown": [],
    "room air assumed": [saturation(92, -1)],
}


@pytest.mark.parametrize("gate", GATE)
@pytest.mark.parametrize("fever", FEVER)
def test_engine_and_oracle_grade_every_combination_alike(gate: str, fever: str) -> None:
    apart = []
    for pressure, drugs, device in product(PRESSURE, VASOPRESSORS, OXYGEN):
        found = [*GATE[gate], *FEVER[fever], *PRESSURE[pressure], *VASOPRESSORS[drugs], *OXYGEN[device]]
        facts = chart(*found)
        if drugs.endswith(INCOMPLETE):
            facts = uncovered(facts, Source.MEDICATIONS)
        answer = disagreement(facts, NOW)
        if answer:
            apart.append(f"pressure {pressure}, vasopressors {drugs}, oxygen {device}: {answer}")
    assert not apart, f"{len(apart)} apart:\n" + "\n".join(apart[:5])
