"""Orders before a real FHIR server: what is wrong is told, what is offered is taken, and it stays good."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
import requests
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.settings import Settings
from tests import ordering
from tests.builders import NOW, Json
from tests.contract.service import call
from tests.integration.hapi_server import EXACT_JSON, Resource
from tests.ordering import IV, SIGN, SUBCUTANEOUS, active, dose, draft, every, given, hook_request, weight

Load = Callable[[Iterable[Resource]], None]
LONG_ENOUGH_MS = 60_000
ADVICE = {"TX-5", "TX-18", "TX-22"}


class Course(NamedTuple):
    """A patient, the orders that are about to be signed, and the limits that they break."""

    id: str
    drafts: tuple[Json, ...]
    broken: frozenset[str]
    kilograms: int = 70
    given: tuple[int, ...] = ()
    orders: tuple[Json, ...] = ()


def limits(*numbers: int) -> frozenset[str]:
    return frozenset(f"DL-{number}" for number in numbers)


TOCILIZUMAB, DEXAMETHASONE = "tocilizumab", "dexamethasone"
COURSES = (
    Course("right", (draft(TOCILIZUMAB, dose(560)),), limits(), given=(-30, -8)),
    Course("heavy", (draft(TOCILIZUMAB, dose(880)),), limits(2), kilograms=110),
    Course("by-kg", (draft(TOCILIZUMAB, dose(8, "mg/kg")),), limits(2), kilograms=105),
    Course("by-volume", (draft(TOCILIZUMAB, dose(44, "mL")),), limits(2), kilograms=110),
    Course("early", (draft(TOCILIZUMAB, dose(560)),), limits(3), given=(-30, -5)),
    Course("dense", (draft(TOCILIZUMAB, dose(560)),), limits(4), given=(-23, -16, -9)),
    Course("course", (draft(TOCILIZUMAB, dose(560, timing=every(6))),), limits(3, 4, 5), given=(-30,)),
    Course("over", (draft(TOCILIZUMAB, dose(560)),), limits(5), given=(-60, -50, -40, -30)),
    Course("syringe", (draft("tocilizumab-subcutaneous", dose(162, route=SUBCUTANEOUS)),), limits(7, 10)),
    Course("text", (draft(TOCILIZUMAB, {"text": "560 mg once", "route": IV}),), limits(9)),
    Course(
        "twice", (draft(TOCILIZUMAB, dose(560)), draft(TOCILIZUMAB, dose(560), identity="d2")), limits(3, 11)
    ),
    Course(
        "ordered",
        (draft(TOCILIZUMAB, dose(560)),),
        limits(3, 11),
        orders=(active(TOCILIZUMAB, -1, dose(560)),),
    ),
    Course(
        "spent",
        (draft(TOCILIZUMAB, dose(560)),),
        limits(),
        given=(-9,),
        orders=(active(TOCILIZUMAB, -10, dose(560)),),
    ),
    Course("steroid", (draft(DEXAMETHASONE, dose(20, timing=every(4))),), limits(12)),
)


def resources(course: Course) -> list[Json]:
    """The chart on the server, under ids and a patient of its own."""
    doses = [given(TOCILIZUMAB, hours) for hours in course.given]
    chart = ordering.chart(weights=[weight(course.kilograms)], doses=doses, orders=course.orders)
    found = [chart["patient"], *(e["resource"] for v in chart.values() if "entry" in v for e in v["entry"])]
    return [mine(each, course.id) for each in found]


def mine(resource: Json, course: str) -> Json:
    patient = f"limits-{course}"
    if resource["resourceType"] == "Patient":
        return {**resource, "id": patient}
    return {**resource, "id": f"{patient}-{resource['id']}", "subject": {"reference": f"Patient/{patient}"}}


def signed(where: FlaskClient, base: str, course: str, drafts: list[Json]) -> list[Json]:
    body = hook_request(SIGN, drafts, fhirServer=base)
    body["context"]["patientId"] = f"limits-{course}"
    answer = call(where, body, "/cds-services/crs-order-sign")
    assert answer.status_code == 200, answer.text
    cards: list[Json] = json.loads(answer.text, parse_float=Decimal)["cards"]
    return cards


def rules(cards: list[Json]) -> set[str]:
    return {rule for card in cards for rule in card["extension"]["org.crs-cds.rules"]}


def taken(drafts: list[Json], card: Json) -> list[Json]:
    """What a client makes of its orders once the clinician has taken what is recommended, or the removal."""
    offered = card["suggestions"]
    chosen = next((each for each in offered if each.get("isRecommended")), offered[-1])
    (action,) = chosen["actions"]
    if action["type"] == "delete":
        return [each for each in drafts if f"MedicationRequest/{each['id']}" != action["resourceId"]]
    changed = action["resource"]
    return [changed if each["id"] == changed["id"] else each for each in drafts]


def refused(base: str, resource: Json) -> list[str]:
    """What R4 finds wrong with it; what nobody here wrote (the draft itself) is valid before."""
    answer = requests.post(
        f"{base}/{resource['resourceType']}/$validate",
        data=EXACT_JSON.encode(resource),
        headers={"Content-Type": "application/fhir+json"},
        timeout=120,
    )
    return [i["diagnostics"] for i in answer.json()["issue"] if i["severity"] in ("error", "fatal")]


def updates(cards: list[Json]) -> list[Json]:
    actions: list[Any] = [
        a for card in cards for each in card.get("suggestions", ()) for a in each["actions"]
    ]
    return [action["resource"] for action in actions if action["type"] == "update"]


@pytest.mark.parametrize("course", COURSES, ids=lambda course: course.id)
def test_what_is_offered_is_taken_over_and_no_warning_remains(
    course: Course, hapi_base: str, load: Load
) -> None:
    load(resources(course))
    settings = Settings(auth="none", fhir_servers=(hapi_base,), fhir_budget_ms=LONG_ENOUGH_MS)
    where = create_app(settings, clock=lambda: NOW).test_client()
    drafts = [{**each, "subject": {"reference": f"Patient/limits-{course.id}"}} for each in course.drafts]
    cards = signed(where, hapi_base, course.id, drafts)
    assert rules(cards) - ADVICE == course.broken
    assert [said for resource in updates(cards) if (said := refused(hapi_base, resource))] == []
    for _ in range(len(drafts)):
        warnings = [card for card in cards if card["indicator"] != "info"]
        if warnings:
            drafts = taken(drafts, warnings[-1])  # the later of two that are twice
            cards = signed(where, hapi_base, course.id, drafts)
    assert rules(cards) <= ADVICE
