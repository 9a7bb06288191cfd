"""A chart in the making: each method writes one FHIR R4 resource at a time before "now".

Times are hours before now, so that a course reads backwards from the present:
``chart.observe(TEMP, 4, …)`` is charted four hours ago.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from cds_service.sandbox.codes import Code, text_only
from cds_service.sandbox.elements import Json, before, category, codeable, instant, quantity
from cds_service.sandbox.person import Person

Hours = Decimal | int | str
TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}


class Chart:
    """The resources of one patient, in the order in which they were written."""

    def __init__(self, person: Person, now: datetime) -> None:
        self.person = person
        self.now = now.astimezone(UTC)
        self.resources: list[Json] = [self._patient()]
        self._numbers: Counter[str] = Counter()

    def at(self, hours_ago: Hours) -> str:
        """The time ``hours_ago`` as the chart writes it."""
        return instant(before(self.now, hours_ago))

    def period(self, start: Hours, end: Hours | None = None) -> Json:
        """A Period from ``start`` to ``end`` hours ago, open without an end."""
        if end is None:
            return {"start": self.at(start)}
        return {"start": self.at(start), "end": self.at(end)}

    def add(self, kind: str, resource: Json) -> Json:
        """Write a resource under the next id of its kind; gives it back with that id."""
        self._numbers[kind] += 1
        number = f"{self.person.id}-{kind}-{self._numbers[kind]:03d}"
        written = {"resourceType": resource["resourceType"], "id": number, **resource}
        self.resources.append(written)
        return written

    def _patient(self) -> Json:
        person = self.person
        born = self.now.date() - timedelta(days=person.age * 365 + person.age // 4 + 100)
        return {
            "resourceType": "Patient",
            "id": person.id,
            "meta": {"security": [TEST_DATA]},
            "active": True,
            "name": [{"family": "Demo", "given": [person.given], "text": person.name}],
            "gender": person.gender,
            "birthDate": born.isoformat(),
        }

    @property
    def subject(self) -> Json:
        return {"reference": f"Patient/{self.person.id}"}

    @property
    def stay(self) -> Json:
        return {"reference": f"Encounter/{self.person.encounter}"}

    def admitted(self, hours_ago: Hours, diagnosis: str) -> None:
        """The Encounter that goes on now, and the disease that brought the patient (as text)."""
        act_codes = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
        self.resources.append(
            {
                "resourceType": "Encounter",
                "id": self.person.encounter,
                "status": "in-progress",
                "class": {"system": act_codes, "code": "IMP", "display": "inpatient encounter"},
                "subject": self.subject,
                "period": self.period(hours_ago),
            }
        )
        self.condition(text_only(diagnosis), hours_ago)

    def condition(self, code: Code, hours_ago: Hours) -> None:
        """An active, confirmed diagnosis of the problem list."""
        systems = "http://terminology.hl7.org/CodeSystem/condition-"
        resource = {
            "resourceType": "Condition",
            "clinicalStatus": {"coding": [{"system": f"{systems}clinical", "code": "active"}]},
            "verificationStatus": {"coding": [{"system": f"{systems}ver-status", "code": "confirmed"}]},
            "category": [{"coding": [{"system": f"{systems}category", "code": "problem-list-item"}]}],
            "code": codeable(code),
            "subject": self.subject,
            "encounter": self.stay,
            "onsetDateTime": self.at(hours_ago),
        }
        self.add("condition", resource)

    def observation(self, kind: str, code: Code, hours_ago: Hours, group: str, content: Json) -> None:
        """An Observation; ``content`` is its value, components or device."""
        head: Json = {
            "resourceType": "Observation",
            "status": "final",
            "category": [category(group)],
            "code": codeable(code),
            "subject": self.subject,
            "encounter": self.stay,
            "effectiveDateTime": self.at(hours_ago),
        }
        self.add(kind, head | content)

    def measure(self, kind: str, code: Code, hours_ago: Hours, value: Decimal | int | str, unit: str) -> None:
        """A vital sign with one value."""
        self.observation(kind, code, hours_ago, "vital-signs", {"valueQuantity": quantity(value, unit)})

    def result(self, kind: str, code: Code, hours_ago: Hours, value: Decimal | int | str, unit: str) -> None:
        """A laboratory result."""
        self.observation(kind, code, hours_ago, "laboratory", {"valueQuantity": quantity(value, unit)})

    def procedure(
        self, code: Code, start: Hours, end: Hours | None = None, device: Code | None = None
    ) -> None:
        """A Procedure over a period; without an end it goes on."""
        resource: Json = {
            "resourceType": "Procedure",
            "status": "in-progress" if end is None else "completed",
            "code": codeable(code),
            "subject": self.subject,
            "encounter": self.stay,
            "performedPeriod": self.period(start, end),
        }
        if device is not None:
            resource["usedCode"] = [codeable(device)]
        self.add("procedure", resource)

    def administration(self, drug: Code, effective: Json, dosage: Json, status: str = "completed") -> Json:
        """A MedicationAdministration; ``effective`` is its effective[x], ``dosage`` may be empty.

        Gives the resource.
        """
        return self.add(
            f"mar-{drug.code}" if drug.code else "mar",
            {
                "resourceType": "MedicationAdministration",
                "status": status,
                "medicationCodeableConcept": codeable(drug),
                "subject": self.subject,
                "context": self.stay,
                **effective,
                **({"dosage": dosage} if dosage else {}),
            },
        )
