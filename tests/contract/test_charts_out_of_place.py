"""Charts with records that nobody can place: they are never read as "it did not happen" (GR-7, GR-8)."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.builders import (
    ICD_10_PCS,
    LOINC,
    NOW,
    RXNORM,
    Hours,
    Json,
    concept,
    instant,
    medication,
    observation,
    procedure,
    quantity,
)
from tests.contract.service import call, client, prefetch, request, searchset

NOTHING = searchset([])
CAR_T = concept(ICD_10_PCS, "XW033H7")
NOREPINEPHRINE = concept(RXNORM, "7512")
RUNNING = {"effectivePeriod": {"start": instant(-3)}}
DAY = 24


@pytest.fixture(scope="module")
def service() -> FlaskClient:
    return client()


def vital(code: str, value: int | str, unit: str, hours: Hours) -> Json:
    name = f"o{code}{hours}".replace(".", "-")
    return observation(name, concept(LOINC, code), hours, valueQuantity=quantity(value, unit))


def temperature(value: str, hours: Hours) -> Json:
    return vital("8310-5", value, "Cel", hours)


def systolic(value: int, hours: Hours) -> Json:
    return vital("8480-6", value, "mm[Hg]", hours)


def flow(value: int, hours: Hours) -> Json:
    return vital("3151-8", value, "L/min", hours)


SATURATION = vital("59408-5", 97, "%", -1)
FEBRILE = searchset([temperature("39.1", -2), systolic(118, -1), SATURATION])
HYPOTENSIVE = searchset([temperature("39.1", -2), systolic(82, -1), SATURATION])
WELL = searchset([temperature("36.8", -2), systolic(118, -1), SATURATION])


def without_zone(resource: Json) -> Json:
    return resource | {"effectiveDateTime": resource["effectiveDateTime"][:19]}


def of_nobody(resource: Json) -> Json:
    return {key: value for key, value in resource.items() if key != "subject"}


def cell_product(**changes: Any) -> Json:
    return searchset([procedure("car-t", CAR_T, -72) | changes])


def answer(service: FlaskClient, **changes: Any) -> tuple[int, list[Json]]:
    chart = {"vitals": FEBRILE, "oxygen": NOTHING, "medications": NOTHING, "procedures": cell_product()}
    given = call(service, request(prefetch=prefetch(**(chart | changes))))
    return given.status_code, (given.json or {}).get("cards", [])


def grade(service: FlaskClient, **changes: Any) -> tuple[int, int] | None:
    status, (card,) = answer(service, **changes)
    assert status == 200
    found = card["extension"]["org.crs-cds.assessment"].get("grade")
    return (found["lowest"], found["highest"]) if found else None


@pytest.mark.parametrize(
    ("device", "expected"), [("nasal cannula", (2, 3)), ("bipap", (4, 4)), ("ventilator", (4, 4))]
)
@pytest.mark.parametrize("refused", [{"valueQuantity": {"value": 4, "unit": "L"}}, {"valueString": "4 L NC"}])
def test_a_flow_that_cannot_be_read_leaves_the_device_before_it(
    service: FlaskClient, device: str, expected: tuple[int, int], refused: Json
) -> None:
    worn = observation("d", concept(LOINC, "107117-4"), -4, valueString=device)
    amount = observation("f", concept(LOINC, "3151-8"), -2, **refused)
    assert grade(service, oxygen=searchset([worn, amount])) == expected


@pytest.mark.parametrize("status", ["unknown", "", "active", "given", "in progress"])
@pytest.mark.parametrize("when", [RUNNING, {"effectiveDateTime": instant(-3)}])
def test_a_vasopressor_of_unclear_status_may_run(service: FlaskClient, status: str, when: Json) -> None:
    record = medication("ne", status, medicationCodeableConcept=NOREPINEPHRINE, **when)
    assert grade(service, vitals=HYPOTENSIVE, medications=searchset([record])) == (2, 4)


def test_a_sure_and_an_unsure_event_together_may_be_an_infusion(service: FlaskClient) -> None:
    texts = {"text": "norepinephrine 4 mg in D5W 250 mL"}
    sure = medication(
        "a", "completed", medicationCodeableConcept=NOREPINEPHRINE, effectiveDateTime=instant(-3)
    )
    unsure = medication("b", "completed", medicationCodeableConcept=texts, effectiveDateTime=instant(-1))
    assert grade(service, vitals=HYPOTENSIVE, medications=searchset([sure])) == (2, 2)
    assert grade(service, vitals=HYPOTENSIVE, medications=searchset([sure, unsure])) == (2, 4)


@pytest.mark.parametrize(
    "record",
    [
        medication("ne", "in-progress", medicationCodeableConcept=NOREPINEPHRINE)
        | {"effectivePeriod": {"start": instant(-3), "end": instant(-5)}},
        medication("ne", "in-progress", medicationCodeableConcept=NOREPINEPHRINE)
        | {"effectivePeriod": {"start": instant(-3)[:19]}},
        medication("ne", "in-progress", medicationCodeableConcept=NOREPINEPHRINE)
        | {"effectiveDateTime": NOW.date().isoformat()},
        of_nobody(medication("ne", "in-progress", medicationCodeableConcept=NOREPINEPHRINE, **RUNNING)),
        medication("ne", "in-progress", **RUNNING)
        | {
            "medicationCodeableConcept": {
                "coding": [{"system": RXNORM, "code": "7512"}, {"system": RXNORM, "code": "3628"}]
            }
        },
        medication("ne", "in-progress", medicationReference={"reference": "#gone"}, **RUNNING),
    ],
    ids=["reversed", "no zone", "date", "no subject", "two drugs", "no name"],
)
def test_a_vasopressor_that_cannot_be_placed_opens_the_grade(service: FlaskClient, record: Json) -> None:
    assert grade(service, vitals=HYPOTENSIVE, medications=searchset([record])) == (2, 4)


def test_a_vasopressor_of_another_year_opens_nothing(service: FlaskClient) -> None:
    old = medication("e", "completed", medicationCodeableConcept={"text": "epinephrine"})
    old["effectiveDateTime"] = "2019-05-01"
    assert grade(service, medications=searchset([old])) == (1, 1)


@pytest.mark.parametrize("spoil", [without_zone, of_nobody])
def test_a_newer_temperature_that_cannot_be_placed_is_not_no_fever(service: FlaskClient, spoil: Any) -> None:
    chart = [temperature("37.0", -3), spoil(temperature("39.5", "-0.3")), systolic(118, -1), SATURATION]
    assert grade(service, vitals=searchset(chart)) is None


@pytest.mark.parametrize("spoil", [without_zone, of_nobody])
def test_oxygen_that_cannot_be_placed_is_not_room_air(service: FlaskClient, spoil: Any) -> None:
    assert grade(service) == (1, 1)
    assert grade(service, oxygen=searchset([spoil(flow(15, -2))])) == (1, 4)


@pytest.mark.parametrize("spoil", [without_zone, of_nobody])
def test_steroids_that_cannot_be_placed_keep_the_episode_open(service: FlaskClient, spoil: Any) -> None:
    """Afebrile on dexamethasone for two days, then hypotensive (GR-6)."""
    course = [temperature("39.2", -71), *(temperature("37.0", -h) for h in range(67, 0, -4))]
    pressures = [*(systolic(118, -h) for h in range(66, 8, -4)), systolic(78, -1)]
    vitals = searchset([*course, *pressures, SATURATION])
    doses = [
        medication(f"d{h}", "completed", medicationCodeableConcept=concept(RXNORM, "3264"))
        | {"effectiveDateTime": instant(-h)}
        for h in (66, 54, 42, 30, 20, 10)
    ]
    assert grade(service, vitals=vitals, medications=searchset(doses)) == (2, 2)
    assert grade(service, vitals=vitals, medications=searchset([spoil(d) for d in doses])) == (0, 2)


@pytest.mark.parametrize("month", ["2026-02", "2026-03"])
def test_the_window_of_a_therapy_known_to_the_month_runs_from_its_last_day(
    service: FlaskClient, month: str
) -> None:
    status, (card,) = answer(service, procedures=cell_product(performedDateTime=month))
    assert (status, "not fully understood" in card["detail"]) == (200, True)


def test_a_cell_product_named_in_the_text_of_an_immunization_counts(service: FlaskClient) -> None:
    record = {
        "resourceType": "Immunization",
        "id": "i",
        "status": "completed",
        "patient": {"reference": "Patient/p"},
        "occurrenceDateTime": instant(-72),
        "vaccineCode": {"text": "tisagenlecleucel (KYMRIAH) infusion"},
    }
    assert grade(service, procedures=NOTHING, immunizations=searchset([record])) == (1, 1)


def test_a_therapy_whose_codings_disagree_is_not_passed_over(service: FlaskClient) -> None:
    both = {"coding": [{"system": RXNORM, "code": "1987402"}, {"system": RXNORM, "code": "7512"}]}
    record = medication("m", "completed", medicationCodeableConcept=both, effectiveDateTime=instant(-72))
    assert answer(service, procedures=NOTHING, medications=searchset([record]))[0] == 412


@pytest.mark.parametrize(
    "flaw",
    [
        {"performedDateTime": "2019"},
        {"performedDateTime": "2019-05-01T10:00:00"},
        {"performedDateTime": "2019-05-01", "status": "unknown"},
    ],
)
def test_a_flaw_in_a_therapy_long_past_refuses_nothing(service: FlaskClient, flaw: Json) -> None:
    assert answer(service, vitals=WELL, procedures=cell_product(**flaw)) == (200, [])


@pytest.mark.parametrize("dosage", [{"route": {"text": "IV drip"}}, {"dose": {"value": 1, "unit": "vial"}}])
def test_a_flaw_in_a_dose_of_a_therapy_long_past_refuses_nothing(service: FlaskClient, dosage: Json) -> None:
    record = medication("b", "completed", medicationCodeableConcept={"text": "blinatumomab"}, dosage=dosage)
    record["effectiveDateTime"] = instant(-365 * DAY)
    chart = {"vitals": WELL, "procedures": NOTHING, "medications": searchset([record])}
    assert answer(service, **chart) == (200, [])


def test_an_unclear_older_therapy_does_not_move_the_baseline_of_a_sure_one(service: FlaskClient) -> None:
    """Home oxygen stays the baseline (GR-9)."""
    worn = [
        observation(f"d{h}", concept(LOINC, "107117-4"), -h, valueString="nasal cannula")
        for h in range(2, 400, 10)
    ]
    chart = {"oxygen": searchset([*worn, *(flow(2, -h) for h in range(2, 400, 10))])}
    assert grade(service, **chart) == (1, 1)
    older = procedure("older", CAR_T, -20 * DAY, status="unknown")
    both = searchset([procedure("car-t", CAR_T, -72), older])
    assert grade(service, **chart, procedures=both) == (1, 1)


def test_an_episode_is_not_followed_for_ever_after_the_window(service: FlaskClient) -> None:
    """A fever half a year after the cells is another illness."""
    course = searchset(
        [temperature("38.2", -199 * DAY), temperature("38.6", -2), systolic(118, -1), SATURATION]
    )
    assert answer(service, vitals=course, procedures=cell_product(performedDateTime=instant(-200 * DAY))) == (
        200,
        [],
    )
