"""GR-2, GR-3, GR-4: hypotension and vasopressors; GR-9: baseline; GR-11: children."""

from __future__ import annotations

from datetime import date

import pytest

from cds_service.crs.assess import assess
from cds_service.crs.evidence import Assessment, Grade
from cds_service.tables import load_guideline
from fhir_mappings.facts import Method, OxygenDevice, Route, Source
from tests.builders import (
    NOW,
    Fact,
    car_t,
    chart,
    infusion,
    mean_pressure,
    oxygen,
    point,
    systolic,
    temperature,
    uncovered,
)

GUIDELINE = load_guideline("astct-2019")
FEBRILE: tuple[Fact, ...] = (car_t(-72), temperature("39", -1), oxygen(OxygenDevice.ROOM_AIR, -1))


def judged(*facts: Fact, born: tuple[date, date] | None = (date(1971, 1, 1),) * 2) -> Assessment:
    return assess(chart(*FEBRILE, *facts, born=born), GUIDELINE, NOW)


def codes(answer: Assessment) -> list[str]:
    return [note.code for note in answer.notes]


@pytest.mark.parametrize(
    ("born", "limit"),
    [
        (date(2026, 2, 20), 60),  # 18 days
        (date(2025, 11, 1), 70),  # 4 months
        (date(2025, 3, 10), 72),  # 1 year today
        (date(2022, 3, 10), 78),  # 4 years today
        (date(2022, 3, 11), 76),  # 4 years tomorrow
        (date(2015, 3, 10), 90),  # 11 years
        (date(2016, 1, 1), 90),  # 10 years
        (date(1990, 1, 1), 90),
    ],
)
def test_the_limit_of_hypotension_goes_by_age(born: date, limit: int) -> None:
    assert judged(systolic(limit, -1), born=(born, born)).grade == Grade(1, 1)
    assert judged(systolic(limit - 1, -1), born=(born, born)).grade == Grade(2, 2)


def test_without_an_age_only_what_holds_for_every_age_is_said() -> None:
    assert judged(systolic(59, -1), born=None).grade == Grade(2, 2)
    assert judged(systolic(75, -1), born=None).grade == Grade(1, 2)
    assert judged(systolic(90, -1), born=None).grade == Grade(1, 1)


def test_the_lowest_systolic_of_six_hours_decides() -> None:
    assert judged(systolic(84, -6), systolic(120, -1)).grade == Grade(2, 2)
    assert judged(systolic(84, -6.01), systolic(120, -1)).grade == Grade(1, 1)


def test_a_damped_arterial_line_does_not_decide_alone() -> None:
    answer = judged(systolic(70, -1, Method.ARTERIAL), systolic(118, -1, Method.CUFF))
    assert answer.grade == Grade(1, 1)
    assert "arterial-suspect" in codes(answer)


def test_cuff_and_arterial_that_disagree_take_the_worse_and_say_so() -> None:
    answer = judged(systolic(82, -1, Method.ARTERIAL), systolic(118, -1, Method.CUFF))
    assert answer.grade == Grade(2, 2)
    assert "pressures-disagree" in codes(answer)


def test_a_mean_pressure_speaks_only_without_a_systolic() -> None:
    assert judged(mean_pressure(60, -1), systolic(110, -2)).grade == Grade(1, 1)
    answer = judged(mean_pressure(60, -1))
    assert answer.grade == Grade(2, 2)
    assert "mean-pressure-unconfirmed" in codes(answer)


def test_a_very_low_mean_pressure_needs_a_second_reading() -> None:
    assert judged(mean_pressure(35, -1)).grade == Grade(1, 2)
    assert judged(mean_pressure(35, -1), mean_pressure(50, -2)).grade == Grade(2, 2)


@pytest.mark.parametrize(
    ("drugs", "grade"),
    [
        (("norepinephrine",), 3),
        (("norepinephrine", "vasopressin"), 3),
        (("norepinephrine", "epinephrine"), 4),
        (("norepinephrine", "epinephrine", "vasopressin"), 4),
        (("vasopressin",), 3),
    ],
)
def test_vasopressors_are_counted_without_vasopressin(drugs: tuple[str, ...], grade: int) -> None:
    answer = judged(systolic(110, -1), *(infusion(drug, -3) for drug in drugs))
    assert answer.grade == Grade(grade, grade)
    assert ("vasopressin-alone" in codes(answer)) is (drugs == ("vasopressin",))


