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


@pytest.mark.parametrize(
    "first",
    [
        {"medicationCodeableConcept": {"text": "blinatumomab (BLINCYTO) 9 mcg step-up dose 1"}},
        {"medicationCodeableConcept": {"text": "blinatumomab"}, "status": "unknown"},
    ],
)
def test_the_reaction_to_an_unclear_first_dose_is_no_baseline(service: FlaskClient, first: Json) -> None:
    """GR-9: the course begins with the first dose of the chain, sure or not."""
    doses = [
        medication("one", "completed", effectiveDateTime=instant(-72)) | first,
        medication("two", "completed", medicationCodeableConcept={"text": "blinatumomab"})
        | {"effectiveDateTime": instant(-1)},
    ]
    fever = [temperature(value, hours) for value, hours in (("39.2", -20), ("39.0", -10), ("38.9", -3))]
    vitals = searchset([*fever, temperature("39.2", "-0.6"), systolic(84, -10), systolic(112, "-0.7")])
    worn = [
        observation(f"d{h}", concept(LOINC, "107117-4"), -h, valueString="high flow nasal cannula")
        for h in (12, 6, 1)
    ]
    chart = {"vitals": vitals, "oxygen": searchset(worn), "procedures": NOTHING}
    assert grade(service, **chart, medications=searchset(doses)) == (3, 3)


@pytest.mark.parametrize(
    "stop", [{"status": "stopped"}, {"dosage": {"rateQuantity": quantity(0, "ug/kg/min")}}]
)
def test_an_uncertain_infusion_ends_by_a_record_charted_alike(service: FlaskClient, stop: Json) -> None:
    texts = {"text": "norepinephrine 4 mg in D5W 250 mL"}
    run = medication("a", "in-progress", medicationCodeableConcept=texts) | {
        "effectivePeriod": {"start": instant(-60)}
    }
    end = medication("b", "completed", medicationCodeableConcept=texts, effectiveDateTime=instant(-40)) | stop
    assert grade(service, medications=searchset([run])) == (1, 4)
    assert grade(service, medications=searchset([run, end])) == (1, 1)


@pytest.mark.parametrize(
    ("device", "lost", "expected"),
    [
        ("ventilator", without_zone(flow(4, -13)), (4, 4)),
        ("ventilator", of_nobody(flow(4, "-0.5")), (4, 4)),
        ("high flow nasal cannula", without_zone(flow(0, -10)), (3, 3)),
    ],
)
def test_a_lost_flow_does_not_take_away_a_device(
    service: FlaskClient, device: str, lost: Json, expected: tuple[int, int]
) -> None:
    worn = observation("d", concept(LOINC, "107117-4"), -1, valueString=device)
    assert grade(service, oxygen=searchset([worn, lost])) == expected


def test_what_was_entered_in_error_is_not_lost(service: FlaskClient) -> None:
    wrong = of_nobody(flow(15, -1)) | {"status": "entered-in-error"}
    assert grade(service, oxygen=searchset([wrong])) == (1, 1)


@pytest.mark.parametrize("flaw", ["zone", "subject"])
@pytest.mark.parametrize(
    "drug",
    [
        {"medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": "7512"},
                                                  {"system": RXNORM, "code": "3628"}]}},
        {"medicationReference": {"reference": "#gone"}},
    ],
)  # fmt: skip
def test_two_flaws_at_once_are_still_not_absence(service: FlaskClient, flaw: str, drug: Json) -> None:
    record = medication("ne", "in-progress", **drug) | {"effectivePeriod": {"start": instant(-3)}}
    if flaw == "zone":
        record["effectivePeriod"] = {"start": instant(-3)[:19]}
    else:
        record = of_nobody(record)
    assert grade(service, vitals=HYPOTENSIVE, medications=searchset([record])) == (2, 4)


@pytest.mark.parametrize("when", [instant(-72), instant(-72)[:10], instant(-72)[:19]])
def test_a_therapy_disputed_by_its_codings_is_refused_however_its_time_is_charted(
    service: FlaskClient, when: str
) -> None:
    both = {"coding": [{"system": RXNORM, "code": "1987402"}, {"system": RXNORM, "code": "7512"}]}
    record = medication("m", "completed", medicationCodeableConcept=both) | {"effectiveDateTime": when}
    assert answer(service, procedures=NOTHING, medications=searchset([record]))[0] == 412
    record["effectiveDateTime"] = "2020-01-01T09:00:00Z"
    assert answer(service, vitals=WELL, procedures=NOTHING, medications=searchset([record])) == (200, [])


def test_an_unnamed_drug_of_months_ago_opens_nothing(service: FlaskClient) -> None:
    record = medication("m", "completed", medicationReference={"reference": "#gone"})
    record["effectiveDateTime"] = instant(-150 * DAY)
    assert grade(service, vitals=HYPOTENSIVE, medications=searchset([record])) == (2, 2)


def test_an_episode_is_not_followed_for_ever_after_the_window(service: FlaskClient) -> None:
    """A fever half a year after the cells is another illness."""
    course = searchset(
        [temperature("38.2", -199 * DAY), temperature("38.6", -2), systolic(118, -1), SATURATION]
    )
    assert answer(service, vitals=course, procedures=cell_product(performedDateTime=instant(-200 * DAY))) == (
        200,
        [],
    )
