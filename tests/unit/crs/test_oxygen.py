"""GR-2, GR-3, GR-4: oxygen and ventilation; GR-9: baseline and reasons; GR-8: who is considered."""

from __future__ import annotations

import pytest

from cds_service.crs.assess import assess
from cds_service.crs.evidence import Assessment, Grade, Status
from cds_service.tables import load_guideline
from fhir_mappings.facts import OxygenDevice as Device
from tests.builders import (
    NOW,
    Fact,
    car_t,
    chart,
    crs_diagnosis,
    engager,
    oxygen,
    saturation,
    systolic,
    temperature,
)

GUIDELINE = load_guideline("astct-2019")
FEBRILE: tuple[Fact, ...] = (car_t(-72), temperature("39", -1), systolic(118, -1))


def judged(*facts: Fact) -> Assessment:
    return assess(chart(*FEBRILE, *facts), GUIDELINE, NOW)


def codes(answer: Assessment) -> list[str]:
    return [note.code for note in answer.notes]


@pytest.mark.parametrize(
    ("device", "flow", "lowest", "highest"),
    [
        (Device.ROOM_AIR, None, 1, 1),
        (Device.NASAL_CANNULA, 2, 2, 2),
        (Device.NASAL_CANNULA, 6, 2, 2),
        (Device.NASAL_CANNULA, "6.1", 3, 3),
        (Device.NASAL_CANNULA, None, 2, 3),
        (Device.NASAL_CANNULA, 0, 1, 1),
        (Device.BLOW_BY, None, 2, 2),
        (Device.HIGH_FLOW_CANNULA, 45, 3, 3),
        (Device.HIGH_FLOW_CANNULA, 5, 3, 3),
        (Device.FACE_MASK, 5, 3, 3),
        (Device.VENTURI_MASK, None, 3, 3),
        (Device.NON_REBREATHER, 15, 3, 3),
        (Device.FACE_TENT, None, 3, 3),
        (Device.CPAP, None, 4, 4),
        (Device.BIPAP, None, 4, 4),
        (Device.VENTILATOR, None, 4, 4),
        (Device.OXYGEN_UNSPECIFIED, None, 2, 4),
        (Device.STANDBY, None, 1, 4),
        (Device.AIRWAY, None, 1, 4),
        (None, 3, 2, 2),
        (None, 7, 3, 3),
    ],
)
def test_each_device_and_flow_has_its_grade(
    device: Device | None, flow: str | int | None, lowest: int, highest: int
) -> None:
    assert judged(oxygen(device, -1, flow=flow)).grade == Grade(lowest, highest)


def test_the_newest_state_holds_until_another_is_charted() -> None:
    assert judged(oxygen(Device.VENTILATOR, -5), oxygen(Device.NASAL_CANNULA, -1, flow=3)).grade == Grade(
        2, 2
    )
    assert judged(oxygen(Device.NASAL_CANNULA, -5, flow=3), oxygen(Device.ROOM_AIR, -1)).grade == Grade(1, 1)


def test_of_one_time_stamp_the_worse_wins() -> None:
    answer = judged(oxygen(Device.NASAL_CANNULA, -1, flow=3), oxygen(Device.NON_REBREATHER, -1, flow=15))
    assert answer.grade == Grade(3, 3)


def test_a_state_older_than_twelve_hours_is_stale() -> None:
    assert judged(oxygen(Device.NASAL_CANNULA, -12, flow=3)).grade == Grade(2, 2)
    answer = judged(oxygen(Device.NASAL_CANNULA, -12.01, flow=3))
    assert answer.grade == Grade(1, 4)
    assert [m.reason for m in answer.missing] == ["stale"]


def test_a_flow_alone_continues_the_device_before_it() -> None:
    """A mask charted once a day with hourly flows stays a mask."""
    flows = [oxygen(None, hour, flow=5) for hour in range(-20, 0)]
    assert judged(oxygen(Device.FACE_MASK, -21), *flows).grade == Grade(3, 3)


def test_a_tube_keeps_the_ventilator_mode_alive() -> None:
    answer = judged(oxygen(Device.VENTILATOR, -5, mode=True), oxygen(Device.AIRWAY, -1))
    assert answer.grade == Grade(4, 4)


def test_a_tube_after_a_cannula_is_not_a_cannula() -> None:
    answer = judged(oxygen(Device.NASAL_CANNULA, -5, flow=3), oxygen(Device.AIRWAY, -1))
    assert answer.grade == Grade(1, 4)


def test_a_newer_device_ends_an_older_mode() -> None:
    answer = judged(oxygen(Device.VENTILATOR, -5, mode=True), oxygen(Device.FACE_TENT, -1))
    assert answer.grade == Grade(3, 3)


