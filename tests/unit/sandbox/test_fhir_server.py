"""The sandbox FHIR server, asked as a client asks it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from flask.testing import FlaskClient

from cds_service.sandbox import patients
from tests.unit.sandbox.conftest import MovableClock

TEMPERATURE = "http://loinc.org|8310-5"


def ask(client: FlaskClient, address: str, status: int = 200) -> dict[str, Any]:
    """The answer to a GET under /fhir, which is FHIR JSON whatever its status."""
    response = client.get(f"/fhir/{address}")
    assert response.status_code == status, response.text
    assert response.mimetype == "application/fhir+json"
    answer: dict[str, Any] = response.get_json()
    return answer


def found(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle.get("entry", [])]


def search(client: FlaskClient, address: str) -> list[dict[str, Any]]:
    """All results of a search that fit on one page."""
    bundle = ask(client, f"{address}&_count=500")
    get_fhir_model_class("Bundle").model_validate(bundle)
    results = found(bundle)
    assert bundle["total"] == len(results)
    return results


def refusal(client: FlaskClient, address: str, status: int) -> str:
    """The text of the OperationOutcome that a request is refused with."""
    outcome = ask(client, address, status)
    get_fhir_model_class("OperationOutcome").model_validate(outcome)
    text: str = outcome["issue"][0]["details"]["text"]
    return text


def test_a_patient_is_read(client: FlaskClient) -> None:
    patient = ask(client, "Patient/demo-03")
    assert patient["name"][0]["text"] == "Demo 03 · norepinephrine and cannula"


@pytest.mark.parametrize("address", ["Patient/nobody", "Observation/demo-03", "Observation/demo-03-temp-999"])
def test_what_is_not_there_is_404(client: FlaskClient, address: str) -> None:
    assert address in refusal(client, address, 404)


@pytest.mark.parametrize("address", ["Claim?patient=demo-03", "Claim/1", "", "a/b/c"])
def test_what_is_not_served_is_404_in_fhir(client: FlaskClient, address: str) -> None:
    refusal(client, address, 404)


def test_the_capability_statement_names_each_parameter(client: FlaskClient) -> None:
    statement = ask(client, "metadata")
    get_fhir_model_class("CapabilityStatement").model_validate(statement)
    kinds = {entry["type"]: entry for entry in statement["rest"][0]["resource"]}
    names = {parameter["name"] for parameter in kinds["MedicationAdministration"]["searchParam"]}
    assert names >= {"patient", "subject", "code", "status", "effective-time", "_id"}


def test_only_the_patient_asked_for_is_found(client: FlaskClient) -> None:
    for query in ("patient=demo-03", "patient=Patient/demo-03", "subject=Patient/demo-03"):
        subjects = {item["subject"]["reference"] for item in search(client, f"Observation?{query}")}
        assert subjects == {"Patient/demo-03"}


def test_a_patient_without_results_gives_an_empty_bundle(client: FlaskClient) -> None:
    for address in ("Immunization?patient=demo-03", "Observation?patient=nobody"):
        bundle = ask(client, address)
        get_fhir_model_class("Bundle").model_validate(bundle)
        assert bundle["total"] == 0
        assert "entry" not in bundle


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        (TEMPERATURE, {"8310-5"}),
        ("8310-5", {"8310-5"}),
        ("8310-5,http://loinc.org|59408-5", {"8310-5", "59408-5"}),
        ("http://snomed.info/sct|8310-5", set()),
        ("|8310-5", set()),
    ],
)
def test_codes_are_matched_with_and_without_system(client: FlaskClient, code: str, kinds: set[str]) -> None:
    results = search(client, f"Observation?patient=demo-03&code={code}")
    assert {item["code"]["coding"][0]["code"] for item in results} == kinds


def test_category_status_and_clinical_status(client: FlaskClient) -> None:
    labs = search(client, "Observation?patient=demo-03&category=laboratory")
    assert {item["id"].split("-")[2] for item in labs} == {
        "crp",
        "ferritin",
        "anc",
        "platelets",
        "creatinine",
        "bilirubin",
        "alt",
        "ast",
        "fibrinogen",
    }
    running = search(client, "MedicationAdministration?patient=demo-03&status=in-progress")
    assert [item["medicationCodeableConcept"]["text"] for item in running] == ["norepinephrine"]
    assert search(client, "Condition?patient=demo-03&clinical-status=active")
    assert not search(client, "Condition?patient=demo-03&clinical-status=resolved")
    assert search(client, "Observation?patient=demo-03&status=final,amended")
    assert not search(client, "Observation?patient=demo-03&status=amended")


def test_active_orders_of_one_patient(client: FlaskClient) -> None:
    orders = search(client, "MedicationRequest?patient=demo-03&status=active")
    assert {order["subject"]["reference"] for order in orders} == {"Patient/demo-03"}
    assert len(orders) == 4
    assert search(client, "MedicationRequest?patient=demo-03&status=stopped,draft") == []
    named = search(
        client, "MedicationRequest?patient=demo-03&code=http://www.nlm.nih.gov/research/umls/rxnorm|3264"
    )
    assert [order["medicationCodeableConcept"]["text"] for order in named] == ["dexamethasone"]


def test_ids_across_patients(client: FlaskClient) -> None:
    results = search(client, "Patient?_id=demo-01,demo-12,nobody")
    assert [item["id"] for item in results] == ["demo-01", "demo-12"]
    assert len(search(client, "Patient?_sort=_id")) == len(patients.ids())


def test_dates_with_each_prefix(client: FlaskClient, clock: MovableClock) -> None:
    base = f"Observation?patient=demo-03&code={TEMPERATURE}"
    everything = [item["effectiveDateTime"] for item in search(client, f"{base}&_sort=date")]
    middle = everything[10]
    expected = {
        "": [middle],
        "eq": [middle],
        "gt": everything[11:],
        "ge": everything[10:],
        "lt": everything[:10],
        "le": everything[:11],
    }
    for prefix, times in expected.items():
        results = search(client, f"{base}&_sort=date&date={prefix}{middle}")
        assert [item["effectiveDateTime"] for item in results] == times, prefix
    today = clock.time.date().isoformat()
    assert [item["effectiveDateTime"] for item in search(client, f"{base}&_sort=date&date={today}")] == [
        time for time in everything if time.startswith(today)
    ]


def test_two_dates_bound_a_window(client: FlaskClient, clock: MovableClock) -> None:
    start = (clock.time - timedelta(hours=12)).strftime("%Y-%m-%dT%H:%M:%SZ")
    end = (clock.time - timedelta(hours=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
    results = search(client, f"Observation?patient=demo-03&code={TEMPERATURE}&date=ge{start}&date=lt{end}")
    assert len(results) == 2
    assert all(start <= item["effectiveDateTime"] < end for item in results)


def test_a_running_infusion_reaches_into_the_future(client: FlaskClient) -> None:
    results = search(client, "MedicationAdministration?patient=demo-05&effective-time=gt2030-01-01")
    names = {item["medicationCodeableConcept"]["text"] for item in results}
    assert names == {"norepinephrine", "epinephrine"}


@pytest.mark.parametrize(
    ("kind", "parameter", "element"),
    [("Observation", "date", "effectiveDateTime"), ("Procedure", "date", "performedPeriod")],
)
def test_sorting_both_ways(client: FlaskClient, kind: str, parameter: str, element: str) -> None:
    rising = search(client, f"{kind}?patient=demo-02&_sort={parameter}")
    falling = search(client, f"{kind}?patient=demo-02&_sort=-{parameter}")
    starts = [str(item[element]) for item in rising]
    assert len(starts) > 1
    assert starts == sorted(starts)
    assert [str(item[element]) for item in falling] == sorted(starts, reverse=True)


def test_administrations_are_sorted_by_their_beginning(client: FlaskClient) -> None:
    results = search(client, "MedicationAdministration?patient=demo-05&_sort=-effective-time")
    starts = [item.get("effectiveDateTime") or item["effectivePeriod"]["start"] for item in results]
    assert starts == sorted(starts, reverse=True)


def follow(client: FlaskClient, address: str, clock: MovableClock) -> list[list[dict[str, Any]]]:
    """All pages of a search, while the clock goes on by a minute a page."""
    bundle = ask(client, address)
    pages = [found(bundle)]
    while following := [link["url"] for link in bundle["link"] if link["relation"] == "next"]:
        clock.advance(minutes=1)
        bundle = ask(client, following[0].removeprefix("http://localhost/fhir/"))
        get_fhir_model_class("Bundle").model_validate(bundle)
        pages.append(found(bundle))
    return pages


def test_pages_agree_while_the_clock_goes_on(client: FlaskClient, clock: MovableClock) -> None:
    address = "Observation?patient=demo-03&_sort=-date"
    whole = found(ask(client, f"{address}&_count=500"))
    pages = follow(client, f"{address}&_count=70", clock)
    assert [len(page) for page in pages[:-1]] == [70] * (len(pages) - 1)
    assert [item for page in pages for item in page] == whole


def test_without_a_count_a_page_has_fifty(client: FlaskClient) -> None:
    bundle = ask(client, "Observation?patient=demo-03")
    assert len(found(bundle)) == 50
    assert bundle["total"] > 300


def test_a_count_of_zero_gives_only_the_total(client: FlaskClient) -> None:
    bundle = ask(client, "Observation?patient=demo-03&_count=0")
    assert bundle["total"] > 300
    assert "entry" not in bundle
    assert [link["relation"] for link in bundle["link"]] == ["self"]


def test_a_page_expires(client: FlaskClient, clock: MovableClock) -> None:
    links = ask(client, "Observation?patient=demo-03")["link"]
    following = links[1]["url"].removeprefix("http://localhost/fhir/")
    clock.advance(hours=1)
    assert "run the search again" in refusal(client, following, 410)
    assert "not a link" in refusal(client, following.replace("Observation", "Condition"), 400)
    refusal(client, "Observation?_page=W10", 400)
    refusal(client, "Observation?_page=%ff", 400)


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("Observation?patient=demo-03&_lastUpdated=ge2026", "_lastUpdated"),
        ("Observation?patient=demo-03&effective-time=ge2026", "effective-time"),
        ("Observation?patient=demo-03&code:in=x", "code:in"),
        ("Observation?patient=demo-03&_include=x", "_include"),
        ("Observation?patient=demo-03&_sort=status", "status"),
        ("Observation?patient=demo-03&date=yesterday", "date=yesterday"),
        ("Observation?patient=demo-03&date=ne2026", "date=ne2026"),
        ("Observation?patient=demo-03&date=ge2026-13-01", "date=ge2026-13-01"),
        ("Observation?patient=demo-03&date=ge2026-03-01T10:00:00", "date=ge2026-03-01T10:00:00"),
        ("Observation?patient=demo-03&date=ge2026-03-01T10:00:00+01:00", "%2B"),
        ("Observation?patient=demo-03&_count=many", "_count"),
        ("Observation?patient=", "patient"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(client: FlaskClient, address: str, named: str) -> None:
    assert named in refusal(client, address, 400)


def test_another_format_is_not_acceptable(client: FlaskClient) -> None:
    assert "application/fhir+json" in refusal(client, "Patient?_format=xml", 406)
    assert ask(client, "Patient?_format=json")["total"] == len(patients.ids())


def test_a_search_by_post_finds_the_same(client: FlaskClient) -> None:
    form = {"patient": "demo-03", "code": TEMPERATURE, "_sort": "-date", "_count": "500"}
    posted = client.post("/fhir/Observation/_search", data=form).get_json()
    asked = ask(client, f"Observation?patient=demo-03&code={TEMPERATURE}&_sort=-date&_count=500")
    assert found(posted) == found(asked)
    wrong = client.post("/fhir/Observation/_search", json=form)
    assert (wrong.status_code, wrong.get_json()["resourceType"]) == (415, "OperationOutcome")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("address", ["/fhir/Patient/demo-03", "/fhir/Patient", "/fhir/"])
def test_nothing_can_be_written(client: FlaskClient, method: str, address: str) -> None:
    response = client.open(address, method=method, json={})
    assert (response.status_code, response.get_json()["resourceType"]) == (405, "OperationOutcome")


def test_the_charts_move_with_the_clock(client: FlaskClient, clock: MovableClock) -> None:
    address = "Observation?patient=demo-03&code=59408-5&_sort=-date&_count=1"
    before = datetime.fromisoformat(found(ask(client, address))[0]["effectiveDateTime"])
    clock.advance(minutes=90)
    after = datetime.fromisoformat(found(ask(client, address))[0]["effectiveDateTime"])
    assert after - before == timedelta(minutes=90)
