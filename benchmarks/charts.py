"""Charts of a given size for benchmarks: a grade 3 course, as an EHR would prefetch it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PATIENT = "bench-1"
SUBJECT = {"reference": f"Patient/{PATIENT}"}
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
Json = dict[str, Any]
VITALS = (("8310-5", "Body temperature", 37.0, "Cel"), ("59408-5", "Oxygen saturation", 95, "%"))


def stamp(hours: float) -> str:
    return (NOW - timedelta(hours=hours)).isoformat()


def observation(number: int, hours: float, code: str, display: str, **value: Any) -> Json:
    """With the members that an EHR sends beside the ones that are read."""
    category = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}
    return {
        "resourceType": "Observation",
        "id": f"obs-{number}",
        "meta": {
            "versionId": "1",
            "lastUpdated": stamp(hours),
            "profile": [
                f"http://hl7.org/fhir/us/core/StructureDefinition/us-core-vital-signs|7.0.{number % 3}"
            ],
        },
        "status": "final",
        "category": [{"coding": [category | {"display": "Vital Signs"}], "text": "Vital Signs"}],
        "code": {"coding": [{"system": LOINC, "code": code, "display": display}], "text": display},
        "subject": SUBJECT,
        "encounter": {"reference": "Encounter/bench-encounter"},
        "performer": [{"reference": "Practitioner/bench-nurse", "display": "Bedside monitor"}],
        "effectiveDateTime": stamp(hours),
        "issued": stamp(hours),
        **value,
    }


def quantity(value: float, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def pressure(number: int, hours: float) -> Json:
    parts = (
        ("8480-6", "Systolic blood pressure", 88 + number % 30),
        ("8462-4", "Diastolic blood pressure", 55),
    )
    return observation(
        number,
        hours,
        "85354-9",
        "Blood pressure panel",
        component=[
            {
                "code": {"coding": [{"system": LOINC, "code": code, "display": display}]},
                "valueQuantity": quantity(value, "mm[Hg]"),
            }
            for code, display, value in parts
        ],
    )


def vital_signs(count: int) -> list[Json]:
    """Temperature, SpO2 and pressure in turn over three days, newest first."""
    found = []
    for number in range(count):
        hours = 72 * number / count
        if number % 3 == 2:
            found.append(pressure(number, hours))
            continue
        code, display, value, unit = VITALS[number % 3]
        fever = 2.1 if code == "8310-5" and number % 6 == 0 else 0
        found.append(observation(number, hours, code, display, valueQuantity=quantity(value + fever, unit)))
    return found


def searchset(resources: list[Json]) -> Json:
    entries = [
        {
            "fullUrl": f"https://ehr.example/fhir/{r['resourceType']}/{r['id']}",
            "resource": r,
            "search": {"mode": "match"},
        }
        for r in resources
    ]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(resources), "entry": entries}


def medications() -> list[Json]:
    return [
        {
            "resourceType": "MedicationAdministration",
            "id": "ne-1",
            "status": "in-progress",
            "medicationCodeableConcept": {
                "coding": [{"system": RXNORM, "code": "7512", "display": "norepinephrine"}]
            },
            "subject": SUBJECT,
            "effectivePeriod": {"start": stamp(6)},
            "dosage": {"rateQuantity": quantity(0.12, "ug/kg/min")},
        }
    ]


def procedures() -> list[Json]:
    code = {"system": "http://www.cms.gov/Medicare/Coding/ICD10", "code": "XW033H7"}
    return [
        {
            "resourceType": "Procedure",
            "id": "car-t",
            "status": "completed",
            "code": {"coding": [code]},
            "subject": SUBJECT,
            "performedDateTime": stamp(80),
        }
    ]


def oxygen() -> list[Json]:
    flow = observation(-1, 2, "3151-8", "Inhaled oxygen flow rate", valueQuantity=quantity(4, "L/min"))
    return [flow | {"id": "flow-1"}]


def hook_request(observations: int) -> bytes:
    """A patient-view request with everything prefetched."""
    vitals = vital_signs(observations)
    prefetch = {
        "patient": {"resourceType": "Patient", "id": PATIENT, "birthDate": "1970-01-01"},
        "vitals": searchset(vitals),
        "oxygen": searchset(oxygen()),
        "labs": searchset([]),
        "medications": searchset(medications()),
        "procedures": searchset(procedures()),
        "immunizations": searchset([]),
        "conditions": searchset([]),
    }
    request = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/bench", "patientId": PATIENT},
        "prefetch": prefetch,
    }
    return json.dumps(request).encode()
