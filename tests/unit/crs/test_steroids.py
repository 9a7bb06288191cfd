"""TX-11, TX-15: which steroids count, and the day of the taper."""

from __future__ import annotations

import pytest

from cds_service.crs.steroids import Steroids, step_on, steroids
from cds_service.tables import load_guideline
from fhir_mappings.facts import Administration, Route
from tests.builders import NOW, Hours, at, chart
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
        dose("dexamethasone", 10, -3, certain=False),
        dose("dexamethasone", 10, -241),
    ],
    ids=["eye drops", "on hold", "not understood", "before the onset"],
)
def test_what_is_no_systemic_dose_of_the_episode_does_not_count(other: Administration) -> None:
    found = given(other)
    assert (found.doses, found.recent, found.first) == ((), {}, None)


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
    ],
)
def test_the_day_counts_from_the_first_dose_of_the_course(hours: tuple[Hours, ...], day: int) -> None:
    taper = given(*methylprednisolone(*hours)).taper
    assert taper is not None
    assert (taper.day, taper.begun) == (day, at(hours[0]))


def test_a_gap_of_24_h_does_not_end_a_course_and_a_longer_one_does() -> None:
    held = given(*methylprednisolone(-60, -48, -24, 0)).taper
    assert held is not None
    assert held.begun == at(-60)
    broken = given(*methylprednisolone(-60, -48, "-23.999", 0)).taper
    assert broken is not None
    assert broken.begun == at("-23.999")


def test_a_course_whose_last_dose_is_more_than_24_h_old_has_stopped() -> None:
    assert given(*methylprednisolone(-48, -36, -24)).taper is not None
    assert given(*methylprednisolone(-48, -36, "-24.001")).taper is None


def test_other_steroids_are_no_day_of_the_taper() -> None:
    assert given(dose("dexamethasone", 10, -3), dose("hydrocortisone", 100, -2)).taper is None


def test_without_any_steroid_there_is_nothing() -> None:
    assert given() == Steroids((), {}, None)
