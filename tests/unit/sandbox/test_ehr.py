"""What the sandbox EHR writes: values, orders and time, seen again through its FHIR server."""

from __future__ import annotations

from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from flask.testing import FlaskClient

from cds_service.sandbox import bedside, catalogue
from cds_service.sandbox.console import OXYGEN
from cds_service.sandbox.elements import codeable
from cds_service.tables import load_codebook
from tests.unit.sandbox.conftest import MovableClock

Json = dict[str, Any]


def send(client: FlaskClient, path: str, body: Any, status: int = 200) -> Json:
    answer = client.post(f"/ehr/{path}", json=body)
    assert answer.status_code == status, answer.text
    found: Json = answer.get_json()
    return found


def refusal(client: FlaskClient, path: str, body: Any, status: int) -> str:
    outcome = send(client, path, body, status)
    get_fhir_model_class("OperationOutcome").model_validate(outcome)
    text: str = outcome["issue"][0]["details"]["text"]
    return text


def search(client: FlaskClient, query: str) -> list[Json]:
    found = client.get(f"/fhir/{query}&_count=500").get_json()
    return [entry["resource"] for entry in found.get("entry", [])]


def newest(client: FlaskClient, code: str) -> Json:
    return search(client, f"Observation?patient=demo-01&code={code}&_sort=-date")[0]


