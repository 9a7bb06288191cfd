"""MedicationRequests for the tests of orders and drafts."""

from __future__ import annotations

from typing import Any

from fhir_mappings.facts import Order, OrderedDose, PatientFacts
from fhir_mappings.orders import Drafts, read_drafts
from tests.unit.mapping.fhir_json import NOW, SNOMED, SUBJECT, Json, book, coded, without_none

IV = coded(SNOMED, "47625008")
GTS = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
DOSE_TYPE = "http://terminology.hl7.org/CodeSystem/dose-rate-type"


def instruction(dose: Any = None, **more: Any) -> Json:
    """One dosageInstruction with a doseQuantity, unless told otherwise."""
    amounts = None if dose is None else [{"doseQuantity": dose}]
    return without_none({"doseAndRate": amounts, **more})


def request(drug: Json | None, *instructions: Json, **more: Any) -> Json:
    """Active and signed an hour ago, unless told otherwise."""
    resource = {
        "resourceType": "MedicationRequest",
        "id": "r1",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": drug,
        "subject": SUBJECT,
        "authoredOn": "2026-03-10T08:00:00Z",
        "dosageInstruction": list(instructions) or None,
    }
    return without_none({**resource, **more})


def draft(drug: Json | None, *instructions: Json, **more: Any) -> Json:
    return request(drug, *instructions, **{"status": "draft", **more})


def drafts(resources: Any, patient: str = "7") -> Drafts:
    return read_drafts(resources, book(), as_of=NOW, patient_id=patient)


def only_order(found: PatientFacts | Drafts) -> Order:
    (order,) = found.orders
    return order


def only_dose(found: PatientFacts | Drafts) -> OrderedDose:
    (dose,) = only_order(found).doses
    return dose
