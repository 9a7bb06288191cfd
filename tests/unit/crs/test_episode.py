"""GR-10: onset, grade over time, peak, resolution, responses; GR-6: masking; GR-7: the unseen."""

from __future__ import annotations

from cds_service.crs.assess import assess
from cds_service.crs.evidence import Assessment, Grade, Status
from cds_service.tables import load_guideline
from fhir_mappings.facts import OxygenDevice, PatientFacts, Source
from tests.builders import (
    NOW,
    Fact,
    at,
    car_t,
    chart,
    engager,
    infusion,
    oxygen,
    point,
    saturation,
    systolic,
    temperature,
    tocilizumab,
    uncovered,
)

GUIDELINE = load_guideline("astct-2019")


def judged(facts: PatientFacts) -> Assessment:
    return assess(facts, GUIDELINE, NOW)


def well(first: int, last: int, every: int = 4) -> list[Fact]:
    """Normal readings on room air from ``first`` to ``last``, all within their windows."""
    found: list[Fact] = []
    for hour in range(first, last + 1, every):
        found += [temperature("36.8", hour), systolic(118, hour), oxygen(OxygenDevice.ROOM_AIR, hour)]
    return found


def test_onset_is_the_first_fever_after_the_therapy() -> None:
    answer = judged(chart(car_t(-72), temperature("38.4", -80), temperature("38.2", -30), *well(-28, 0)))
    assert answer.onset == at(-30)


def test_the_course_holds_every_change_and_the_peak_its_first_instant() -> None:
    answer = judged(
        chart(
            car_t(-72),
            temperature("39", -30),
            *well(-29, 0, 1),
            temperature("38.6", -10),
            infusion("norepinephrine", -20, -12),
            infusion("epinephrine", -16, -14),
        )
    )
    assert [(c.time, c.grade) for c in answer.course] == [
        (at(-30), Grade(1, 4)),
        (at(-29), Grade(1, 1)),
        (at(-20), Grade(3, 3)),
        (at(-16), Grade(4, 4)),
        (at(-14), Grade(3, 3)),
        (at(-12), Grade(1, 1)),
    ]
    assert answer.grade_since == at(-12)
    assert answer.peak is not None
    assert (answer.peak.grade, answer.peak.time) == (4, at(-16))
    assert answer.worst_24h == 4
    assert answer.grade == Grade(1, 1)


def test_worst_in_24_hours_leaves_out_what_ended_before() -> None:
    answer = judged(
        chart(car_t(-72), temperature("39", -40), *well(-39, 0, 1), temperature("38.6", -10),
              infusion("norepinephrine", -38, -26))
    )  # fmt: skip
    assert answer.peak is not None
    assert (answer.peak.grade, answer.worst_24h) == (3, 1)


def test_a_day_without_a_criterion_resolves_the_episode() -> None:
    answer = judged(chart(car_t(-96), temperature("38.5", -40), *well(-36, 0)))
    assert answer.status is Status.RESOLVED
    assert answer.resolved == at(-12)
    assert answer.grade is None


def test_a_gap_without_readings_resolves_nothing() -> None:
    answer = judged(chart(car_t(-96), temperature("38.5", -40), *well(-36, -28), *well(-8, 0)))
    assert answer.status is Status.ACTIVE
    assert answer.grade == Grade(0, 0)


def test_an_episode_on_masking_drugs_is_not_resolved() -> None:
    doses = [point("acetaminophen", hour) for hour in (-38, -20)]
    answer = judged(chart(car_t(-96), temperature("38.5", -40), *well(-36, 0), *doses))
    assert answer.status is Status.ACTIVE
    assert answer.grade == Grade(1, 1)


def test_fever_after_resolution_opens_a_new_episode() -> None:
    answer = judged(chart(car_t(-120), temperature("38.5", -80), *well(-76, -4), temperature("38.3", -2),
                          systolic(110, -1)))  # fmt: skip
    assert answer.status is Status.ACTIVE
    assert answer.onset == at(-2)


def test_an_episode_closed_long_ago_is_no_episode_any_more() -> None:
    answer = judged(chart(car_t(-500), temperature("38.5", -400), *well(-396, 0)))
    assert answer.status is Status.NO_EPISODE


