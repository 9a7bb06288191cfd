"""A suggestion as the client receives it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.cards.overrides import GRADING, override_reasons
from cds_service.cards.suggestions import Proposal, Signing, offer
from cds_service.hooks.request import HookRequest
from cds_service.hooks.run import Answer, Engine, Service
from cds_service.settings import Settings
from cds_service.web.routes import EXTENSION
from tests import proposed_orders as orders
from tests.builders import NOW, Json
from tests.contract.service import call, request


def _respond(hook: HookRequest, _: Engine) -> Answer:
    """A card for each kind of order."""
    signing = Signing(hook.patient_id, hook.encounter_id, NOW)
    reasons = override_reasons(GRADING)
    card = {
        "summary": "An order",
        "indicator": "info",
        "source": {"label": "A test"},
        "overrideReasons": reasons,
    }
    cards = [{**card, **offer([Proposal(o, o.text)], signing)} for o in orders.ALL]
    return Answer({"cards": cards}, {})


def _client() -> FlaskClient:
    """The service with a hook that offers one order of every kind."""
    app = create_app(Settings(auth="none"), clock=lambda: NOW)
    offers = Service("crs-patient-view", "patient-view", "", "", "", _respond)
    app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], services={offers.id: offers})
    return app.test_client()


def _drafts(body: str) -> list[Json]:
    return [
        action["resource"]
        for card in json.loads(body, parse_float=Decimal)["cards"]
        for suggestion in card["suggestions"]
        for action in suggestion["actions"]
    ]


def test_a_dose_is_a_json_number_with_its_digits() -> None:
    body = call(_client(), request()).text
    assert '"value":560,"unit":"mg"' in body
    assert '"value":358.8,"unit":"mg"' in body
    amounts = [
        draft["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"]
        for draft in _drafts(body)
        if draft["resourceType"] == "MedicationRequest"
    ]
    assert amounts == [560, Decimal("358.8"), 10, 500, 250]


def test_nothing_offered_is_null_or_empty() -> None:
    def walk(value: object) -> None:
        assert value not in (None, "", [], {})
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)

    walk(call(_client(), request()).json)


def test_drafts_are_of_the_patient_and_encounter_of_the_context() -> None:
    context = {"userId": "Practitioner/1", "patientId": "p", "encounterId": "e"}
    for draft in _drafts(call(_client(), request(context=context)).text):
        assert draft["subject"] == {"reference": "Patient/p"}
        assert draft["encounter"] == {"reference": "Encounter/e"}
        assert draft["status"] == "draft"
