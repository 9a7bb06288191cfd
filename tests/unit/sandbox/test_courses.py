"""The synthetic patients: valid FHIR, ending now, the same for the same now."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from cds_service.sandbox import patients
from fhir_mappings import CodeBook, map_resources
from fhir_mappings.facts import Route

NOW = datetime(2026, 3, 1, 10, 30, 42, tzinfo=UTC)
MINUTE = NOW.replace(second=0)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
CHARTS = patients.build(NOW)
STALE = "demo-11"


def times(value: Any) -> Iterator[datetime]:
    """Every time anywhere in a resource."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from times(item)
    elif isinstance(value, str) and TIME.fullmatch(value):
        yield datetime.fromisoformat(value)


def observed(patient_id: str, code: str | None = None) -> list[tuple[datetime, dict[str, Any]]]:
    """The Observations of a patient by time, of one LOINC code where it is given."""
    found = [
        (datetime.fromisoformat(item["effectiveDateTime"]), item)
        for item in CHARTS[patient_id]
        if item["resourceType"] == "Observation" and code in (None, item["code"]["coding"][0]["code"])
    ]
    return sorted(found, key=lambda pair: pair[0])


def newest(patient_id: str, code: str) -> dict[str, Any]:
    return observed(patient_id, code)[-1][1]


@pytest.mark.parametrize("patient_id", patients.ids())
def test_every_resource_is_valid_fhir_r4(patient_id: str) -> None:
    for resource in CHARTS[patient_id]:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


@pytest.mark.parametrize("patient_id", patients.ids())
def test_nothing_is_charted_in_the_future_and_every_time_is_a_whole_minute(patient_id: str) -> None:
    charted = list(times(CHARTS[patient_id]))
    assert max(charted) <= MINUTE
    assert all(time.second == 0 for time in charted)


@pytest.mark.parametrize("patient_id", [found for found in patients.ids() if found != STALE])
def test_a_course_ends_now(patient_id: str) -> None:
    assert MINUTE - observed(patient_id)[-1][0] < timedelta(hours=2)


@pytest.mark.parametrize("patient_id", patients.ids())
def test_a_course_lasts_three_to_five_days(patient_id: str) -> None:
    length = MINUTE - observed(patient_id)[0][0]
    assert timedelta(days=3) <= length <= timedelta(days=5, hours=1)


def test_the_stale_course_ends_fourteen_hours_ago() -> None:
    assert MINUTE - observed(STALE)[-1][0] == timedelta(hours=14)


def test_ids_are_unique_and_allowed_by_fhir() -> None:
    references = [f"{item['resourceType']}/{item['id']}" for chart in CHARTS.values() for item in chart]
    assert len(set(references)) == len(references)
    assert all(re.fullmatch(r"[A-Za-z]+/[A-Za-z0-9.-]{1,64}", reference) for reference in references)


def test_every_resource_belongs_to_its_patient_and_to_a_stay_that_exists() -> None:
    for patient_id, chart in CHARTS.items():
        stays = {item["id"] for item in chart if item["resourceType"] == "Encounter"}
        assert stays == {patients.SCENARIOS[patient_id].encounter}
        for item in chart:
            subject = item.get("subject", {"reference": f"Patient/{item['id']}"})
            assert subject["reference"] == f"Patient/{patient_id}"
            stay = item.get("encounter", item.get("context"))
            assert stay is None or stay["reference"].removeprefix("Encounter/") in stays


def test_the_same_minute_gives_the_same_charts() -> None:
    assert patients.build(NOW + timedelta(seconds=17)) == CHARTS


def test_an_hour_later_the_same_resources_have_moved_by_an_hour() -> None:
    later = patients.resources("demo-03", NOW + timedelta(hours=1))
    assert [item["id"] for item in later] == [item["id"] for item in CHARTS["demo-03"]]
    assert [time - timedelta(hours=1) for time in times(later)] == list(times(CHARTS["demo-03"]))


@pytest.mark.parametrize("now", [NOW, datetime(2028, 2, 29, 23, 59, tzinfo=UTC)])
def test_the_birth_date_gives_the_age_in_the_list(now: datetime) -> None:
    for patient_id, scenario in patients.SCENARIOS.items():
        born = datetime.fromisoformat(patients.resources(patient_id, now)[0]["birthDate"])
        had_birthday = (now.month, now.day) >= (born.month, born.day)
        assert now.year - born.year - (not had_birthday) == scenario.age


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        patients.resources("demo-00", NOW.replace(tzinfo=None))


