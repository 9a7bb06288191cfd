"""The service as the public CDS Hooks sandbox calls it from a browser; what that does is in its source.

Preflights come without a token, every call with one; hooks are called again at each change and click; drafts
are incomplete, then odd; feedback may name a card of an earlier answer; only some of a card is applied.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.app import the_writer
from tests import ordering
from tests.builders import RXNORM, Json, concept
from tests.contract import trusted
from tests.contract.service import _encoder, check, client, prefetch
from tests.stored import rows

ORIGIN = "https://sandbox.cds-hooks.org"
AT = "http://localhost"
PATHS = {
    "patient-view": "/cds-services/crs-patient-view",
    "order-select": "/cds-services/crs-order-select",
    "order-sign": "/cds-services/crs-order-sign",
}
KEY = ec.generate_private_key(ec.SECP384R1())
"""A key that this service has never heard of."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FlaskClient]:
    found = client(data_dir=tmp_path, cors_origins=(ORIGIN,), fhir_servers=("https://launch.example/fhir",))
    yield found
    the_writer(found.application).stop()


def token(path: str) -> str:
    """As the sandbox signs one for each call: five minutes, for exactly this address."""
    now = int(time.time())
    claims = {"iss": ORIGIN, "aud": f"{AT}{path}", "iat": now, "exp": now + 300, "jti": str(uuid.uuid4())}
    headers = {"kid": "9c37bf73", "jku": f"{ORIGIN}/.well-known/jwks.json"}
    return jwt.encode(claims, KEY, algorithm="ES384", headers=headers)


def signed(path: str) -> dict[str, str]:
    return {"Origin": ORIGIN, "Authorization": f"Bearer {token(path)}"}


def post(service: FlaskClient, path: str, body: Json) -> TestResponse:
    sent = _encoder.encode(body)
    answer = service.post(path, data=sent, content_type="application/json", headers=signed(path))
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    return answer


def ask(service: FlaskClient, hook: str, **context: Any) -> TestResponse:
    """A call without an encounter and without fhirAuthorization."""
    body = {
        "hook": hook,
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/1", "patientId": "p", **context},
        "prefetch": ordering.chart(),
    }
    answer = post(service, PATHS[hook], body)
    check(answer)
    return answer


def cards(service: FlaskClient, hook: str, **context: Any) -> list[Json]:
    answer = ask(service, hook, **context)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    found: list[Json] = answer.json["cards"]
    return found


def draft(**members: Any) -> Json:
    """What the sandbox sends as soon as its order form is opened: neither a drug nor an intent."""
    return {
        "resourceType": "MedicationRequest",
        "id": "request-123",
        "status": "draft",
        "subject": {"reference": "Patient/p"},
        "authoredOn": "2026-03-10",
        **members,
    }


def tocilizumab(value: float, unit: str = "mg", **members: Any) -> Json:
    amount = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    drug = {"text": "tocilizumab 20 MG/ML Injection", **concept(RXNORM, "1657981")}
    return draft(
        medicationCodeableConcept=drug,
        dosageInstruction=[{"doseAndRate": [{"doseQuantity": amount}]}],
        **members,
    )


def chosen(*drafts: Json) -> Json:
    """The context of the sandbox's order hooks: a Bundle without a type."""
    return {
        "selections": ["MedicationRequest/request-123"],
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": each} for each in drafts]},
    }