def test_an_open_period_does_not_go_stale_and_a_closed_one_ends() -> None:
    assert judged(oxygen(Device.BIPAP, -30, ongoing=True)).grade == Grade(4, 4)
    assert judged(oxygen(Device.BIPAP, -10, end=-2)).grade == Grade(1, 4)


def test_ventilation_asks_for_its_reason_and_airway_protection_is_not_counted() -> None:
    assert "ventilation-reason-unknown" in codes(judged(oxygen(Device.VENTILATOR, -1)))
    answer = judged(oxygen(Device.VENTILATOR, -1, reasons=["airway-protection"]))
    assert answer.grade == Grade(1, 1)
    assert "ventilation-not-counted" in codes(answer)
    assert judged(oxygen(Device.VENTILATOR, -1, reasons=["seizure", "hypoxia"])).grade == Grade(4, 4)


def test_home_cpap_is_not_counted_and_shown() -> None:
    answer = judged(
        oxygen(Device.NOCTURNAL_CPAP, -100), oxygen(Device.ROOM_AIR, -90), oxygen(Device.CPAP, -1)
    )
    assert answer.grade == Grade(1, 1)
    assert "oxygen-baseline" in codes(answer)


def test_home_cpap_does_not_excuse_oxygen_by_mask() -> None:
    assert judged(oxygen(Device.NOCTURNAL_CPAP, -100), oxygen(Device.FACE_MASK, -1)).grade == Grade(3, 3)


def test_home_oxygen_counts_only_when_it_is_raised() -> None:
    home = oxygen(Device.NASAL_CANNULA, -100, flow=2)
    assert judged(home, oxygen(Device.NASAL_CANNULA, -1, flow=2)).grade == Grade(1, 1)
    assert judged(home, oxygen(Device.NASAL_CANNULA, -1, flow=5)).grade == Grade(2, 2)
    assert judged(home, oxygen(Device.NASAL_CANNULA, -1)).grade == Grade(1, 3)


def test_a_ventilator_is_never_baseline() -> None:
    assert judged(oxygen(Device.VENTILATOR, -80), oxygen(Device.VENTILATOR, -1)).grade == Grade(4, 4)


def test_low_saturation_without_oxygen_is_said_and_not_graded() -> None:
    answer = judged(oxygen(Device.ROOM_AIR, -1), saturation(88, 0))
    assert answer.grade == Grade(1, 1)
    assert "low-spo2-without-oxygen" in codes(answer)


def test_a_slow_high_flow_cannula_is_graded_by_its_device_and_said() -> None:
    assert "device-and-flow-disagree" in codes(judged(oxygen(Device.HIGH_FLOW_CANNULA, -1, flow=5)))


SICK: tuple[Fact, ...] = (temperature("39", -1), systolic(84, -1), oxygen(Device.ROOM_AIR, -1))


@pytest.mark.parametrize(
    ("opened_by", "considered"),
    [
        ((), False),
        ((car_t(-30 * 24),), True),
        ((car_t(-30 * 24 - 2),), False),
        ((engager(-14 * 24),), True),
        ((engager(-14 * 24 - 2),), False),
        ((crs_diagnosis(),), True),
        ((crs_diagnosis(active=False),), False),
    ],
)
def test_crs_is_considered_only_where_it_can_exist(opened_by: tuple[Fact, ...], considered: bool) -> None:
    answer = assess(chart(*SICK, *opened_by), GUIDELINE, NOW)
    assert (answer.status is not Status.NOT_CONSIDERED) is considered
    assert (answer.grade == Grade(2, 2)) is considered


def test_an_episode_that_began_in_the_window_is_graded_until_it_is_over() -> None:
    """GR-8, GR-10: the day on which the window closes is not the day on which the patient is well."""
    begun = (temperature("39", -20), *SICK)
    answer = assess(chart(car_t(-30 * 24 - 10), *begun), GUIDELINE, NOW)
    assert answer.grade == Grade(2, 2)
    assert assess(chart(car_t(-30 * 24 - 21), *begun), GUIDELINE, NOW).status is Status.NOT_CONSIDERED


def test_a_late_onset_is_said_to_be_outside_the_usual_window() -> None:
    late = assess(chart(*SICK, car_t(-15 * 24)), GUIDELINE, NOW)
    assert "onset-outside-usual-window" in codes(late)
    usual = assess(chart(*SICK, car_t(-13 * 24)), GUIDELINE, NOW)
    assert "onset-outside-usual-window" not in codes(usual)


def test_the_worse_axis_decides() -> None:
    """GR-5."""
    answer = assess(chart(car_t(-72), *SICK[:2], oxygen(Device.VENTURI_MASK, -1)), GUIDELINE, NOW)
    assert answer.grade == Grade(3, 3)