def draft(**members: Any) -> Json:
    amount = {"value": 358.8, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
    return {
        "resourceType": "MedicationRequest",
        "id": "draft-1",
        "status": "draft",
        "intent": "proposal",
        "subject": {"reference": "Patient/demo-07"},
        "medicationCodeableConcept": {"text": "tocilizumab"},
        "dosageInstruction": [
            {"timing": {"repeat": {"count": 1}}, "doseAndRate": [{"doseQuantity": amount}]}
        ],
        **members,
    }


def signed(client: FlaskClient, *drafts: Json) -> list[Json]:
    version = client.get("/ehr/ward").get_json()["versions"]["demo-07"]
    found: list[Json] = send(client, "patients/demo-07/orders", {"orders": drafts, "version": version})[
        "written"
    ]
    return found


def test_until_something_is_written_the_charts_move_and_then_they_stand(
    client: FlaskClient, clock: MovableClock
) -> None:
    before = newest(client, "8310-5")["effectiveDateTime"]
    clock.advance(minutes=10)
    moved = newest(client, "8310-5")["effectiveDateTime"]
    assert moved > before
    send(client, "patients/demo-02/values", {"kind": "temperature", "value": "39"})
    clock.advance(minutes=10)
    assert newest(client, "8310-5")["effectiveDateTime"] == moved


def test_time_that_is_put_ahead_ages_the_chart(client: FlaskClient) -> None:
    before = newest(client, "8310-5")["effectiveDateTime"]
    state = send(client, "ward/advance", {"minutes": 90})
    assert state["now"] == "2026-03-01T12:00:42Z"
    assert state["aheadMinutes"] == 90
    assert newest(client, "8310-5")["effectiveDateTime"] == before
    assert send(client, "ward/reset", {})["now"] == "2026-03-01T10:30:42Z"


@pytest.mark.parametrize("minutes", [0, -1, 1441, 1.5, "60", None, True])
def test_time_goes_ahead_by_whole_minutes_up_to_a_day(client: FlaskClient, minutes: Any) -> None:
    assert "1 to 1440" in refusal(client, "ward/advance", {"minutes": minutes}, 400)


def test_time_goes_two_weeks_ahead_and_no_further(client: FlaskClient) -> None:
    for _ in range(14):
        send(client, "ward/advance", {"minutes": 1440})
    assert "reset" in refusal(client, "ward/advance", {"minutes": 1}, 409)


@pytest.mark.parametrize("kind", bedside.KINDS)
def test_what_is_charted_is_valid_and_there(client: FlaskClient, kind: str) -> None:
    (made,) = send(
        client,
        "patients/demo-01/values",
        {"kind": kind, "value": "44" if kind != "norepinephrine" else "0.1"},
    )["written"]
    get_fhir_model_class(made["resourceType"]).model_validate(made)
    assert client.get(f"/fhir/{made['resourceType']}/{made['id']}").get_json() == made


@pytest.mark.parametrize("device", bedside.OXYGEN)
def test_every_oxygen_device_of_the_menu_can_be_charted(client: FlaskClient, device: str) -> None:
    written = send(client, "patients/demo-02/values", {"kind": "oxygen", "value": device})["written"]
    for made in written:
        get_fhir_model_class(made["resourceType"]).model_validate(made)
    assert device in OXYGEN
    assert not search(client, "Procedure?patient=demo-02&status=in-progress"), (
        "the cannula before it has ended"
    )


def test_of_two_values_of_one_second_the_later_written_is_the_newer(client: FlaskClient) -> None:
    for value in ("38.1", "39.2", "36.9"):
        send(client, "patients/demo-01/values", {"kind": "temperature", "value": value})
    assert newest(client, "8310-5")["valueQuantity"]["value"] == 36.9


@pytest.mark.parametrize("patient", ["demo-03", "demo-04", "demo-05"])
def test_a_rate_of_nothing_ends_the_infusion(client: FlaskClient, patient: str) -> None:
    running = f"MedicationAdministration?patient={patient}&status=in-progress"
    before = len(search(client, running))
    send(client, f"patients/{patient}/values", {"kind": "norepinephrine", "value": "0"})
    assert len(search(client, running)) == before - 1


@pytest.mark.parametrize("value", ["", "x", "-1", "1e9", "Infinity", "38,5", "385"])
def test_a_value_that_is_none_is_refused_with_the_bounds(client: FlaskClient, value: str) -> None:
    text = refusal(client, "patients/demo-01/values", {"kind": "temperature", "value": value}, 400)
    assert text == "Temperature: write a number from 30 to 44 °C, with a point"


def test_an_unknown_patient_or_kind_is_refused(client: FlaskClient) -> None:
    assert "no such patient" in refusal(
        client, "patients/nobody/values", {"kind": "weight", "value": "70"}, 404
    )
    assert "one of" in refusal(client, "patients/demo-01/values", {"kind": "mood", "value": "1"}, 400)
    assert "one of" in refusal(client, "patients/demo-01/values", {"kind": "oxygen", "value": "tent"}, 400)


def test_a_signed_order_is_active_and_as_it_was_written(client: FlaskClient) -> None:
    (order,) = signed(client, draft())
    get_fhir_model_class("MedicationRequest").model_validate(order)
    assert (order["status"], order["intent"], order["authoredOn"]) == (
        "active",
        "order",
        "2026-03-01T10:30:42Z",
    )
    assert order["dosageInstruction"] == draft()["dosageInstruction"]
    assert order["id"] != "draft-1"
    assert order in search(client, "MedicationRequest?patient=demo-07&status=active")


def test_a_dose_that_is_given_ends_an_order_for_one(client: FlaskClient) -> None:
    (order,) = signed(client, draft())
    given, ended = send(client, f"patients/demo-07/orders/{order['id']}/give", {})["written"]
    get_fhir_model_class("MedicationAdministration").model_validate(given)
    assert given["dosage"]["dose"]["value"] == 358.8
    assert given["request"] == {"reference": f"MedicationRequest/{order['id']}"}
    assert (ended["id"], ended["status"]) == (order["id"], "completed")
    assert "no such active order" in refusal(client, f"patients/demo-07/orders/{order['id']}/give", {}, 422)


def test_an_order_that_repeats_stays_until_it_is_stopped(client: FlaskClient) -> None:
    every = {"repeat": {"frequency": 1, "period": 6, "periodUnit": "h"}}
    instruction = {**draft()["dosageInstruction"][0], "timing": every}
    (order,) = signed(client, draft(dosageInstruction=[instruction]))
    send(client, f"patients/demo-07/orders/{order['id']}/give", {})
    (stopped,) = send(client, f"patients/demo-07/orders/{order['id']}/stop", {})["written"]
    assert stopped["status"] == "stopped"


def test_an_order_by_weight_cannot_be_given_as_an_amount(client: FlaskClient) -> None:
    by_weight = {"doseAndRate": [{"doseQuantity": {"value": 12, "unit": "mg/kg", "code": "mg/kg"}}]}
    (order,) = signed(client, draft(dosageInstruction=[by_weight]))
    assert "no single amount" in refusal(client, f"patients/demo-07/orders/{order['id']}/give", {}, 422)


@pytest.mark.parametrize(
    ("orders", "said"),
    [
        ([], "1 to 30"),
        ("all", "1 to 30"),
        ([draft()] * 31, "1 to 30"),
        ([7], "neither"),
        ([{"resourceType": "Patient"}], "neither"),
        ([draft(), draft(subject={"reference": "Patient/demo-01"})], "order 2 is of another patient"),
        ([draft(dosageInstruction="twice")], "order 1 is no valid R4 MedicationRequest: dosageInstruction"),
        ([draft(invented="x")], "invented"),
    ],
)
def test_what_is_no_order_of_this_patient_is_refused_whole(
    client: FlaskClient, orders: Any, said: str
) -> None:
    version = client.get("/ehr/ward").get_json()["versions"]["demo-07"]
    assert said in refusal(client, "patients/demo-07/orders", {"orders": orders, "version": version}, 422)
    assert not [each for each in search(client, "MedicationRequest?patient=demo-07") if "-new-" in each["id"]]


def test_orders_checked_against_an_older_chart_are_refused(client: FlaskClient) -> None:
    version = client.get("/ehr/ward").get_json()["versions"]["demo-07"]
    send(client, "patients/demo-07/values", {"kind": "weight", "value": "18"})
    text = refusal(client, "patients/demo-07/orders", {"orders": [draft()], "version": version}, 409)
    assert "check them again" in text
    send(client, "ward/reset", {})
    assert len(signed(client, draft())) == 1


def test_a_chart_is_not_filled_without_end(client: FlaskClient) -> None:
    for _ in range(16):
        signed(client, *[draft()] * 30)
    version = client.get("/ehr/ward").get_json()["versions"]["demo-07"]
    assert "reset" in refusal(
        client, "patients/demo-07/orders", {"orders": [draft()] * 30, "version": version}, 409
    )


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:9"])
def test_a_page_of_another_origin_can_change_nothing(client: FlaskClient, origin: str) -> None:
    answer = client.post("/ehr/ward/advance", json={"minutes": 60}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert (
        client.post(
            "/ehr/ward/advance", json={"minutes": 60}, headers={"Origin": "http://localhost"}
        ).status_code
        == 200
    )


@pytest.mark.parametrize(
    "path", ["ward/advance", "ward/reset", "patients/demo-01/values", "patients/demo-01/orders"]
)
def test_a_form_or_broken_json_changes_nothing(client: FlaskClient, path: str) -> None:
    """What a page can send across origins without asking: a form, or text."""
    for body, kind in (
        (b"minutes=60", "application/x-www-form-urlencoded"),
        (b"{}", "text/plain"),
        (b"{", "application/json"),
    ):
        assert client.post(f"/ehr/{path}", data=body, content_type=kind).status_code == 400
    assert client.get("/ehr/ward").get_json()["changes"] == 0


def test_without_a_service_nothing_is_graded(client: FlaskClient) -> None:
    assert client.get("/ehr/grades").status_code == 404


def test_the_drugs_that_a_rule_is_about_are_recognised_as_the_pad_codes_them() -> None:
    book = load_codebook(None)
    found = {drug.code.text: book.meaning(codeable(drug.code)) for drug in catalogue.DRUGS}
    assert [name for name, meaning in found.items() if meaning is None] == ["cefepime", "levetiracetam"]


def test_reset_forgets_what_was_written(client: FlaskClient) -> None:
    before = client.get("/fhir/Observation?patient=demo-01&_count=500").get_json()["total"]
    send(client, "patients/demo-01/values", {"kind": "temperature", "value": "40"})
    assert client.get("/fhir/Observation?patient=demo-01&_count=500").get_json()["total"] == before + 1
    send(client, "ward/reset", {})
    assert client.get("/fhir/Observation?patient=demo-01&_count=500").get_json()["total"] == before
