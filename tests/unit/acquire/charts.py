"""Small resources and Bundles for the tests of acquiring; ids and times are made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cds_service.acquire.queries import Query, build_queries
from fhir_mappings.facts import Source

Resource = dict[str, Any]

LOINC = "http://loinc.org"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PATIENT = "p1"
CODES = {
    Source.VITALS: [(LOINC, "8310-5"), (LOINC, "8480-6")],
    Source.OXYGEN: [(LOINC, "3151-8")],
    Source.LABS: [(LOINC, "29463-7")],
}
QUERIES = build_queries(CODES)
BY_KEY: dict[str, Query] = {query.key: query for query in QUERIES}


def at(hours_ago: float) -> str:
    return (NOON - timedelta(hours=hours_ago)).isoformat()


def observation(number: int, hours_ago: float, code: str = "8310-5", patient: str = PATIENT) -> Resource:
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": at(hours_ago),
        "valueQuantity": {"value": Decimal("38.4"), "system": "http://unitsofmeasure.org", "code": "Cel"},
    }


def hourly(count: int) -> list[Resource]:
    """One temperature an hour, newest first, the newest at noon."""
    return [observation(number, number) for number in range(count)]


def administration(number: int, hours_ago: float, drug: str = "norepinephrine", **more: Any) -> Resource:
    return {
        "resourceType": "MedicationAdministration",
        "id": f"m{number}",
        "status": "completed",
        "medicationCodeableConcept": {"text": drug},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "effectivePeriod": {"start": at(hours_ago), "end": at(hours_ago - 1)},
        **more,
    }


def by_reference(number: int, reference: str, **more: Any) -> Resource:
    given = administration(number, number, **more)
    del given["medicationCodeableConcept"]
    return {"medicationReference": {"reference": reference}, **given}


def order(number: int, **more: Any) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "id": f"r{number}",
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{PATIENT}"},
        **more,
    }


def patient(identity: str = PATIENT) -> Resource:
    return {"resourceType": "Patient", "id": identity, "birthDate": "1961-04-02"}


def bundle(*resources: object, **more: Any) -> Resource:
    entries = [{"resource": resource, "search": {"mode": "match"}} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", **({"entry": entries} if entries else {}), **more}


def going_on(*resources: object) -> Resource:
    """A Bundle that has a next page."""
    return bundle(*resources, link=[{"relation": "next", "url": "https://ehr.example/fhir?page=2"}])


def outcome(severity: str = "error", code: str = "processing") -> Resource:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]}


def whole_prefetch() -> Resource:
    """Every key answered, nothing cut off."""
    return {"patient": patient(), **{query.key: bundle() for query in QUERIES if not query.is_read}}
