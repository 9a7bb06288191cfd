"""The grading card: which there is, how loud it is, and that it can be read in five seconds."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.cards.grading import grading_card
from cds_service.crs.assess import assess
from cds_service.tables import load_guideline
from fhir_mappings.facts import OxygenDevice, Source
from tests.builders import (
    NOW,
    Fact,
    car_t,
    chart,
    infusion,
    oxygen,
    point,
    saturation,
    systolic,
    temperature,
    uncovered,
)

GUIDELINE = load_guideline("astct-2019")
WELL = (systolic(118, -1), oxygen(OxygenDevice.ROOM_AIR, -1))
CHARTS: dict[str, tuple[Fact, ...]] = {
    "grade 1": (temperature("39.4", -1), *WELL),
    "grade 2": (temperature("39.4", -1), systolic(84, -1), oxygen(OxygenDevice.ROOM_AIR, -1)),
    "grade 3": (temperature("39.4", -1), systolic(90, -1), infusion("norepinephrine", -2), *WELL[1:]),
    "grade 4": (
        temperature("39.4", -1),
        systolic(70, -1),
        *(infusion(drug, -2) for drug in ("norepinephrine", "epinephrine", "phenylephrine", "vasopressin")),
        oxygen(OxygenDevice.NONINVASIVE_VENTILATION, -1),
        saturation(84, -1),
    ),
    "open end": (temperature("39.4", -1), systolic(84, -1), oxygen(OxygenDevice.NASAL_CANNULA, -14, flow=3)),
    "nothing recent": (
        temperature("39.4", -40),
        systolic(84, -40),
        oxygen(OxygenDevice.NASAL_CANNULA, -40, flow=3),
    ),
    "masked": (temperature("36.8", -1), systolic(84, -1), point("acetaminophen", -3), *WELL[1:]),
    "afebrile": (temperature("38.9", -25), temperature("36.8", -1), systolic(84, -1), *WELL[1:]),
}


def card(name: str) -> dict[str, Any]:
    found = grading_card(assess(chart(car_t(-72), *CHARTS[name]), GUIDELINE, NOW), GUIDELINE)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "summary", "indicator"),
    [
        ("grade 1", "CRS grade 1: fever 39.4 °C", "info"),
        ("grade 2", "CRS grade 2: systolic 84 mmHg, fever 39.4 °C", "warning"),
        ("grade 3", "CRS grade 3: norepinephrine, fever 39.4 °C", "critical"),
        (
            "grade 4",
            (
                "CRS grade 4: epinephrine, norepinephrine, phenylephrine, vasopressin and non-invasive "
                "ventilation, fever 39.4 °C"
            ),
            "critical",
        ),
        (
            "open end",
            ("CRS grade at least 2: oxygen support not charted for 14 h; systolic 84 mmHg, fever 39.4 °C"),
            "warning",
        ),
        ("nothing recent", "CRS not gradable: nothing usable charted for 40 h; last settled grade 2", "info"),
        ("masked", "CRS not gradable: systolic 84 mmHg, fever may be masked", "warning"),
        ("afebrile", "CRS grade 0 to 2: systolic 84 mmHg, afebrile 25 h", "warning"),
    ],
)
def test_the_first_line_says_what_it_is_and_why(name: str, summary: str, indicator: str) -> None:
    found = card(name)
    assert found["summary"] == summary
    assert found["indicator"] == indicator


@pytest.mark.parametrize("name", CHARTS)
def test_a_card_stays_short(name: str) -> None:
    found = card(name)
    assert len(found["summary"]) < 140
    assert found["detail"].count("\n") < 25
    assert "<" not in found["detail"]


@pytest.mark.parametrize("name", CHARTS)
def test_every_card_says_what_it_is_and_on_what_it_stands(name: str) -> None:
    """TX-23: decision support for professionals, with its source and its inputs."""
    detail = card(name)["detail"]
    assert "Decision support for professionals" in detail
    assert "astct-2019 v1" in detail


def test_low_saturation_without_oxygen_is_loud() -> None:
    facts = chart(car_t(-72), temperature("39", -1), *WELL, saturation(88, 0))
    found = grading_card(assess(facts, GUIDELINE, NOW), GUIDELINE)
    assert found is not None
    assert found["indicator"] == "critical"
    assert found["summary"] == "CRS grade 1: fever 39.0 °C, SpO2 88 % without oxygen charted"


@pytest.mark.parametrize(
    "facts",
    [
        (temperature("36.8", -1), *WELL),  # considered and well
        (temperature("39", -25), temperature("36.8", -1), *WELL),  # open, no criterion now
    ],
)
def test_nothing_to_say_is_no_card(facts: tuple[Fact, ...]) -> None:
    assert grading_card(assess(chart(car_t(-72), *facts), GUIDELINE, NOW), GUIDELINE) is None


def test_a_chart_that_is_not_whole_says_so() -> None:
    facts = uncovered(chart(car_t(-72), *CHARTS["grade 1"]), Source.VITALS)
    found = grading_card(assess(facts, GUIDELINE, NOW), GUIDELINE)
    assert found is not None
    assert "onset and peak may lie earlier" in found["detail"]
