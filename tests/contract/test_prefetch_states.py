"""Each prefetch key in each state it can have, and what is then answered (CH-29, CH-30, CH-33 to CH-35)."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.builders import Json, observation, patient
from tests.contract.service import call, client, prefetch, request, searchset

READ = "patient"
SEARCHES = ["vitals", "oxygen", "labs", "medications", "procedures", "immunizations", "conditions"]
REFUSAL: Json = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing"}]}
NEXT = [{"relation": "next", "url": "https://ehr.example/fhir?page=2"}]
ANOTHER = "someone-else"

ANSWERS: dict[str, tuple[int, str]] = {
    "patient": (200, "CRS grade 3: "),
    "vitals": (412, ""),
    "oxygen": (200, "CRS grade at least 3: oxygen support could not be read"),
    "labs": (200, "CRS grade 3: "),
    "medications": (200, "CRS grade at least 2: vasopressors could not be read"),
    "procedures": (412, ""),
    "immunizations": (200, "CRS grade 3: "),
    "conditions": (200, "CRS grade 3: "),
}
"""What is answered where a key is unknown, and no FHIR server can be asked."""


def of_another(key: str) -> Json:
    found: Json = observation("x", {"text": "x"}, -1) | {"subject": {"reference": f"Patient/{ANOTHER}"}}
    kinds = {
        "medications": "MedicationAdministration",
        "procedures": "Procedure",
        "immunizations": "Immunization",
        "conditions": "Condition",
    }
    return found | {"resourceType": kinds.get(key, "Observation"), "patient": found["subject"]}


def states(key: str) -> dict[str, Any]:
    """By reason: a value that leaves the key unknown."""
    wrong_type = searchset([]) if key == READ else patient("1971-01-01")
    found: dict[str, Any] = {
        "not-supplied": ...,
        "null": None,
        "error": REFUSAL,
        "malformed": wrong_type,
        "wrong-patient": patient("1971-01-01") | {"id": ANOTHER},
    }
    if key != READ:
        found["truncated"] = searchset([], link=NEXT)
        found["wrong-patient"] = searchset([of_another(key)])
    return found


UNKNOWN = [(key, reason) for key in ANSWERS for reason in states(key)]


@pytest.fixture(scope="module")
def service() -> FlaskClient:
    return client()


def answer(service: FlaskClient, key: str, value: Any) -> tuple[int, Json]:
    given = call(service, request(prefetch=prefetch(**{key: value})))
    body: Json = given.json or {}
    return given.status_code, body


def extension(body: Json) -> Json:
    (card,) = body["cards"]
    found: Json = card["extension"]
    return found


@pytest.mark.parametrize(("key", "reason"), UNKNOWN)
def test_an_unknown_key_is_said_with_its_reason_or_answered_by_412(
    service: FlaskClient, key: str, reason: str
) -> None:
    """CH-29 (absent, null, error, next, wrong type, wrong patient), CH-30, CH-33, CH-34."""
    status, body = answer(service, key, states(key)[reason])
    expected, summary = ANSWERS[key]
    assert status == expected
    if status == 412:
        issue = body["issue"][0]
        assert (issue["code"], issue["expression"]) == ("processing", [f"prefetch.{key}"])
        assert reason in issue["diagnostics"]
    else:
        assert body["cards"][0]["summary"].startswith(summary)
        assert extension(body)["org.crs-cds.incomplete"] == {key: reason}


@pytest.mark.parametrize("key", SEARCHES)
@pytest.mark.parametrize("beside", [True, False])
def test_an_error_among_the_results_leaves_the_key_unknown(
    service: FlaskClient, key: str, beside: bool
) -> None:
    """CH-29g."""
    whole = prefetch()[key]
    entries = whole["entry"] if beside else []
    entry = {"resource": REFUSAL, "search": {"mode": "outcome"}}
    status, body = answer(service, key, searchset([]) | {"entry": [*entries, entry]})
    if status == 200:
        assert extension(body)["org.crs-cds.incomplete"] == {key: "error"}
    else:
        assert (status, body["issue"][0]["expression"]) == (412, [f"prefetch.{key}"])


@pytest.mark.parametrize("key", SEARCHES)
def test_results_are_read_the_same_with_included_resources_and_repetitions(
    service: FlaskClient, key: str
) -> None:
    """CH-29e, CH-29j."""
    _, plain = answer(service, key, prefetch()[key])
    included = {"resource": {"resourceType": "Provenance", "id": "v"}, "search": {"mode": "include"}}
    entries = [*prefetch()[key]["entry"], *prefetch()[key]["entry"], included]
    _, rich = answer(service, key, searchset([]) | {"entry": entries})
    assert extension(rich) == extension(plain)
    assert "org.crs-cds.incomplete" not in extension(plain)


@pytest.mark.parametrize("key", [*SEARCHES])
def test_only_an_empty_complete_bundle_means_none(service: FlaskClient, key: str) -> None:
    """CH-29d: nothing is missing, and nobody is called well over it who is not."""
    status, body = answer(service, key, searchset([], total=0))
    assert status == 200
    if key == "procedures":  # no therapy: not at risk, which was found out and not assumed
        assert body == {"cards": []}
    else:
        assert "org.crs-cds.incomplete" not in extension(body)


def test_resources_from_the_memory_of_the_client_need_neither_id_nor_meta(service: FlaskClient) -> None:
    """CH-35."""
    stripped = prefetch()
    for key in SEARCHES:
        for entry in stripped[key].get("entry", []):
            entry["resource"] = {k: v for k, v in entry["resource"].items() if k not in ("id", "meta")}
    del stripped["patient"]["id"]
    status, body = answer(service, "patient", stripped["patient"])
    assert (status, body["cards"][0]["summary"][:11]) == (200, "CRS grade 3")
    whole = call(service, request(prefetch=stripped))
    assert whole.status_code == 200
    assert (whole.json or {})["cards"][0]["summary"].startswith("CRS grade 3")


def test_keys_that_nobody_asked_for_are_passed_over(service: FlaskClient) -> None:
    """CH-28."""
    status, body = answer(service, "allergies", {"resourceType": "AllergyIntolerance"})
    assert (status, "org.crs-cds.incomplete" in extension(body)) == (200, False)
