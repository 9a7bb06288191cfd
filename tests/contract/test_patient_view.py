"""The hook crs-patient-view as CDS Hooks 2.0.1 and the promises to users have it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from cds_service.web.members import UUID
from cds_service.web.routes import EXTENSION
from tests.builders import ICD_10_PCS, LOINC, concept, observation, procedure, quantity
from tests.contract.service import PATH, call, cards, client, empties, prefetch, request, searchset

SCHEMAS = Path(__file__).parents[2] / "cds_service" / "web" / "schema_files"


@pytest.fixture(scope="module")
def service() -> FlaskClient:
    return client()


def the_card(service: FlaskClient, **changes: Any) -> dict[str, Any]:
    found = cards(service, **changes)
    assert len(found) == 1
    return found[0]


def test_the_grade_is_the_first_thing_read(service: FlaskClient) -> None:
    card = the_card(service)
    assert card["summary"] == (
        "CRS grade 3: norepinephrine and oxygen of unknown device 4 L/min, fever 39.4 °C"
    )
    assert card["indicator"] == "critical"


def test_the_evidence_names_value_time_and_source(service: FlaskClient) -> None:
    """TX-23."""
    detail = the_card(service)["detail"]
    for expected in (
        "39.4 °C",
        "08:00 (1 h ago)",
        "Observation/t",
        "MedicationAdministration/ne",
        "mcg/kg/min",
    ):
        assert expected in detail
    assert "not a substitute for judgement" in detail
    assert "ASTCT 2019" in detail


def test_a_card_has_what_the_specification_requires(service: FlaskClient) -> None:
    """CH-2, CH-36, CH-39, CH-40, CH-42, CH-43."""
    card = the_card(service)
    assert UUID.fullmatch(card["uuid"])
    assert {"code", "system"} <= set(card["source"]["topic"])
    assert card["source"]["url"].startswith("https://")
    assert len(card["summary"]) < 140
    assert card["indicator"] in {"info", "warning", "critical"}
    assert card["source"]["topic"]["code"] == "710027002"
    assert empties(card) == []
    assert "links" not in card
    assert card["selectionBehavior"] == "any"
    for suggestion in card["suggestions"]:
        assert suggestion["label"]
        for action in suggestion["actions"]:
            assert action["type"] == "create"
            assert action["description"]
            assert action["resource"]["status"] == "draft"
            assert action["resource"]["subject"] == {"reference": "Patient/p"}
    for reason in card["overrideReasons"]:
        assert set(reason) == {"code", "system", "display"}


def test_the_machine_readable_part_is_as_promised(service: FlaskClient) -> None:
    """CH-11, CH-75: an object, with keys that begin with a domain."""
    extension = the_card(service)["extension"]
    assert all(key.startswith("org.crs-cds.") for key in extension)
    assessment = extension["org.crs-cds.assessment"]
    assert assessment["grade"] == {"lowest": 3, "highest": 3}
    assert assessment["status"] == "active"
    assert {"GR-3", "GR-2", "GR-1", "GR-8"} <= set(extension["org.crs-cds.rules"])
    schema = json.loads((SCHEMAS / "assessment.json").read_text())
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(assessment)


def test_a_patient_who_is_not_at_risk_gets_no_card(service: FlaskClient) -> None:
    """GR-8: a fever elsewhere gives no card."""
    assert cards(service, prefetch=prefetch(procedures=searchset([]))) == []


def test_a_patient_who_is_well_gets_no_card(service: FlaskClient) -> None:
    vitals = searchset(
        [observation("t", concept(LOINC, "8310-5"), -1, valueQuantity=quantity("36.8", "Cel"))]
    )
    assert cards(service, prefetch=prefetch(vitals=vitals)) == []


@pytest.mark.parametrize(("grade", "indicator"), [(1, "info"), (2, "warning")])
def test_the_indicator_goes_by_the_grade(service: FlaskClient, grade: int, indicator: str) -> None:
    systolic = 118 if grade == 1 else 84
    vitals = searchset(
        [
            observation("t", concept(LOINC, "8310-5"), -1, valueQuantity=quantity("39.4", "Cel")),
            observation("bp", concept(LOINC, "8480-6"), -1, valueQuantity=quantity(systolic, "mm[Hg]")),
            observation("s", concept(LOINC, "59408-5"), -1, valueQuantity=quantity(97, "%")),
        ]
    )
    changes = prefetch(vitals=vitals, oxygen=searchset([]), medications=searchset([]))
    card = the_card(service, prefetch=changes)
    assert card["summary"].startswith(f"CRS grade {grade}: ")
    assert card["indicator"] == indicator


def test_missing_oxygen_is_said_on_the_card(service: FlaskClient) -> None:
    """GR-7: null is unknown, never normal."""
    card = the_card(service, prefetch=prefetch(oxygen=None, medications=searchset([])))
    assert card["summary"].startswith("CRS grade at least 2: ")
    assert card["extension"]["org.crs-cds.assessment"]["grade"] == {"lowest": 2, "highest": 4}


@pytest.mark.parametrize("key", ["medications", "procedures", "conditions"])
@pytest.mark.parametrize("state", [..., None, {"resourceType": "OperationOutcome", "issue": []}, "rubbish"])
def test_nobody_is_called_well_when_the_risk_is_not_known(service: FlaskClient, key: str, state: Any) -> None:
    """Not at risk is said only by complete searches; else 412 that names the key."""
    changes = prefetch(procedures=searchset([])) | {key: state}
    answer = call(service, request(prefetch={k: v for k, v in changes.items() if v is not ...}))
    assert answer.status_code == 412
    assert answer.json is not None
    issue = answer.json["issue"][0]
    assert f"prefetch.{key}" in issue["expression"]


@pytest.mark.parametrize("state", [..., None, {"resourceType": "OperationOutcome", "issue": []}, "rubbish"])
def test_a_grade_does_not_wait_for_orders(service: FlaskClient, state: Any) -> None:
    """What is ordered is no reason for 412, whether or not the patient is at risk."""
    whole, without = prefetch(), prefetch(orders=state)
    graded = [
        the_card(service, prefetch=each)["extension"]["org.crs-cds.assessment"]["grade"]
        for each in (whole, without)
    ]
    assert graded[0] == graded[1]
    nobody = prefetch(procedures=searchset([]), orders=state)
    assert call(service, request(prefetch=nobody)).json == {"cards": []}


def test_without_any_vital_sign_the_answer_is_412(service: FlaskClient) -> None:
    """CH-33."""
    answer = call(service, request(prefetch=prefetch(vitals=None)))
    assert answer.status_code == 412
    assert answer.json is not None
    assert answer.json["resourceType"] == "OperationOutcome"


def test_a_page_with_a_next_link_does_not_prove_absence(service: FlaskClient) -> None:
    truncated = searchset([], link=[{"relation": "next", "url": "https://ehr.example/fhir?page=2"}])
    assert call(service, request(prefetch=prefetch(procedures=truncated))).status_code == 412


def test_data_of_another_patient_is_not_used(service: FlaskClient) -> None:
    foreign = observation("x", concept(LOINC, "76215-3"), -1, valueQuantity=quantity(60, "mm[Hg]"))
    foreign["subject"] = {"reference": "Patient/other"}
    mixed = prefetch()
    mixed["vitals"]["entry"].append({"resource": foreign})
    card = the_card(service, prefetch=mixed)
    references = json.dumps(card["extension"]["org.crs-cds.assessment"].get("criteria"))
    assert "Observation/x" not in references
    assert "another patient" in card["detail"]


RUBBISH: list[Any] = [
    None, 7, "text", [], {}, {"resource": None}, {"resource": {}}, {"resource": {"resourceType": 3}},
    {"resource": {"resourceType": "Observation", "code": [], "valueQuantity": "x", "effectiveDateTime": 5}},
]  # fmt: skip


@pytest.mark.parametrize("rubbish", RUBBISH, ids=repr)
def test_rubbish_in_a_bundle_never_breaks_the_answer(service: FlaskClient, rubbish: Any) -> None:
    mixed = prefetch()
    mixed["vitals"]["entry"].append(rubbish)
    assert the_card(service, prefetch=mixed)["summary"].startswith("CRS grade 3")


def test_hostile_text_reaches_the_card_as_text(service: FlaskClient) -> None:
    """CH-41."""
    hostile = "<img src=x onerror=alert(1)> | [x](javascript:1) **b**"
    device = concept("http://local.example", "1", hostile)
    item = observation(hostile, concept(LOINC, "107117-4"), -1, valueCodeableConcept=device)
    hot = observation("](x)|<b>", concept(LOINC, "8310-5"), -1, valueQuantity=quantity("39.9", "Cel"))
    mixed = prefetch(oxygen=searchset([item]))
    mixed["vitals"]["entry"].append({"resource": hot})
    detail = the_card(service, prefetch=mixed)["detail"]
    assert "<img" not in detail
    assert "<b>" not in detail
    assert "](javascript" not in detail


CONTEXT = {"userId": "Practitioner/1", "patientId": "p"}
BEARER = {"access_token": "a", "token_type": "Bearer"}
BAD_REQUESTS: list[tuple[str, Any]] = [
    ("hook", request(hook="order-sign")),
    ("hook", request(hook=...)),
    ("hookInstance", request(hookInstance="not-a-uuid")),
    ("context", request(context=...)),
    ("context", request(context=[])),
    ("context.patientId", request(context={"userId": "Practitioner/1"})),
    ("context.patientId", request(context={"userId": "Practitioner/1", "patientId": "Patient/p"})),
    ("context.patientId", request(context={"userId": "Practitioner/1", "patientId": "../p"})),
    ("context.userId", request(context={"patientId": "p"})),
    ("context.encounterId", request(context=CONTEXT | {"encounterId": 5})),
    ("fhirServer", request(fhirServer="https://not.configured.example/fhir")),
    ("fhirServer", request(fhirServer=7)),
    ("fhirServer", request(fhirAuthorization={"access_token": "a", "token_type": "Bearer"})),
    ("fhirAuthorization", request(fhirServer="https://x.example", fhirAuthorization="Bearer a")),
    ("fhirAuthorization.access_token",
     request(fhirServer="https://x.example", fhirAuthorization=BEARER | {"access_token": "a\r\nb"})),
]  # fmt: skip


@pytest.mark.parametrize(("member", "body"), BAD_REQUESTS)
def test_a_bad_request_names_the_member_at_fault(service: FlaskClient, member: str, body: Any) -> None:
    answer = call(service, body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["issue"][0]["expression"] == [member]
    assert answer.json["issue"][0]["diagnostics"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"hook": NaN}', b"[" * 100_000, b"nul"])
def test_a_body_that_is_no_json_object_is_a_400(service: FlaskClient, body: bytes) -> None:
    answer = call(service, body)
    assert answer.status_code == 400
    assert answer.content_type == "application/fhir+json"


def test_other_refusals_have_their_status(service: FlaskClient) -> None:
    assert call(service, request(), path="/cds-services/unknown").status_code == 404
    assert call(service, request(), content_type="text/plain").status_code == 415
    refused = service.get("/cds-services/crs-patient-view")
    assert refused.status_code == 405
    assert refused.headers["Allow"]
    assert service.get("/nowhere").json is not None


def test_members_of_later_versions_do_not_break_the_call(service: FlaskClient) -> None:
    extra = {"extension": {"x": 1}, "somethingNew": [1], "prefetch": prefetch() | {"unknownKey": {"a": 1}}}
    assert the_card(service, **extra)["summary"].startswith("CRS grade 3")


def test_an_empty_answer_is_an_object_with_a_list(service: FlaskClient) -> None:
    """CH-37, CH-38."""
    answer = call(service, request(prefetch=prefetch(procedures=searchset([]))))
    assert json.loads(answer.data) == {"cards": []}


def test_both_ways_of_charting_the_therapy_are_read(service: FlaskClient) -> None:
    by_day = procedure("car-t", concept(ICD_10_PCS, "XW033H7"), -72)
    by_day["performedDateTime"] = "2026-03-07"
    assert the_card(service, prefetch=prefetch(procedures=searchset([by_day])))


def test_nothing_is_proposed_to_be_done_by_itself(service: FlaskClient) -> None:
    """CH-50, CH-56: no systemActions, and no way of choosing that a client may not know."""
    for answer in (call(service, request()), call(service, request(prefetch=prefetch(oxygen=None)))):
        assert answer.json is not None
        assert set(answer.json) == {"cards"}
        assert "actionSelectionBehavior" not in answer.text


def test_a_failure_of_the_service_is_loud_and_readable_by_a_page() -> None:
    """CH-22: never 200 without cards because something failed."""
    broken = client(cors_origins=("https://ehr.example",))
    engine = broken.application.extensions[EXTENSION]

    def fail(*_: object) -> Any:
        raise RuntimeError("Jane Doe, 39.4")

    service = replace(engine.services["crs-patient-view"], respond=fail)
    broken.application.extensions[EXTENSION] = replace(engine, services={service.id: service})
    answer = broken.post(PATH, json=request(prefetch={}), headers={"Origin": "https://ehr.example"})
    assert answer.status_code == 500
    assert answer.headers["Access-Control-Allow-Origin"] == "https://ehr.example"
    assert (answer.json or {})["resourceType"] == "OperationOutcome"
    assert "Jane" not in answer.text


def test_readiness_names_the_guideline(service: FlaskClient) -> None:
    assert service.get("/livez").status_code == 200
    ready = service.get("/readyz")
    assert ready.json is not None
    assert ready.json["guideline"] == "astct-2019"