@pytest.mark.parametrize(
    "path", ["/cds-services", *PATHS.values(), *(f"{path}/feedback" for path in PATHS.values())]
)
def test_73_a_preflight_without_a_token_allows_the_call_that_has_one(service: FlaskClient, path: str) -> None:
    method = "GET" if path == "/cds-services" else "POST"
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = service.options(path, headers=asked)
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert method in answer.headers["Access-Control-Allow-Methods"]
    allowed = {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type"} <= allowed


def test_66_a_token_that_nobody_asked_for_does_no_harm(service: FlaskClient) -> None:
    found = service.get("/cds-services", headers=signed("/cds-services"))
    assert found.status_code == 200
    assert len(cards(service, "patient-view")) == 1


@pytest.mark.parametrize(
    "word", ["Bearer", "Bearer not-a-token", "Basic dXNlcjpwYXNz", "Bearer " + "x" * 6000]
)
def test_66_what_is_no_token_does_no_harm_either(service: FlaskClient, word: str) -> None:
    answer = service.get("/cds-services", headers={"Origin": ORIGIN, "Authorization": word})
    assert answer.status_code == 200


def test_73_a_refusal_can_be_read_by_the_page(service: FlaskClient) -> None:
    """Without the CORS headers a browser would show a failed connection in place of the reason."""
    path = PATHS["patient-view"]
    for answer, status in (
        (post(service, path, {"hook": "patient-view"}), 400),
        (service.post(path, data=b"", headers=signed(path)), 415),
        (service.get("/cds-services/nothing", headers=signed(path)), 405),
        (post(service, "/cds-services/nothing", {}), 404),
    ):
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_a_read_that_failed_leaves_its_key_out_and_is_not_taken_for_nothing(service: FlaskClient) -> None:
    """The sandbox leaves out what it could not read. Without access that is 412, never "no CRS"."""
    body = {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/1", "patientId": "p"},
        "prefetch": prefetch(medications=..., procedures=..., vitals=..., immunizations=...),
    }
    answer = post(service, PATHS["patient-view"], body)
    assert answer.status_code == 412


def test_templates_bound_a_date_once_at_most(service: FlaskClient) -> None:
    """The sandbox merges two bounds of one parameter wrongly."""
    answer = service.get("/cds-services")
    assert answer.json is not None
    for found in answer.json["services"]:
        for key, template in found["prefetch"].items():
            names = [name for name, _ in parse_qsl(urlsplit(template).query, keep_blank_values=True)]
            assert len(names) == len(set(names)), f"{found['id']}: {key}"


def test_62_an_order_form_that_was_just_opened_is_no_error(service: FlaskClient) -> None:
    assert cards(service, "order-select", **chosen(draft())) == []


def test_62_a_drug_without_a_dose_is_told_the_dose(service: FlaskClient) -> None:
    drug = {"text": "tocilizumab", **concept(RXNORM, "1657981")}
    (card,) = cards(service, "order-select", **chosen(draft(medicationCodeableConcept=drug)))
    assert card["indicator"] == "info"
    assert "560 mg" in card["suggestions"][0]["label"]


def test_a_category_that_is_no_list_does_no_harm(service: FlaskClient) -> None:
    odd = {"coding": [{"code": "inpatient"}]}
    (card,) = cards(service, "order-select", **chosen(tocilizumab(8000, category=odd)))
    assert card["indicator"] == "critical"


def test_a_dose_in_pills_of_an_infusion_is_answered(service: FlaskClient) -> None:
    """The only unit that the sandbox knows: it is no amount of tocilizumab, and is not taken for one."""
    for card in cards(service, "order-select", **chosen(tocilizumab(1, unit="{pill}"))):
        assert "1 mg" not in card["summary"]


def test_a_call_again_gives_cards_of_their_own(service: FlaskClient) -> None:
    """The hook fires at every change and click; no answer repeats the uuids of another."""
    seen: set[str] = set()
    for _ in range(5):
        (card,) = cards(service, "order-sign", draftOrders=chosen(tocilizumab(8000))["draftOrders"])
        names = {card["uuid"], *(suggestion["uuid"] for suggestion in card["suggestions"])}
        assert len(names) == 1 + len(card["suggestions"])
        assert not names & seen
        seen |= names


def test_feedback_for_the_card_before_the_last_is_kept(service: FlaskClient, tmp_path: Path) -> None:
    """The click that sends feedback also calls the hook again."""
    (earlier,) = cards(service, "order-select", **chosen(tocilizumab(8000)))
    (_,) = cards(service, "order-select", **chosen(tocilizumab(8000)))
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(0x69B00000))
    taken = [{"id": earlier["suggestions"][0]["uuid"]}]
    entry = {
        "card": earlier["uuid"],
        "outcome": "accepted",
        "acceptedSuggestions": taken,
        "outcomeTimestamp": stamp,
    }
    path = f"{PATHS['order-select']}/feedback"
    assert post(service, path, {"feedback": [entry]}).status_code == 200
    assert [row["card"] for row in rows(tmp_path, "feedback")] == [earlier["uuid"]]


def test_an_override_without_display_is_kept(service: FlaskClient, tmp_path: Path) -> None:
    """The sandbox sends the code and the system of the reason, and no more."""
    (card,) = cards(service, "patient-view")
    reason = {key: card["overrideReasons"][0][key] for key in ("code", "system")}
    entry = {
        "card": card["uuid"],
        "outcome": "overridden",
        "overrideReason": {"reason": reason},
        "outcomeTimestamp": "2026-03-10T09:00:00Z",
    }
    assert post(service, f"{PATHS['patient-view']}/feedback", {"feedback": [entry]}).status_code == 200
    assert [row["reason_code"] for row in rows(tmp_path, "feedback")] == [reason["code"]]


def test_a_card_can_be_shown_dismissed_and_taken_there(service: FlaskClient) -> None:
    """It needs a uuid, a text of the drug, and the drug as the first code of the first order."""
    (card,) = cards(service, "order-select", **chosen(tocilizumab(8000)))
    assert card["uuid"]
    assert [suggestion["actions"][0]["type"] for suggestion in card["suggestions"]] == ["update", "delete"]
    changed = card["suggestions"][0]["actions"][0]["resource"]
    assert changed["id"] == "request-123"
    assert changed["medicationCodeableConcept"]["text"]
    assert changed["medicationCodeableConcept"]["coding"][0]["code"]
    assert "<" not in card["detail"]


def test_the_ids_stay_apart_where_the_later_of_two_equal_ones_wins(service: FlaskClient) -> None:
    answer = service.get("/cds-services")
    assert answer.json is not None
    ids = [found["id"] for found in answer.json["services"]]
    assert len(ids) == len(set(ids)) == 3


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/cds-services", "GET"),
        *((p, "POST") for p in PATHS.values()),
        *((f"{p}/feedback", "POST") for p in PATHS.values()),
    ],
)
def test_73_a_preflight_passes_where_tokens_are_required(tmp_path: Path, path: str, method: str) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = trusted.service(tmp_path, cors_origins=(ORIGIN,)).options(path, headers=asked)
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"].lower()


@pytest.mark.parametrize("path", PATHS.values())
def test_72_a_token_of_the_public_sandbox_opens_nothing_where_tokens_are_required(
    tmp_path: Path, path: str
) -> None:
    """Its key is published. The refusal can be read by the page, and is bare."""
    where = trusted.service(tmp_path, cors_origins=(ORIGIN,))
    answer = where.post(path, data=b"{}", content_type="application/json", headers=signed(path))
    assert (answer.status_code, answer.data) == (401, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
