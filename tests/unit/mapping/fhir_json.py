"""Small FHIR R4 resources for the mapping tests, and one call to map them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from typing import Any

from fhir_mappings import CodeBook, map_resources
from fhir_mappings.facts import MappingIssue, PatientFacts

Json = dict[str, Any]

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
EARLIER = "2026-03-10T08:00:00Z"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
NDC = "http://hl7.org/fhir/sid/ndc"
MDC = "urn:iso:std:iso:11073:10101"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
CPT = "http://www.ama-assn.org/go/cpt"
UCUM = "http://unitsofmeasure.org"
LOCAL = "http://hospital.example/codes"
SUBJECT = {"reference": "Patient/7"}


@cache
def book() -> CodeBook:
    return CodeBook.load()


def mapped(
    *resources: Any, as_of: datetime = NOW, skew: timedelta = timedelta(0), zone: tzinfo | None = None
) -> PatientFacts:
    return map_resources(resources, book(), as_of=as_of, patient_id="7", coverage={}, zone=zone, skew=skew)


def issue_codes(facts: PatientFacts) -> list[str]:
    return [issue.code for issue in facts.issues]


def only_issue(facts: PatientFacts) -> MappingIssue:
    (issue,) = facts.issues
    return issue


def coded(system: str, code: str, text: str = "", display: str = "") -> Json:
    coding = {"system": system, "code": code} | ({"display": display} if display else {})
    return {"coding": [coding]} | ({"text": text} if text else {})


def quantity(value: Any, unit: str, code: str | None = None) -> Json:
    """With a UCUM code, unless ``code`` is empty: then only the unit text."""
    number = Decimal(value) if isinstance(value, str) else value
    code = unit if code is None else code
    return {"value": number, "unit": unit} | ({"system": UCUM, "code": code} if code else {})


def observation(code: str | Json, value: Any = None, unit: str = "", **more: Any) -> Json:
    resource = {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": coded(LOINC, code) if isinstance(code, str) else code,
        "subject": SUBJECT,
        "effectiveDateTime": EARLIER,
    }
    if value is not None:
        resource["valueQuantity"] = quantity(value, unit)
    return without_none({**resource, **more})


def without_none(resource: Json) -> Json:
    return {key: value for key, value in resource.items() if value is not None}


def panel(*components: Json, code: str = "85354-9", **more: Any) -> Json:
    return observation(code, component=list(components), **more)


def component(code: str, value: Any = None, unit: str = "", **more: Any) -> Json:
    part: Json = {"code": coded(LOINC, code)}
    if value is not None:
        part["valueQuantity"] = quantity(value, unit)
    return {**part, **more}


def administration(drug: Json, dosage: Json | None = None, **more: Any) -> Json:
    resource = {
        "resourceType": "MedicationAdministration",
        "id": "m1",
        "status": "completed",
        "medicationCodeableConcept": drug,
        "subject": SUBJECT,
        "effectiveDateTime": EARLIER,
        "dosage": dosage,
    }
    return without_none({**resource, **more})


def infusion(drug: Json, rate: Json | None = None, **more: Any) -> Json:
    """In progress since an hour ago, unless told otherwise."""
    running = {
        "status": "in-progress",
        "effectiveDateTime": None,
        "effectivePeriod": {"start": EARLIER},
    }
    dosage = None if rate is None else {"rateQuantity": rate}
    return administration(drug, dosage, **{**running, **more})


def procedure(code: Json, **more: Any) -> Json:
    resource = {
        "resourceType": "Procedure",
        "id": "p1",
        "status": "completed",
        "code": code,
        "subject": SUBJECT,
        "performedDateTime": EARLIER,
    }
    return without_none({**resource, **more})


def condition(code: Json, **more: Any) -> Json:
    resource = {
        "resourceType": "Condition",
        "id": "c1",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "code": code,
        "subject": SUBJECT,
        "onsetDateTime": "2026-03-09",
    }
    return without_none({**resource, **more})


NOREPINEPHRINE = coded(RXNORM, "7512")
ACETAMINOPHEN = coded(RXNORM, "161")
TOCILIZUMAB = coded(RXNORM, "612865")
