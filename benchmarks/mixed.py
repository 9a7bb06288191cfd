"""A chart that is all but everyday: what the careful way of reading is measured on."""

from __future__ import annotations

from typing import Any

from benchmarks.charts import LOINC, RXNORM, SUBJECT, Chart, Json, quantity

LOCAL = "http://hospital.example/fhir/flowsheet"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
DEVICES = ("nasal cannula", "High flow nasal cannula", "Venturi mask", "room air", "something on the face")


def coded(system: str, code: str, display: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


class MixedChart(Chart):
    """Panels, local codes, °F, oxygen, infusions and diagnoses in turn over three days."""

    def resources(self, count: int) -> list[Json]:
        shapes = (
            self.panel,
            self.fahrenheit,
            self.local,
            self.device,
            self.panel,
            self.flow,
            self.saturation,
            self.infusion,
            self.heart_rate,
            self.diagnosis,
        )
        return [shapes[n % len(shapes)](f"mixed-{n}", 72 * n / count, n) for n in range(count)]

    def panel(self, name: str, hours: float, number: int) -> Json:
        return self.pressure(name, hours, 84 + number % 30)

    def fahrenheit(self, name: str, hours: float, number: int) -> Json:
        value = {"value": round(98.1 + number % 40 / 10, 1), "unit": "°F"}
        return self.observation(name, hours, "8331-1", "Oral temperature", valueQuantity=value)

    def local(self, name: str, hours: float, number: int) -> Json:
        """A code of the hospital beside the LOINC code; every other one stands alone and is not known."""
        codings = [{"system": LOCAL, "code": f"{number % 200}", "display": "Temp"}]
        if number % 20 < 10:
            codings.append({"system": LOINC, "code": "8310-5", "display": "Body temperature"})
        found = self.observation(name, hours, "", "", valueQuantity=quantity(37.2, "Cel"))
        return {**found, "code": {"coding": codings, "text": "Temp"}}

    def device(self, name: str, hours: float, number: int) -> Json:
        words = DEVICES[number // 10 % len(DEVICES)]
        return self.observation(name, hours, "107117-4", "Oxygen support", valueString=words)

    def flow(self, name: str, hours: float, number: int) -> Json:
        code = coded(LOINC, "107117-4", "Oxygen support")
        component = [{"code": code, "valueString": "nasal cannula"}]
        value = quantity(1 + number % 6, "L/min")
        display = "Inhaled oxygen flow rate"
        return self.observation(name, hours, "3151-8", display, valueQuantity=value, component=component)

    def saturation(self, name: str, hours: float, number: int) -> Json:
        value = quantity(93 + number % 5, "%")
        return self.observation(name, hours, "59408-5", "Oxygen saturation", valueQuantity=value)

    def heart_rate(self, name: str, hours: float, number: int) -> Json:
        value = quantity(80 + number % 40, "/min")
        return self.observation(name, hours, "8867-4", "Heart rate", valueQuantity=value)

    def infusion(self, name: str, hours: float, number: int) -> Json:
        """A segment between two changes of the rate; the drug is in a contained Medication."""
        drug = {
            "resourceType": "Medication",
            "id": "bag",
            "code": coded(RXNORM, "7512", "norepinephrine"),
        }
        rate = quantity(round(0.05 + number % 30 / 100, 2), "ug/kg/min")
        return {
            "resourceType": "MedicationAdministration",
            "id": name,
            "contained": [drug],
            "status": "completed",
            "medicationReference": {"reference": "#bag"},
            "subject": SUBJECT,
            "effectivePeriod": {"start": self.stamp(hours + 0.5), "end": self.stamp(hours)},
            "dosage": {"route": {"text": "IV"}, "rateQuantity": rate},
        }

    def diagnosis(self, name: str, hours: float, number: int) -> Json:
        codes = (("D89.832", "Cytokine release syndrome, grade 2"), ("I10", "Essential hypertension"))
        code, display = codes[number // 10 % 2]
        status: dict[str, Any] = {"coding": [{"code": "active"}]}
        return {
            "resourceType": "Condition",
            "id": name,
            "clinicalStatus": status,
            "code": coded(ICD_10_CM, code, display),
            "subject": SUBJECT,
            "onsetDateTime": self.stamp(hours),
        }
