"""Oxygen and ventilation, charted as Observation, Procedure or device."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fhir_mappings.facts import Concept, OxygenDevice, OxygenSupport, PatientFacts
from tests.unit.mapping.fhir_json import (
    EARLIER,
    ICD10CM,
    LOINC,
    NOW,
    SNOMED,
    SUBJECT,
    coded,
    component,
    issue_codes,
    mapped,
    observation,
    only_issue,
    procedure,
    quantity,
    without_none,
)

HOUR_AGO = NOW - timedelta(hours=1)
OPEN_PERIOD: dict[str, Any] = {
    "status": "in-progress",
    "performedDateTime": None,
    "performedPeriod": {"start": EARLIER},
}


def only(facts: PatientFacts) -> OxygenSupport:
    (item,) = facts.oxygen
    return item


def device_observation(**value: Any) -> dict[str, Any]:
    return observation("107117-4", **value)


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("nasal_cannula", OxygenDevice.NASAL_CANNULA),
        ("Nasal Cannula", OxygenDevice.NASAL_CANNULA),
        ("room air", OxygenDevice.ROOM_AIR),
        ("High flow neb", OxygenDevice.AEROSOL_MASK),
        ("HFNC", OxygenDevice.HIGH_FLOW_CANNULA),
        ("Non-rebreather", OxygenDevice.NON_REBREATHER),
        ("nonrebreather mask", OxygenDevice.NON_REBREATHER),
        ("venturi mask", OxygenDevice.VENTURI_MASK),
        ("simple face mask", OxygenDevice.FACE_MASK),
        ("Face tent", OxygenDevice.FACE_TENT),
        ("CPAP", OxygenDevice.CPAP),
        ("mechanical ventilation", OxygenDevice.VENTILATOR),
        ("Endotracheal tube", OxygenDevice.AIRWAY),
        ("Standby", OxygenDevice.STANDBY),
    ],
)
def test_a_device_text_is_read_whole_and_kept_as_charted(text: str, device: OxygenDevice) -> None:
    item = only(mapped(device_observation(valueString=text)))
    assert (item.device, item.label, item.time) == (device, text, HOUR_AGO)


@pytest.mark.parametrize("text", ["nasal cannula 3 L", "vest", "cannula?", "Oxymask"])
def test_an_unknown_device_text_is_listed_and_not_guessed(text: str) -> None:
    """What held before holds no longer: the item says that something is there."""
    facts = mapped(device_observation(valueString=text))
    assert [(item.device, item.label) for item in facts.oxygen] == [(OxygenDevice.NOT_UNDERSTOOD, text)]
    issue = only_issue(facts)
    assert (issue.code, issue.concept, issue.value) == ("device-not-understood", "oxygen-device", text)
    assert issue.time == HOUR_AGO


@pytest.mark.parametrize(
    ("code", "device"),
    [
        ("336623009", OxygenDevice.NASAL_CANNULA),
        ("426854004", OxygenDevice.HIGH_FLOW_CANNULA),
        ("427591007", OxygenDevice.NON_REBREATHER),
        ("47545007", OxygenDevice.CPAP),
        ("243142003", OxygenDevice.BIPAP),
        ("34281000175105", OxygenDevice.NOCTURNAL_CPAP),
        ("26412008", OxygenDevice.AIRWAY),
        ("129121000", OxygenDevice.AIRWAY),
        ("40617009", OxygenDevice.VENTILATOR),
    ],
)
def test_a_coded_device_is_read_and_its_display_not_trusted(code: str, device: OxygenDevice) -> None:
    value = coded(SNOMED, code, display="Central venous catheter")
    assert only(mapped(device_observation(valueCodeableConcept=value))).device is device


def test_a_code_that_carries_the_value_needs_none() -> None:
    item = only(mapped(observation(coded(SNOMED, "722742002"))))
    assert (item.device, item.label) == (OxygenDevice.ROOM_AIR, "Breathing room air")


def test_a_state_may_be_affirmed_or_denied() -> None:
    yes = mapped(observation(coded(SNOMED, "722742002"), valueBoolean=True))
    no = mapped(observation(coded(SNOMED, "722742002"), valueBoolean=False))
    assert only(yes).device is OxygenDevice.ROOM_AIR
    assert issue_codes(no) == ["negated"]
    assert (only(no).device, only(no).flow) == (None, None)  # on oxygen, of an unknown amount
    off = mapped(observation(coded(SNOMED, "47545007"), valueBoolean=False))
    assert (off.oxygen, issue_codes(off)) == ((), ["negated"])


def test_the_value_of_a_state_is_more_exact_than_its_code() -> None:
    facts = mapped(observation(coded(SNOMED, "57485005"), valueCodeableConcept=coded(SNOMED, "427591007")))
    assert only(facts).device is OxygenDevice.NON_REBREATHER


def test_a_state_with_a_flow_is_one_item() -> None:
    item = only(mapped(observation(coded(SNOMED, "371907003"), valueQuantity=quantity("3", "L/min"))))
    assert (item.device, item.flow) == (OxygenDevice.NASAL_CANNULA, Decimal(3))


@pytest.mark.parametrize(
    ("value", "unit", "flow"),
    [("6", "L/min", "6"), ("6100", "mL/min", "6.1"), ("45", "L/min", "45"), ("0", "L/min", "0")],
)
def test_oxygen_flow_is_in_litres_a_minute(value: str, unit: str, flow: str) -> None:
    item = only(mapped(observation("3151-8", value, unit)))
    assert (item.flow, item.device, item.fio2) == (Decimal(flow), None, None)


@pytest.mark.parametrize(
    ("value", "fio2"),
    [
        (quantity("40", "%"), "0.4"),
        (quantity("21", "%"), "0.21"),
        (quantity("100", "%"), "1"),
        (quantity("0.3", "1"), "0.3"),
        ({"value": 80.0, "system": "http://hospital.example/units"}, "0.8"),
        ({"value": 0.42}, "0.42"),
        ({"value": 1}, "1"),
    ],
)
def test_fio2_is_a_fraction_in_whatever_unit_or_none(value: dict[str, Any], fio2: str) -> None:
    facts = mapped(observation("3150-0", valueQuantity=value))
    assert only(facts).fio2 == Decimal(fio2)
    assert facts.issues == ()


@pytest.mark.parametrize(
    ("value", "code", "likely"),
    [
        (quantity("0.42", "%"), "implausible", "fraction"),
        (quantity("40", "1"), "implausible", "percent"),
        (quantity("20", "%"), "implausible", ""),
        ({"value": 5}, "unit-missing", ""),
    ],
)
def test_an_fio2_that_could_be_misread_is_refused(value: dict[str, Any], code: str, likely: str) -> None:
    facts = mapped(observation("3150-0", valueQuantity=value))
    """Something was charted: the item stays, without an amount."""
    issue = only_issue(facts)
    assert [(item.device, item.flow, item.fio2) for item in facts.oxygen] == [(None, None, None)]
    assert issue.code == code
    assert likely in issue.detail


def test_flow_above_what_a_device_can_give_is_refused() -> None:
    assert issue_codes(mapped(observation("3151-8", "81", "L/min"))) == ["implausible"]


def test_an_fio2_may_be_a_ratio() -> None:
    ratio = {"numerator": {"value": 2}, "denominator": {"value": 5}}
    assert only(mapped(observation("3150-0", valueRatio=ratio))).fio2 == Decimal("0.4")


def test_pulse_oximetry_carries_flow_and_fio2_as_components() -> None:
    facts = mapped(
        observation(
            "59408-5",
            "93",
            "%",
            component=[component("3151-8", "4", "L/min"), component("3150-0", "36", "%")],
        )
    )
    item = only(facts)
    assert (item.flow, item.fio2) == (Decimal(4), Decimal("0.36"))
    assert facts.readings[Concept.SPO2][0].value == 93


def test_a_flow_carries_its_device_as_a_component() -> None:
    facts = mapped(
        observation("3151-8", "3.6", "L/min", component=[component("107117-4", valueString="nasal_cannula")])
    )
    item = only(facts)
    assert (item.flow, item.device) == (Decimal("3.6"), OxygenDevice.NASAL_CANNULA)


def test_a_device_that_the_observation_points_to_is_read() -> None:
    contained = {"resourceType": "Device", "id": "d", "type": coded(SNOMED, "426854004")}
    facts = mapped(observation("3151-8", "40", "L/min", contained=[contained], device={"reference": "#d"}))
    assert only(facts).device is OxygenDevice.HIGH_FLOW_CANNULA


def test_the_oximeter_is_no_oxygen_device() -> None:
    facts = mapped(
        observation(
            "59408-5",
            "95",
            "%",
            device={"display": "Acme Pulse Oximeter 2000"},
            component=[component("3151-8", "6", "L/min")],
        )
    )
    assert only(facts).device is None
    assert facts.issues == ()


def test_a_procedure_is_overridden_by_the_device_it_used() -> None:
    facts = mapped(
        procedure(coded(SNOMED, "371907003"), usedCode=[coded(SNOMED, "426854004")], **OPEN_PERIOD)
    )
    assert only(facts).device is OxygenDevice.HIGH_FLOW_CANNULA


def test_an_open_procedure_in_progress_is_ongoing() -> None:
    item = only(mapped(procedure(coded(SNOMED, "40617009"), **OPEN_PERIOD)))
    assert (item.device, item.ongoing, item.end, item.time) == (OxygenDevice.VENTILATOR, True, None, HOUR_AGO)


def test_a_closed_procedure_has_its_end_and_a_later_end_is_no_future_time() -> None:
    period = {"start": EARLIER, "end": "2026-03-10T12:00:00Z"}
    facts = mapped(procedure(coded(SNOMED, "40617009"), performedDateTime=None, performedPeriod=period))
    item = only(facts)
    assert (item.ongoing, item.end) == (False, datetime(2026, 3, 10, 12, tzinfo=UTC))
    assert facts.issues == ()


def test_a_procedure_to_the_day_is_too_coarse_for_oxygen() -> None:
    facts = mapped(procedure(coded(SNOMED, "40617009"), performedDateTime="2026-03-09"))
    assert (facts.oxygen, issue_codes(facts)) == ((), ["time-too-coarse"])


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("not-done", "not-done"),
        ("preparation", "not-begun"),
        ("on-hold", "on-hold"),
        ("entered-in-error", "entered-in-error"),
        ("unknown", "status-unknown"),
    ],
)
def test_support_that_does_not_run_is_not_support(status: str, expected: str) -> None:
    facts = mapped(procedure(coded(SNOMED, "40617009"), status=status))
    assert (facts.oxygen, issue_codes(facts)) == ((), [expected])


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (coded(SNOMED, "91175000"), {"seizure"}),
        (coded(ICD10CM, "J96.01"), {"hypoxia"}),
        ({"text": "Airway protection"}, {"airway-protection"}),
        ({"text": "airway protection - seizure"}, {"airway-protection"}),
        (coded("http://hospital.example", "X1", display="Surgery of the Airway"), {"surgery of the airway"}),
        ({}, set()),
    ],
)
def test_the_reason_of_ventilation_is_kept(reason: dict[str, Any], expected: set[str]) -> None:
    facts = mapped(procedure(coded(SNOMED, "40617009"), reasonCode=[reason], **OPEN_PERIOD))
    assert only(facts).reasons == expected


def test_a_reason_may_be_a_referenced_condition() -> None:
    seizure = {"resourceType": "Condition", "id": "s", "code": coded(SNOMED, "91175000"), "subject": SUBJECT}
    ventilated = procedure(
        coded(SNOMED, "40617009"), reasonReference=[{"reference": "Condition/s"}], **OPEN_PERIOD
    )
    assert only(mapped(ventilated, seizure)).reasons == {"seizure"}


def test_a_device_use_statement_is_read() -> None:
    device = {"resourceType": "Device", "id": "bp", "type": coded(SNOMED, "706226000")}
    use = {
        "resourceType": "DeviceUseStatement",
        "id": "u1",
        "status": "active",
        "subject": SUBJECT,
        "device": {"reference": "Device/bp"},
        "timingPeriod": {"start": EARLIER},
    }
    item = only(mapped(use, device))
    assert (item.device, item.ongoing) == (OxygenDevice.NONINVASIVE_VENTILATION, True)
    assert only(mapped(use | {"device": {"display": "CPAP"}})).device is OxygenDevice.CPAP
    assert mapped(use).oxygen == ()


def test_two_devices_at_once_are_two_items() -> None:
    facts = mapped(
        observation(
            "3151-8",
            "2",
            "L/min",
            component=[
                component("107117-4", valueString="nasal cannula"),
                component("107117-4", valueString="face tent"),
            ],
        )
    )
    assert {(item.device, item.flow) for item in facts.oxygen} == {
        (OxygenDevice.NASAL_CANNULA, 2),
        (OxygenDevice.FACE_TENT, None),
    }


def test_conflicting_device_codings_are_an_issue() -> None:
    value = {"coding": [{"system": SNOMED, "code": "336623009"}, {"system": SNOMED, "code": "427591007"}]}
    facts = mapped(device_observation(valueCodeableConcept=value))
    assert [item.device for item in facts.oxygen] == [OxygenDevice.NOT_UNDERSTOOD]
    assert issue_codes(facts) == ["conflicting-codes"]
    assert issue_codes(mapped(procedure(value))) == ["conflicting-codes"]


def test_a_device_without_a_value_is_said() -> None:
    assert issue_codes(mapped(device_observation())) == ["value-absent"]
    absent = without_none(device_observation(dataAbsentReason={"coding": [{"code": "masked"}]}))
    assert issue_codes(mapped(absent)) == ["value-absent"]


def test_loinc_and_snomed_of_one_state_agree() -> None:
    code = {"coding": [{"system": LOINC, "code": "107117-4"}, {"system": "http://x.example", "code": "1"}]}
    assert only(mapped(observation(code, valueString="NC"))).device is OxygenDevice.NASAL_CANNULA


def test_a_procedure_may_be_known_by_its_exact_text_or_by_its_device_alone() -> None:
    assert (
        only(mapped(procedure({"text": "Mechanical ventilation"}, **OPEN_PERIOD))).device
        is OxygenDevice.VENTILATOR
    )
    unknown = procedure({"text": "Respiratory care"}, usedCode=[coded(SNOMED, "47545007")], **OPEN_PERIOD)
    assert only(mapped(unknown)).device is OxygenDevice.CPAP
    assert mapped(procedure({"text": "Respiratory care"})).oxygen == ()


def test_an_observation_may_name_the_device_it_used() -> None:
    facts = mapped(observation("3151-8", "40", "L/min", usedCode=[coded(SNOMED, "426854004")]))
    assert (only(facts).device, only(facts).flow) == (OxygenDevice.HIGH_FLOW_CANNULA, Decimal(40))
