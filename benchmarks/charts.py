"""Charts of a given size for benchmarks: a grade 3 course, as an EHR would prefetch it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

PATIENT = "bench-1"
SUBJECT = {"reference": f"Patient/{PATIENT}"}
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
ICD_10_PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
Json = dict[str, Any]
PROFILE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-vital-signs|7.0.0"


def quantity(value: float, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def searchset(resources: list[Json]) -> Json:
    entries = [
        {
            "fullUrl": f"https://ehr.example/fhir/{r['resourceType']}/{r['id']}",
            "resource": r,
            "search": {"mode": "match"},
        }
        for r in resources
    ]
    link = [{"relation": "self", "url": "https://ehr.example/fhir/Observation?patient=bench-1"}]
    head = {"resourceType": "Bundle", "type": "searchset", "total": len(resources), "link": link}
    return {**head, "entry": entries}


class Chart:
    """Resources relative to ``now``, with the members that an EHR sends beside the ones that are read."""

    def __init__(self, now: datetime) -> None:
        self.now = now.replace(microsecond=0)

    def stamp(self, hours: float) -> str:
        return (self.now - timedelta(hours=hours)).replace(microsecond=0).isoformat()

    def observation(self, name: str, hours: float, code: str, display: str, **value: Any) -> Json:
        category = {"system": CATEGORY, "code": "vital-signs", "display": "Vital Signs"}
        return {
            "resourceType": "Observation",
            "id": name,
            "meta": {"versionId": "1", "lastUpdated": self.stamp(hours), "profile": [PROFILE]},
            "status": "final",
            "category": [{"coding": [category], "text": "Vital Signs"}],
            "code": {"coding": [{"system": LOINC, "code": code, "display": display}], "text": display},
            "subject": SUBJECT,
            "encounter": {"reference": "Encounter/bench-encounter"},
            "performer": [{"reference": "Practitioner/bench-nurse", "display": "Bedside monitor"}],
            "effectiveDateTime": self.stamp(hours),
            "issued": self.stamp(hours),
            **value,
        }

    def pressure(self, name: str, hours: float, systolic: int) -> Json:
        parts = (
            ("8480-6", "Systolic blood pressure", systolic),
            ("8462-4", "Diastolic blood pressure", 55),
        )
        components = [
            {
                "code": {"coding": [{"system": LOINC, "code": code, "display": display}]},
                "valueQuantity": quantity(value, "mm[Hg]"),
            }
            for code, display, value in parts
        ]
        return self.observation(name, hours, "85354-9", "Blood pressure panel", component=components)

    def vital_signs(self, count: int) -> list[Json]:
        """Temperature, SpO2 and pressure in turn over three days, newest first; fever in the last half."""
        found = []
        for number in range(count):
            hours, name = 72 * number / count, f"obs-{number}"
            if number % 3 == 0:
                value = quantity(round(37.0 + (number % 5) / 10 + (1.8 if hours < 36 else 0), 1), "Cel")
                found.append(self.observation(name, hours, "8310-5", "Body temperature", valueQuantity=value))
            elif number % 3 == 1:
                value = quantity(93 + number % 5, "%")
                display = "Oxygen saturation in Arterial blood by Pulse oximetry"
                found.append(self.observation(name, hours, "59408-5", display, valueQuantity=value))
            else:
                found.append(self.pressure(name, hours, 84 + number % 30))
        return found

    def oxygen(self) -> list[Json]:
        value = quantity(4, "L/min")
        return [self.observation("flow-1", 2, "3151-8", "Inhaled oxygen flow rate", valueQuantity=value)]

    def medications(self) -> list[Json]:
        drug = {"coding": [{"system": RXNORM, "code": "7512", "display": "norepinephrine"}]}
        return [
            {
                "resourceType": "MedicationAdministration",
                "id": "ne-1",
                "status": "in-progress",
                "medicationCodeableConcept": drug,
                "subject": SUBJECT,
                "effectivePeriod": {"start": self.stamp(6)},
                "dosage": {"rateQuantity": quantity(0.12, "ug/kg/min")},
            }
        ]

    def procedures(self) -> list[Json]:
        code = {"coding": [{"system": ICD_10_PCS, "code": "XW033H7"}]}
        return [
            {
                "resourceType": "Procedure",
                "id": "car-t",
                "status": "completed",
                "code": code,
                "subject": SUBJECT,
                "performedDateTime": self.stamp(80),
            }
        ]


def hook_request(observations: int, now: datetime) -> bytes:
    """A patient-view request with everything prefetched: a grade 3 course that ends ``now``."""
    chart = Chart(now)
    prefetch = {
        "patient": {"resourceType": "Patient", "id": PATIENT, "birthDate": "1970-01-01"},
        "vitals": searchset(chart.vital_signs(observations)),
        "oxygen": searchset(chart.oxygen()),
        "labs": searchset([]),
        "medications": searchset(chart.medications()),
        "procedures": searchset(chart.procedures()),
        "immunizations": searchset([]),
        "conditions": searchset([]),
        "orders": searchset([]),
    }
    request = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/bench", "patientId": PATIENT},
        "prefetch": prefetch,
    }
    return json.dumps(request).encode()
