"""TX-11, TX-15: which steroids count, and the day of the taper."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from cds_service.crs.steroids import Course, Steroids, Taper, doses_left, step_on, steroids, taper
from cds_service.tables import load_guideline
from fhir_mappings.facts import Administration, Coverage, Route, Source
from tests.builders import EVERYTHING, NOW, Hours, at, chart
from tests.unit.crs.treated import dose

GUIDELINE = load_guideline("astct-2019")


def given(*doses: Administration, onset: int = -240) -> Steroids:
    return steroids(chart(*doses), GUIDELINE, at(onset), NOW)


def methylprednisolone(*hours: Hours) -> list[Administration]:
    return [dose("methylprednisolone", 500, hour) for hour in hours]


@pytest.mark.parametrize(
    "other",
    [
        dose("dexamethasone", 10, -3, route=Route.LOCAL),
        dose("dexamethasone", 10, -3, status="on-hold"),
        dose("dexamethasone", 10, -241),
    ],
    ids=["eye drops", "on hold", "before the onset"],
)
def test_what_is_no_systemic_dose_of_the_episode_does_not_count(other: Administration) -> None:
    found = given(other)
    assert (found.doses, found.recent, found.first) == ((), {}, None)


@pytest.mark.parametrize(
    "other",
    [dose("dexamethasone", None, -3), dose("dexamethasone", 10, -3, certain=False)],
    ids=["no amount", "not understood"],
)
def test_a_dose_that_may_have_been_given_counts(other: Administration) -> None:
    assert given(other).first == other


def test_premedication_within_a_day_is_a_steroid_given_and_no_treatment_of_the_episode() -> None:
    found = given(dose("dexamethasone", 10, -20), onset=-10)
    assert (found.first, set(found.recent)) == (None, {"dexamethasone"})


@pytest.mark.parametrize("route", [Route.INTRAVENOUS, Route.ORAL, Route.INTRAMUSCULAR, Route.UNSPECIFIED])
def test_a_systemic_dose_counts_by_whatever_route(route: Route) -> None:
    assert set(given(dose("dexamethasone", 10, -3, route=route)).recent) == {"dexamethasone"}


def test_the_newest_dose_of_each_steroid_is_kept() -> None:
    found = given(
        dose("dexamethasone", 10, -20),
        dose("dexamethasone", 10, -8),
        dose("hydrocortisone", 100, -5),
        dose("methylprednisolone", 500, -30),
    )
    assert {drug: last.start for drug, last in found.recent.items()} == {
        "dexamethasone": at(-8),
        "hydrocortisone": at(-5),
    }
    assert found.first is not None
    assert found.first.start == at(-30)


@pytest.mark.parametrize(
    ("day", "milligrams", "day_of_step"),
    [
        (1, 500, 1),
        (3, 500, 3),
        (4, 250, 1),
        (5, 250, 2),
        (6, 125, 1),
        (7, 125, 2),
        (8, 60, 1),
        (9, 60, 2),
        (30, 60, 23),
    ],
)
def test_each_day_of_the_taper_has_its_step(day: int, milligrams: int, day_of_step: int) -> None:
    step, number = step_on(GUIDELINE.regimen.taper, day)
    assert (int(step.dose), number) == (milligrams, day_of_step)


def test_past_the_last_step_of_a_course_that_ends_its_days_are_exceeded() -> None:
    course = GUIDELINE.regimen.taper[:1]
    step, number = step_on(course, 4)
    assert (step, number) == (course[0], 4)


FOUR = at(-240)


def course(*doses: Administration, since: datetime | None = FOUR) -> Taper:
    return taper(given(*doses), GUIDELINE, since, NOW)


@pytest.mark.parametrize(
    ("hours", "day"),
    [
        ((0,), 1),
        ((-12, 0), 1),
        (("-23.999", -12), 1),
        ((-24, -12), 2),
        ((-24,), 2),
        (("-71.999", -60, -48, -36, -24, -12), 3),
        ((-72, -60, -48, -36, -24, -12), 4),
        ((-72, -24, 0), 4),
    ],
)
def test_the_day_counts_from_the_first_dose_of_the_course(hours: tuple[Hours, ...], day: int) -> None:
    found = course(*methylprednisolone(*hours))
    assert (found.course, found.day, found.begun, found.given) == (
        Course.RUNNING, day, at(hours[0]), len(hours),
    )  # fmt: skip


@pytest.mark.parametrize(("last_h", "now"), [(-24, Course.RUNNING), ("-24.001", Course.INTERRUPTED)])
def test_a_course_whose_last_dose_is_more_than_24_h_old_is_interrupted(last_h: Hours, now: Course) -> None:
    assert course(*methylprednisolone(-48, -36, last_h)).course is now


def test_less_than_the_first_step_begins_no_course() -> None:
    """60 mg of another indication, or a premedication."""
    small = [dose("methylprednisolone", 60, hour) for hour in (-90, -60)]
    assert course(*small).course is Course.NOT_BEGUN
    assert course(*small, *methylprednisolone(-24, -12)).day == 2


def test_what_went_before_grade_4_is_not_its_course() -> None:
    assert course(*methylprednisolone(-60, -48, -12), since=at(-13)).day == 1
    assert course(*methylprednisolone(-60, -48), since=at(-13)).course is Course.NOT_BEGUN
    assert course(*methylprednisolone(-60, -48), since=None).course is Course.NOT_BEGUN


def test_more_than_the_first_step_is_an_escalation() -> None:
    """TX-12."""
    assert course(*methylprednisolone(-24), dose("methylprednisolone", 1000, -12)).course is Course.ESCALATED


@pytest.mark.parametrize(
    "amount", [dose("methylprednisolone", None, -12), dose("methylprednisolone", 500, -12, certain=False)]
)
def test_an_amount_that_is_not_known_leaves_the_course_unclear(amount: Administration) -> None:
    assert course(amount).course is Course.UNCLEAR
    assert course(*methylprednisolone(-24), amount).course is Course.UNCLEAR


def test_other_steroids_are_no_day_of_the_taper() -> None:
    other = course(dose("dexamethasone", 500, -3), dose("hydrocortisone", 500, -2))
    assert other.course is Course.NOT_BEGUN


@pytest.mark.parametrize(
    ("hours", "left"),
    [
        ((), 6),
        ((0,), 5),
        ((-60, -48, -36, -24, -12), 1),
        ((-72, -60, -48, -36, -24, -12), 4),
        ((-84, -72, -60, -48, -36, -24, -12), 3),
    ],
)
def test_doses_left_are_those_of_the_steps_so_far_less_those_given(hours: tuple[int, ...], left: int) -> None:
    assert doses_left(course(*methylprednisolone(*hours)), GUIDELINE.regimen.taper) == left


def test_the_last_step_has_no_number_of_doses() -> None:
    long = course(*methylprednisolone(*range(-192, 0, 12)))
    assert doses_left(long, GUIDELINE.regimen.taper) is None


def test_without_any_steroid_there_is_nothing() -> None:
    assert given() == Steroids((), {})


def test_a_history_with_a_hole_is_said() -> None:
    """Doses since the onset, and of the last 24 h, have to be known."""
    for back, unknown in ((-240, ""), (-239, "medications-not-available")):
        coverage = {**EVERYTHING, Source.MEDICATIONS: Coverage(at(back), "limited")}
        facts = replace(chart(), coverage=coverage)
        assert steroids(facts, GUIDELINE, at(-240), NOW).unknown == unknown
