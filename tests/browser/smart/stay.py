"""The chart of an intensive-care stay that ends now: five days, about 3,000 resources."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.browser.smart.fake_ehr import PATIENT

Json = dict[str, Any]
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SUBJECT = {"reference": f"Patient/{PATIENT}"}
DAYS = 5
STAY = DAYS * 24


class Stay:
    """Resources relative to ``now``, in the order in which they are written."""

    def __init__(self, now: datetime) -> None:
        self.now = now.astimezone(UTC).replace(microsecond=0)
        self.resources: list[Json] = [
            {
                "resourceType": "Patient",
                "id": PATIENT,
                "birthDate": "1970-01-01",
                "name": [{"given": ["Ada"], "family": "Example"}],
            }
        ]

    def time(self, hours: float) -> str:
        return (self.now - timedelta(hours=hours)).isoformat()

    def _add(self, kind: str, **members: Any) -> None:
        identity = f"{kind.lower()}-{len(self.resources)}"
        self.resources.append({"resourceType": kind, "id": identity, "subject": SUBJECT, **members})

    def observation(self, hours: float, code: str, **value: Any) -> None:
        coded = {"coding": [{"system": LOINC, "code": code}]}
        self._add("Observation", status="final", code=coded, effectiveDateTime=self.time(hours), **value)

    def reading(self, hours: float, code: str, value: float, unit: str) -> None:
        self.observation(hours, code, valueQuantity=quantity(value, unit))

    def pressure(self, hours: float, systolic: int) -> None:
        parts = (("8480-6", systolic), ("8462-4", systolic - 40))
        components = [
            {"code": {"coding": [{"system": LOINC, "code": c}]}, "valueQuantity": quantity(v, "mm[Hg]")}
            for c, v in parts
        ]
        self.observation(hours, "85354-9", component=components)

    def given(self, code: str, start: float, end: float | None, **dosage: Any) -> None:
        period = {"start": self.time(start)} | ({"end": self.time(end)} if end is not None else {})
        self._add(
            "MedicationAdministration",
            status="completed" if end is not None else "in-progress",
            medicationCodeableConcept={"coding": [{"system": RXNORM, "code": code}]},
            effectivePeriod=period,
            dosage=dosage,
        )

    def cells(self, hours: float) -> None:
        code = {"coding": [{"system": "http://www.cms.gov/Medicare/Coding/ICD10", "code": "XW033H7"}]}
        self._add("Procedure", status="completed", code=code, performedDateTime=self.time(hours))


def quantity(value: float, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def long_stay(now: datetime, per_hour: int = 6) -> list[Json]:
    """Fever from the third day, pressure from the fourth, norepinephrine and oxygen for the last 20 hours."""
    stay = Stay(now)
    stay.cells(STAY + 2)
    for step in range(STAY * per_hour):
        hours = STAY - step / per_hour
        stay.reading(hours, "8310-5", round(36.8 + (1.9 if hours < 50 else 0) + step % 4 / 10, 1), "Cel")
        stay.pressure(hours, (118 if hours > 30 else 92 if hours > 24 else 84) + step % 5)
        stay.reading(hours, "59408-5", 92 + step % 5, "%")
        if hours < 20:
            stay.reading(hours, "3151-8", 4, "L/min")
    for day in range(DAYS):
        stay.reading(day * 24 + 3, "1988-5", 20 + 40 * (DAYS - day), "mg/L")
        stay.reading(day * 24 + 3, "2276-4", 400 + 2500 * (DAYS - day), "ug/L")
        stay.reading(day * 24 + 4, "29463-7", 70, "kg")
    for hours in range(20, 0, -1):
        last = None if hours == 1 else hours - 1
        stay.given("7512", hours, last, rateQuantity=quantity(0.05 + hours % 4 / 100, "ug/kg/min"))
    stay.given("1657981", 18, 17, dose=quantity(560, "mg"))
    for hours in range(16, 0, -6):
        stay.given("3264", hours, hours - 0.2, dose=quantity(10, "mg"))
    return stay.resources