def test_signs_grade_without_fever_once_a_masking_drug_was_given() -> None:
    now = (temperature("36.9", -1), systolic(84, -1), oxygen(OxygenDevice.ROOM_AIR, -1))
    masked = (temperature("39", -30), point("acetaminophen", -28))
    answer = judged(chart(car_t(-96), *masked, *well(-26, -4), *now))
    assert answer.grade == Grade(2, 2)


def test_signs_without_fever_or_masking_are_asked_about_not_graded() -> None:
    facts = chart(car_t(-96), temperature("38.5", -25), temperature("36.9", -5), temperature("36.9", -1),
                  systolic(84, -1), oxygen(OxygenDevice.ROOM_AIR, -1))  # fmt: skip
    answer = judged(facts)
    assert answer.grade == Grade(0, 2)
    assert "afebrile-unmasked" in [n.code for n in answer.notes]


def test_fever_24_hours_ago_exactly_still_counts() -> None:
    facts = (car_t(-96), temperature("36.9", -1), systolic(110, -1), oxygen(OxygenDevice.ROOM_AIR, -1))
    assert judged(chart(*facts, temperature("38.5", -24))).grade == Grade(1, 1)
    assert judged(chart(*facts, temperature("38.5", -24.01))).grade == Grade(0, 0)


def test_old_data_gives_no_live_grade() -> None:
    old = (temperature("39", -30), systolic(84, -30), oxygen(OxygenDevice.ROOM_AIR, -30))
    answer = judged(chart(car_t(-96), *old))
    assert answer.status is Status.NOT_GRADABLE
    assert answer.grade is None
    assert {(m.axis, m.reason) for m in answer.missing} == {
        ("fever", "stale"), ("hypotension", "stale"), ("hypoxia", "stale")
    }  # fmt: skip


def test_masked_and_never_febrile_is_not_gradable() -> None:
    answer = judged(chart(car_t(-96), *well(-24, -4), point("acetaminophen", -6), temperature("36.9", -1),
                          systolic(82, -1)))  # fmt: skip
    assert answer.status is Status.NOT_GRADABLE
    assert "fever-may-be-masked" in [n.code for n in answer.notes]


def test_signs_under_a_chart_that_is_not_whole_are_not_called_no_episode() -> None:
    facts = (car_t(-96), *well(-24, -4), temperature("36.9", -1), systolic(82, -1))
    assert judged(chart(*facts)).status is Status.NO_EPISODE
    cut = uncovered(chart(*facts), Source.VITALS)
    assert judged(cut).status is Status.NOT_GRADABLE


def test_the_response_to_each_dose_is_the_grade_then_and_now() -> None:
    answer = judged(chart(car_t(-96), temperature("39", -20), *well(-19, 0, 1), temperature("38.4", -3),
                          infusion("norepinephrine", -15, -5), tocilizumab(-12)))  # fmt: skip
    assert [(r.drug, r.before, r.after) for r in answer.responses] == [("tocilizumab", 3, 1)]


def test_step_up_doses_are_one_course_with_the_baseline_before_the_first() -> None:
    """Oxygen needed after dose one is not the baseline of dose two (GR-9)."""
    answer = judged(
        chart(engager(-100), engager(-30), temperature("38.6", -60), *well(-110, -64),
              oxygen(OxygenDevice.NASAL_CANNULA, -50, flow=3), temperature("38.6", -2), systolic(110, -2),
              oxygen(OxygenDevice.NASAL_CANNULA, -2, flow=3))
    )  # fmt: skip
    assert answer.grade == Grade(2, 2)


def test_room_air_is_assumed_only_with_a_good_saturation_and_a_whole_search() -> None:
    facts = (car_t(-96), temperature("39", -2), systolic(118, -1))
    assert judged(chart(*facts, saturation(96, -1))).grade == Grade(1, 1)
    assert judged(chart(*facts, saturation(91, -1))).grade == Grade(1, 4)
    assert judged(chart(*facts)).grade == Grade(1, 4)
    cut = uncovered(chart(*facts, saturation(96, -1)), Source.OXYGEN)
    assert judged(cut).grade == Grade(1, 4)