def test_an_inotrope_is_shown_and_not_counted() -> None:
    answer = judged(systolic(110, -1), infusion("milrinone", -3))
    assert answer.grade == Grade(1, 1)
    assert "inotrope-running" in codes(answer)


def test_a_gap_of_an_hour_is_bridged_and_a_longer_one_is_not() -> None:
    bridged = judged(systolic(110, -1), infusion("norepinephrine", -8, -4), infusion("norepinephrine", -3, 1))
    parted = judged(
        systolic(110, -1), infusion("norepinephrine", -8, -4), infusion("norepinephrine", -2.9, 1)
    )
    assert [c.grade.lowest for c in bridged.course if c.grade][-1] == 3
    assert bridged.criteria[1].evidence[0].since != parted.criteria[1].evidence[0].since


def test_a_switch_of_drugs_is_one_vasopressor() -> None:
    answer = judged(systolic(110, -1), infusion("epinephrine", -8, -3), infusion("norepinephrine", -3))
    assert answer.grade == Grade(3, 3)


def test_a_vasopressor_that_ended_is_shown_as_stopped() -> None:
    answer = judged(systolic(110, -1), infusion("norepinephrine", -8, -1))
    assert answer.grade == Grade(1, 1)
    assert "vasopressor-stopped" in codes(answer)


@pytest.mark.parametrize("status", ["on-hold", "stopped"])
def test_an_open_infusion_that_is_held_or_stopped_does_not_run(status: str) -> None:
    assert judged(systolic(110, -1), infusion("norepinephrine", -3, status=status)).grade == Grade(1, 1)


def test_a_rate_of_zero_ends_what_ran() -> None:
    answer = judged(systolic(110, -1), infusion("norepinephrine", -8), point("norepinephrine", -2, rate=0))
    assert answer.grade == Grade(1, 1)


def test_single_events_with_a_rate_run_six_hours_past_the_last() -> None:
    assert judged(systolic(110, -1), point("norepinephrine", -6, rate="0.1")).grade == Grade(3, 3)
    assert judged(systolic(110, -1), point("norepinephrine", -6.01, rate="0.1")).grade == Grade(1, 1)


def test_a_single_bolus_and_an_intramuscular_dose_are_not_support() -> None:
    answer = judged(systolic(110, -1), point("epinephrine", -1, route=Route.INTRAMUSCULAR))
    assert answer.grade == Grade(1, 1)
    assert "vasopressor-bolus" in codes(answer)
    assert judged(systolic(110, -1), point("phenylephrine", -1)).grade == Grade(1, 1)


def test_without_medications_no_vasopressor_is_not_said() -> None:
    facts = uncovered(chart(*FEBRILE, systolic(110, -1)), Source.MEDICATIONS)
    assert assess(facts, GUIDELINE, NOW).grade == Grade(1, 4)


def test_no_pressure_at_all_opens_to_two_when_no_vasopressor_runs() -> None:
    assert judged().grade == Grade(1, 2)


def test_chronic_hypotension_is_not_counted_until_it_falls_further() -> None:
    answer = judged(systolic(86, -80), systolic(81, -1))
    assert answer.grade == Grade(1, 1)
    assert "pressure-baseline" in codes(answer)
    assert judged(systolic(86, -80), systolic(80, -1)).grade == Grade(2, 2)


def test_a_rate_ten_times_its_neighbours_is_flagged_and_runs() -> None:
    answer = judged(
        systolic(110, -1),
        infusion("norepinephrine", -6, -4, rate="0.1"),
        infusion("norepinephrine", -4, -2, rate="1.1"),
        infusion("norepinephrine", -2, rate="0.1"),
    )
    assert answer.grade == Grade(3, 3)
    assert "rate-outlier" in codes(answer)
