"""The real FHIR server does what the tests that stand on it take for granted."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests

from tests.integration.hapi_server import HapiError, Resource

Load = Callable[[Iterable[Resource]], None]


def _patient(patient_id: str) -> Resource:
    return {"resourceType": "Patient", "id": patient_id, "birthDate": "1961-04-02"}


def _temperature(patient_id: str, hour: int) -> Resource:
    day, hour_of_day = divmod(hour, 24)
    return {
        "resourceType": "Observation",
        "id": f"{patient_id}-temperature-{hour}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]},
        "subject": {"reference": f"Patient/{patient_id}"},
        "performer": [{"reference": "Practitioner/not-loaded"}],
        "effectiveDateTime": f"2026-01-{day + 1:02}T{hour_of_day:02}:00:00Z",
        "valueQuantity": {
            "value": Decimal("38.10"),
            "unit": "Cel",
            "system": "http://unitsofmeasure.org",
            "code": "Cel",
        },
    }


def _pages(url: str) -> Iterator[dict[str, Any]]:
    following: str | None = url
    while following:
        page = requests.get(following, timeout=30).json()
        yield page
        following = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)


def test_serves_fhir_r4(hapi_base: str) -> None:
    capabilities = requests.get(f"{hapi_base}/metadata", timeout=30).json()
    assert capabilities["fhirVersion"] == "4.0.1"


def test_pages_newest_first_through_all_observations(hapi_base: str, load: Load) -> None:
    chart = [_temperature("paged", hour) for hour in range(30)]
    load([*chart, _temperature("other", 0), _patient("paged"), _patient("other")])

    pages = list(_pages(f"{hapi_base}/Observation?patient=paged&_sort=-date&_count=10"))

    assert [len(page["entry"]) for page in pages] == [10, 10, 10]
    found = [entry["resource"]["id"] for page in pages for entry in page["entry"]]
    assert found == [one["id"] for one in reversed(chart)]


def test_load_splits_what_is_too_large_for_one_transaction(hapi_base: str, load: Load) -> None:
    load([_patient("chunked"), *(_temperature("chunked", hour) for hour in range(250))])

    answer = requests.get(f"{hapi_base}/Observation?patient=chunked&_summary=count", timeout=30)

    assert answer.json()["total"] == 250


def test_keeps_the_digits_of_a_decimal(hapi_base: str, load: Load) -> None:
    load([_patient("exact"), _temperature("exact", 0)])

    answer = requests.get(f"{hapi_base}/Observation/exact-temperature-0", timeout=30)

    assert answer.json(parse_float=Decimal)["valueQuantity"]["value"] == Decimal("38.10")
    assert '"value":38.10' in answer.text.replace(" ", "")


def test_a_search_sees_what_was_written_a_moment_ago(hapi_base: str, load: Load) -> None:
    search = f"{hapi_base}/Observation?patient=fresh&_summary=count"
    load([_patient("fresh"), _temperature("fresh", 0)])
    before = requests.get(search, timeout=30).json()["total"]
    load([_temperature("fresh", 1)])
    assert (before, requests.get(search, timeout=30).json()["total"]) == (1, 2)


def test_a_refused_resource_is_reported(load: Load) -> None:
    with pytest.raises(HapiError, match="Observation"):
        load([{"resourceType": "Observation", "id": "bad", "status": "no-such-status"}])
