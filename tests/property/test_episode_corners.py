"""GR-10 by hand: when an episode begins, ends and begins anew, and how bad it was.

Engine and oracle must both give the answer written here.
"""

from collections.abc import Callable

import pytest

from fhir_mappings.facts import OxygenDevice, PatientFacts, Source
from tests.builders import (
    NOW,
    Fact,
    Hours,
    at,
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
from tests.property.agreement import Answer, engine_course, oracle_course

Grader = Callable[..., Answer]
both = pytest.mark.parametrize("grade", [engine_course, oracle_course], ids=["engine", "oracle"])


def monitored(start: int, end: int, every: int = 4) -> list[Fact]:
    """Well: afebrile, normal pressure and saturation at regular hours."""
    hours = range(start, end + 1, every)
    return [f for h in hours for f in (temperature("36.9", h), systolic(118, h), saturation(97, h))]


def after_cells(*facts: Fact) -> PatientFacts:
    return chart(car_t(-240), oxygen(OxygenDevice.ROOM_AIR, -239), *facts)


def peak(value: int, hours: Hours) -> str:
    return f"{value} at {at(hours)}"


@both
def test_afebrile_readings_that_span_24_h_end_the_episode(grade: Grader) -> None:
    facts = after_cells(temperature(39, -30), *monitored(-26, 0))
    assert grade(facts, at(-2)).status == "resolved"


@both
def test_a_day_without_fever_is_not_enough_where_the_readings_span_less(grade: Grader) -> None:
    facts = after_cells(temperature(39, -30), *monitored(-26, 0))
    open_still = grade(facts, at("-2.1"))
    assert open_still[:3] == ("active", 0, 0)
    assert open_still.onset == str(at(-30))


@both
def test_23_hours_of_readings_are_not_enough(grade: Grader) -> None:
    facts = after_cells(temperature(39, -30), *monitored(-26, -8, 6), *monitored(-3, -3))
    assert grade(facts, at(-2))[:3] == ("active", 0, 0)


@both
def test_a_gap_without_readings_resolves_nothing(grade: Grader) -> None:
    facts = after_cells(temperature(39, -30), *monitored(-26, -14), *monitored(-5, 0, 5))
    assert grade(facts, NOW)[:3] == ("active", 0, 0)


@both
def test_a_masking_drug_keeps_the_episode_open_for_a_day(grade: Grader) -> None:
    facts = after_cells(temperature(39, -50), *monitored(-46, 0), point("acetaminophen", -23))
    assert grade(facts, NOW)[:3] == ("active", 1, 1)


@both
def test_an_unfinished_search_for_drugs_resolves_nothing(grade: Grader) -> None:
    facts = uncovered(after_cells(temperature(39, -50), *monitored(-46, 0)), Source.MEDICATIONS)
    assert grade(facts, NOW)[:3] == ("active", 0, 4)


@both
def test_oxygen_keeps_the_episode_open(grade: Grader) -> None:
    cannula = [oxygen(OxygenDevice.NASAL_CANNULA, h, flow=2) for h in range(-48, 1, 8)]
    facts = after_cells(temperature(39, -50), *monitored(-46, 0), *cannula)
    assert grade(facts, NOW)[:3] == ("active", 0, 2)


@both
def test_a_new_fever_opens_a_new_episode_with_its_own_onset_and_peak(grade: Grader) -> None:
    first: list[Fact] = [temperature(39, -100), infusion("norepinephrine", -99, -95)]
    facts = after_cells(*first, *monitored(-92, -4), temperature(38, -1), systolic(118, 0), saturation(97, 0))
    assert grade(facts, NOW) == Answer("active", 1, 1, str(at(-1)), peak(1, -1), 1)


@both
def test_resolved_is_said_for_seven_days(grade: Grader) -> None:
    facts = after_cells(temperature(39, -230), *monitored(-226, 0))
    assert grade(facts, at(-202 + 168)).status == "resolved"
    assert grade(facts, at(-202 + 169)).status == "no-episode"


@both
def test_peak_and_the_worst_of_24_h_remember_what_is_over(grade: Grader) -> None:
    drugs: list[Fact] = [infusion("norepinephrine", -40, -30), infusion("epinephrine", -35, -32)]
    later: list[Fact] = [oxygen(OxygenDevice.NASAL_CANNULA, -20, flow=3), oxygen(OxygenDevice.ROOM_AIR, -10)]
    facts = after_cells(temperature(39, -41), *monitored(-37, 0), *drugs, *later, temperature(38, -18))
    assert grade(facts, NOW) == Answer("active", 1, 1, str(at(-41)), peak(4, -35), 2)


@both
@pytest.mark.parametrize(("next_bag", "worst"), [("-2", 4), ("-1.98", 3)])
def test_a_gap_of_an_hour_between_bags_is_no_pause(grade: Grader, next_bag: str, worst: int) -> None:
    """Seen from now, when the next bag is known."""
    fever = [temperature(39, -4), saturation(97, 0)]
    bags = [infusion("norepinephrine", -4, -3), infusion("norepinephrine", next_bag, -1)]
    meanwhile = infusion("epinephrine", "-2.5", "-2.4")
    assert grade(after_cells(*fever, *bags, meanwhile), NOW).worst_24h == worst


@both
def test_a_ventilation_charted_as_a_closed_period_counts_to_its_end(grade: Grader) -> None:
    """It began 40 h ago and ended 1 h ago: it was the worst of the last day, however old its start."""
    vented = oxygen(OxygenDevice.VENTILATOR, -40, end=-1)
    facts = after_cells(temperature(39, -41), *monitored(-37, 0), temperature(38, -2), vented)
    assert grade(facts, NOW).worst_24h == 4


@both
def test_not_knowing_that_an_episode_ended_does_not_raise_the_floor(grade: Grader) -> None:
    """Masked in the first episode only; without the oxygen search its end cannot be shown."""
    first = [temperature(39, -100), point("acetaminophen", -99), *monitored(-96, -40)]
    second = [temperature(39, -30), *monitored(-26, -2, 8), systolic(80, 0), temperature("36.9", 0)]
    facts = after_cells(*first, *second)
    whole, part = grade(facts, NOW), grade(uncovered(facts, Source.OXYGEN), NOW)
    assert whole[:3] == ("active", 0, 2)
    assert part.lowest == 0
