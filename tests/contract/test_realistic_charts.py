"""Charts as hospitals send them, that once gave a wrong or misleading answer."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.builders import (
    ICD_10_PCS,
    LOINC,
    RXNORM,
    SNOMED,
    Json,
    concept,
    instant,
    medication,
    observation,
    procedure,
    quantity,
)
from tests.contract.service import call, cards, client, prefetch, request, searchset

NOTHING = searchset([])
CAR_T = searchset([procedure("car-t", concept(ICD_10_PCS, "XW033H7"), -72)])


@pytest.fixture(scope="module")
def service() -> FlaskClient:
    return client()


def temperature(value: str, hours: float, name: str = "t", unit: str = "Cel") -> Json:
    return observation(name, concept(LOINC, "8310-5"), hours, valueQuantity=quantity(value, unit))


def systolic(value: int, hours: float = -1, code: str = "8480-6", name: str = "bp") -> Json:
    return observation(name, concept(LOINC, code), hours, valueQuantity=quantity(value, "mm[Hg]"))


def saturation(value: int) -> Json:
    return observation("s", concept(LOINC, "59408-5"), -1, valueQuantity=quantity(value, "%"))


def device(text: str, hours: float, **members: Any) -> Json:
    return observation(f"d{hours}", concept(LOINC, "107117-4"), hours, valueString=text, **members)


FEBRILE = (temperature("39.1", -2), systolic(118), saturation(93))


def graded(service: FlaskClient, **changes: Any) -> tuple[dict[str, int], Json]:
    base = {
        "vitals": searchset(FEBRILE),
        "oxygen": NOTHING,
        "medications": NOTHING,
        "procedures": CAR_T,
    }
    (card,) = cards(service, prefetch=prefetch(**(base | changes)))
    return card["extension"]["org.crs-cds.assessment"].get("grade", {}), card


@pytest.mark.parametrize(
    "refused",
    [
        {"valueQuantity": {"value": 4, "unit": "L"}},
        {"valueQuantity": quantity(15, "L/min") | {"comparator": ">"}},
        {"valueString": "4 L NC"},
    ],
)
def test_an_oxygen_flow_that_cannot_be_read_is_never_room_air(service: FlaskClient, refused: Json) -> None:
    """GR-7: room air is assumed only where nothing was charted."""
    flow = observation("o", concept(LOINC, "3151-8"), -1, **refused)
    grade, card = graded(service, oxygen=searchset([flow]))
    assert grade == {"lowest": 1, "highest": 4}
    assert "no oxygen charted" not in card["detail"]


@pytest.mark.parametrize(
    "drug",
    [
        {"medicationCodeableConcept": {"text": "norepinephrine 4 mg in D5W 250 mL"}},
        {"medicationReference": {"reference": "Medication/x", "display": "NOREPINEPHRINE 16 MG/250 ML NS"}},
    ],
)
def test_a_vasopressor_in_other_words_opens_the_grade(service: FlaskClient, drug: Json) -> None:
    """GR-7: it does not surely count, and nobody may say that none runs."""
    running = medication("ne", "in-progress", effectivePeriod={"start": instant(-3)}, **drug)
    vitals = searchset([temperature("39.1", -2), systolic(82), saturation(97)])
    grade, card = graded(service, vitals=vitals, medications=searchset([running]))
    assert grade == {"lowest": 2, "highest": 4}
    assert "Left out: norepinephrine" in card["detail"] or "vasopressor" in card["detail"]


@pytest.mark.parametrize(
    "record",
    [
        medication("c", "completed", medicationCodeableConcept={"text": "axicabtagene ciloleucel (YESCARTA)"},
                   effectiveDateTime=instant(-72)),
        medication("c", "completed", medicationCodeableConcept=concept(RXNORM, "1987402"),
                   effectiveDateTime="2026-03-07T09:00:00"),
        medication("c", "unknown", medicationCodeableConcept=concept(RXNORM, "1987402"),
                   effectiveDateTime=instant(-72)),
    ],
)  # fmt: skip
def test_a_therapy_that_is_not_fully_understood_is_considered_and_said(
    service: FlaskClient, record: Json
) -> None:
    """GR-8."""
    _, card = graded(service, procedures=NOTHING, medications=searchset([record]))
    assert "not fully understood" in card["detail"]


def test_a_therapy_without_a_readable_time_is_refused_not_passed_over(service: FlaskClient) -> None:
    record = medication("c", "completed", medicationCodeableConcept=concept(RXNORM, "1987402"))
    changes = prefetch(procedures=NOTHING, medications=searchset([record]))
    answer = call(service, request(prefetch=changes))
    assert answer.status_code == 412
    assert answer.json is not None
    assert answer.json["issue"][0]["expression"] == ["MedicationAdministration/c"]


def test_a_refused_temperature_that_is_the_newest_leaves_fever_unknown(service: FlaskClient) -> None:
    """GR-7: 101.8 "Cel" is most likely °F; it must not read as afebrile."""
    vitals = searchset(
        [temperature("37.0", -3), temperature("101.8", -0.3, "t2"), systolic(84), saturation(97)]
    )
    _, card = graded(service, vitals=vitals)
    assert card["summary"].startswith("CRS not gradable: temperature charted but not usable")
    assert "101.8" in card["detail"]


def test_one_damped_arterial_reading_is_no_baseline(service: FlaskClient) -> None:
    """GR-9."""
    before = [systolic(45, -300, "76215-3", "a"), systolic(120, -300, "76534-7", "c")]
    vitals = searchset([*before, temperature("39.1", -2), systolic(62), saturation(97)])
    assert graded(service, vitals=vitals)[0] == {"lowest": 2, "highest": 2}


def test_a_held_dose_masks_no_fever_and_is_shown_as_held(service: FlaskClient) -> None:
    """GR-6."""
    held = medication("toci", "on-hold", medicationCodeableConcept=concept(RXNORM, "1657981"),
                      effectiveDateTime=instant(-10))  # fmt: skip
    vitals = [temperature("39.1", -30, "a"), temperature("37", -6, "b"), temperature("37", -1, "c")]
    grade, card = graded(
        service, vitals=searchset([*vitals, systolic(84), saturation(97)]), medications=searchset([held])
    )
    assert grade == {"lowest": 0, "highest": 2}
    assert "on hold" in card["detail"]


def test_acetaminophen_by_product_name_is_not_denied(service: FlaskClient) -> None:
    """GR-6."""
    code = concept(RXNORM, "999313782", "acetaminophen 325 MG Oral Tablet")
    doses = [
        medication(f"a{h}", "completed", medicationCodeableConcept=code, effectiveDateTime=instant(-h))
        for h in (29, 23, 17, 11, 5)
    ]
    vitals = [temperature("39.1", -30, "a"), temperature("37", -6, "b"), temperature("37.1", -2, "c")]
    grade, card = graded(
        service, vitals=searchset([*vitals, systolic(82), saturation(97)]), medications=searchset(doses)
    )
    assert grade == {"lowest": 0, "highest": 2}
    assert "no masking drug charted" not in card["detail"]


def test_a_flow_beside_a_device_that_is_not_understood_still_counts(service: FlaskClient) -> None:
    """GR-3: 40 L/min is high flow, whatever gives it."""
    both = device("HFNC 40 L 60%", -1)
    flow = observation("f", concept(LOINC, "3151-8"), -1, valueQuantity=quantity(40, "L/min"))
    assert graded(service, oxygen=searchset([both, flow]))[0] == {"lowest": 3, "highest": 4}


@pytest.mark.parametrize(
    "route", [concept(SNOMED, "37161004", "Rectal route"), concept(SNOMED, "54485002", "Ophthalmic route")]
)
def test_eye_drops_are_no_infusion(service: FlaskClient, route: Json) -> None:
    drops = [
        medication(f"p{n}", "completed", medicationCodeableConcept=concept(RXNORM, "8163"),
                   effectiveDateTime=instant(-1 + n / 10), dosage={"route": route})
        for n in range(3)
    ]  # fmt: skip
    grade, _ = graded(service, medications=searchset(drops))
    assert grade["lowest"] == 1


def test_what_was_used_is_not_called_left_out(service: FlaskClient) -> None:
    running = medication("ne", "in-progress", medicationCodeableConcept={"text": "norepinephrine"},
                         effectivePeriod={"start": instant(-3)})  # fmt: skip
    grade, card = graded(service, medications=searchset([running]))
    assert grade == {"lowest": 3, "highest": 3}
    assert "Left out" not in card["detail"]


def test_missing_fever_beside_a_running_vasopressor_could_be_grade_three(service: FlaskClient) -> None:
    """GR-7."""
    running = medication("ne", "in-progress", medicationCodeableConcept=concept(RXNORM, "7512"),
                         effectivePeriod={"start": instant(-3)})  # fmt: skip
    vitals = searchset([temperature("37.0", -9), systolic(80), saturation(97)])
    _, card = graded(service, vitals=vitals, medications=searchset([running]))
    assert card["indicator"] == "critical"
    assert "could be up to grade 3" in card["detail"]


def test_low_saturation_on_stale_oxygen_is_not_called_without_oxygen(service: FlaskClient) -> None:
    old = device("nasal cannula", -13)
    _, card = graded(service, vitals=searchset([*FEBRILE[:2], saturation(85)]), oxygen=searchset([old]))
    assert "SpO2 85 % with oxygen support not known" in card["summary"]
    assert card["indicator"] == "critical"


@pytest.mark.parametrize(
    "changes",
    [
        {"effectivePeriod": {"start": "2026-03-10T06:00:00"}},  # no zone, and none set
        {"effectivePeriod": {}},
        {"subject": {"display": "the patient"}},
        {"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]},
    ],
)
def test_a_vasopressor_without_a_place_in_time_opens_the_grade(service: FlaskClient, changes: Json) -> None:
    running = medication("ne", "in-progress", medicationCodeableConcept=concept(RXNORM, "7512"),
                         effectivePeriod={"start": instant(-3)})  # fmt: skip
    vitals = searchset([temperature("39.1", -2), systolic(82), saturation(97)])
    grade, _ = graded(service, vitals=vitals, medications=searchset([running | changes]))
    assert grade == {"lowest": 2, "highest": 4}


@pytest.mark.parametrize(
    "subject", [{"display": "x"}, {"reference": "Patient/other"}, {"reference": "urn:uuid:1"}, []]
)
def test_a_therapy_that_cannot_be_attributed_is_never_no_therapy(service: FlaskClient, subject: Any) -> None:
    """GR-8."""
    record = procedure("car-t", concept(ICD_10_PCS, "XW033H7"), -72) | {"subject": subject}
    assert call(service, request(prefetch=prefetch(procedures=searchset([record])))).status_code == 412


NULL_DATE = "0001-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "resource",
    [
        systolic(80, -1, "76215-3", "x") | {"effectiveDateTime": NULL_DATE},
        observation("x", concept(LOINC, "8478-0"), -1, valueQuantity=quantity(60, "mm[Hg]"))
        | {"effectiveDateTime": NULL_DATE},
        temperature("39", -1, "x") | {"effectiveDateTime": "9999-12-31T23:59:59Z"},
    ],
)
def test_the_null_date_of_other_systems_is_no_time(service: FlaskClient, resource: Json) -> None:
    grade, card = graded(service, vitals=searchset([*FEBRILE, resource]))
    assert grade == {"lowest": 1, "highest": 1}
    assert "time not understood" in card["detail"]


def test_a_therapy_on_the_null_date_is_not_passed_over(service: FlaskClient) -> None:
    record = procedure("car-t", concept(ICD_10_PCS, "XW033H7"), -72) | {"performedDateTime": NULL_DATE}
    assert call(service, request(prefetch=prefetch(procedures=searchset([record])))).status_code == 412


def test_odd_administrations_never_break_the_answer(service: FlaskClient) -> None:
    odd = [
        {"resourceType": "MedicationAdministration", "status": [],
         "medicationReference": {"reference": "Medication/x"}},
        medication("chain", "completed", medicationReference={"reference": "Medication/0"},
                   effectiveDateTime=instant(-1)),
        *({"resourceType": "Medication", "id": str(n),
           "ingredient": [{"itemReference": {"reference": f"Medication/{n + 1}"}}]} for n in range(1500)),
    ]  # fmt: skip
    answer = call(service, request(prefetch=prefetch(medications=searchset(odd))))
    assert answer.status_code == 200


@pytest.mark.parametrize("value", [1, [], "x", True])
def test_a_prefetch_that_is_no_object_is_a_bad_request(service: FlaskClient, value: Any) -> None:
    assert call(service, request(prefetch=value)).status_code == 400


def test_a_newer_pressure_that_cannot_be_read_may_have_been_low(service: FlaskClient) -> None:
    """GR-7: until the next one that can."""
    vague = observation("v", concept(LOINC, "8480-6"), -0.5, valueQuantity={"value": 72})
    before = [temperature("39", -1), systolic(110), saturation(97)]
    grade, card = graded(service, vitals=searchset([*before, vague]))
    assert grade == {"lowest": 1, "highest": 2}
    assert "blood pressure" in card["detail"]
    after = observation("w", concept(LOINC, "8480-6"), -0.1, valueQuantity=quantity(112, "mm[Hg]"))
    assert graded(service, vitals=searchset([*before, vague, after]))[0] == {"lowest": 1, "highest": 1}