def test_values_that_the_stories_name_are_the_newest_charted() -> None:
    child = newest("demo-07", "85354-9")["component"][0]["valueQuantity"]
    assert (child["value"], patients.SCENARIOS["demo-07"].age) == (76, 4)
    assert newest("demo-07", "29463-7")["valueQuantity"]["value"] == 17
    assert newest("demo-13", "59408-5")["valueQuantity"]["value"] == 88
    assert newest("demo-12", "85354-9")["component"][0]["valueQuantity"]["value"] == 84
    assert MINUTE - observed("demo-12", "107117-4")[-1][0] == timedelta(hours=14)
    assert newest("demo-13", "107117-4")["valueCodeableConcept"]["text"] == "room air"


def test_charts_are_coded_in_different_ways() -> None:
    text = {patient_id: json.dumps(chart) for patient_id, chart in CHARTS.items()}
    assert newest("demo-14", "8331-1")["valueQuantity"]["code"] == "[degF]"
    assert newest("demo-14", "29463-7")["valueQuantity"]["code"] == "[lb_av]"
    assert '"85354-9"' in text["demo-03"]
    assert '"85354-9"' not in text["demo-04"]
    assert '"76534-7"' in text["demo-04"]
    assert '"76215-3"' in text["demo-05"]
    assert '"contained"' in text["demo-04"]
    procedures = [item for item in CHARTS["demo-02"] if item["resourceType"] == "Procedure"]
    assert any(item["code"]["coding"][0]["code"] == "371907003" for item in procedures)


def test_every_grade_and_every_way_to_have_none_is_there() -> None:
    expected = [patients.expected(patient_id) for patient_id in patients.ids()]
    assert {found.status for found in expected} == {
        "active",
        "resolved",
        "no-episode",
        "not-gradable",
        "not-considered",
    }
    assert {found.lowest for found in expected if found.lowest == found.highest} >= {1, 2, 3, 4}


def test_the_ndjson_files_hold_the_charts(tmp_path: Path) -> None:
    written = patients.write_ndjson(tmp_path / "charts", NOW)
    assert [path.stem for path in written] == list(patients.ids())
    for path in written:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert [json.loads(line) for line in lines] == CHARTS[path.stem]


def ordered(patient_id: str) -> set[str]:
    return {
        item["medicationCodeableConcept"]["text"]
        for item in CHARTS[patient_id]
        if item["resourceType"] == "MedicationRequest" and item["status"] == "active"
    }


def test_what_is_given_by_the_clock_is_ordered_too() -> None:
    assert ordered("demo-03") >= {"acetaminophen", "dexamethasone", "cefepime"}
    assert ordered("demo-05") >= {"methylprednisolone"}
    assert ordered("demo-08") >= {"acetaminophen", "levetiracetam"}


@pytest.mark.parametrize("patient_id", patients.ids())
def test_every_order_of_a_drug_that_matters_can_be_read(patient_id: str) -> None:
    facts = map_resources(CHARTS[patient_id], CodeBook.load(), as_of=NOW, patient_id=patient_id, coverage={})
    assert [issue for issue in facts.issues if issue.concept == "order"] == []
    assert [dose.problems for order in facts.orders for dose in order.doses if dose.problems] == []


def test_the_grade_3_patient_has_dexamethasone_every_six_hours_ordered() -> None:
    facts = map_resources(CHARTS["demo-03"], CodeBook.load(), as_of=NOW, patient_id="demo-03", coverage={})
    (steroid,) = (order for order in facts.orders if order.drug == "dexamethasone")
    assert [(str(d.mass), d.interval, d.route) for d in steroid.doses] == [
        ("10 mg", timedelta(hours=6), Route.INTRAVENOUS)
    ]


WITHOUT_ALL_TESTS = "demo-14"


@pytest.mark.parametrize("patient_id", [found for found in patients.ids() if found != "demo-10"])
def test_every_daily_test_is_charted_except_of_the_patient_who_shows_it_missing(patient_id: str) -> None:
    """TX-14: fibrinogen and the metabolic panel are not drawn in demo 14; demo 10 has no CRS to watch."""
    since = timedelta(hours=24)
    recent = {
        item["code"]["coding"][0]["code"] for time, item in observed(patient_id) if MINUTE - time <= since
    }
    panels = (
        {"751-8", "777-3"},
        {"2160-0", "1975-2", "1742-6", "1920-8"},
        {"1988-5"},
        {"2276-4"},
        {"3255-7"},
    )
    missing = [panel for panel in panels if not panel <= recent]
    assert missing == ([panels[1], panels[4]] if patient_id == WITHOUT_ALL_TESTS else [])
