"""Coding A: LOINC with UCUM units, a blood pressure panel, RxNorm ingredients.

Oxygen devices are Observations with SNOMED CT codes. The cell product is a Procedure in ICD-10-PCS.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Protocol

from tests import builders as fhir
from tests.builders import Hours, Json, concept, observation, quantity

DEVICE = {
    "room-air": "722742002",
    "nasal-cannula": "336623009",
    "face-mask": "336602003",
    "venturi-mask": "428285009",
    "non-rebreather": "427591007",
    "cpap": "47545007",
    "ventilator": "40617009",
}
INGREDIENT = {
    "norepinephrine": "7512",
    "epinephrine": "3992",
    "vasopressin": "11149",
    "milrinone": "52769",
    "acetaminophen": "161",
    "dexamethasone": "3264",
    "methylprednisolone": "6902",
    "tocilizumab": "612865",
}
SUBCUTANEOUS_TOCILIZUMAB = "1441527"
ROUTE = {"intravenous": "47625008", "intramuscular": "78421000", "subcutaneous": "34206005"}
PRODUCT = {
    "tisagenlecleucel": "XW033J7",
    "axicabtagene-ciloleucel": "XW033H7",
    "brexucabtagene-autoleucel": "XW033M7",
    "car-t": "XW043C3",
}
CONDITION = {
    "heart-failure": concept(fhir.SNOMED, "84114007"),
    "kidney-disease": concept(fhir.ICD_10_CM, "N18.32"),
    "copd": concept(fhir.ICD_10_CM, "J44.9"),
    "cirrhosis": concept(fhir.ICD_10_CM, "K74.60"),
    "infection": concept(fhir.ICD_10_CM, "N39.0"),
    "pneumonia": concept(fhir.ICD_10_CM, "J18.9", "Pneumonia, unspecified organism"),
    "icans": concept(fhir.ICD_10_CM, "G92.01"),
    "crs": concept(fhir.ICD_10_CM, "D89.839"),
}
SEIZURE = concept(fhir.SNOMED, "91175000")
LAB = {
    "neutrophils": ("751-8", "10*9/L"),
    "leukocytes": ("6690-2", "10*9/L"),
    "platelets": ("777-3", "10*9/L"),
    "creatinine": ("2160-0", "mg/dL"),
    "crp": ("1988-5", "mg/L"),
    "ferritin": ("2276-4", "ug/L"),
    "fibrinogen": ("3255-7", "g/L"),
}
LOCAL = "http://hospital.example/codes"
"""The hospital's own code system: no public one has a code of the ICE score."""

Row = dict[str, Any]


class Chart(Protocol):
    """What a case says of its patient."""

    @property
    def born(self) -> str: ...
    @property
    def product(self) -> str | None: ...
    @property
    def infused_h(self) -> Hours: ...
    @property
    def weight_kg(self) -> Decimal: ...
    @property
    def chart(self) -> Iterable[Row]: ...


def loinc(code: str) -> Json:
    return concept(fhir.LOINC, code)


def temperature(name: str, row: Row) -> Iterator[Json]:
    value, unit = Decimal(row["value"]), row.get("unit", "Cel")
    if unit == "[degF]":
        value = (value - 32) * 5 / 9
    yield observation(name, loinc("8310-5"), row["h"], valueQuantity=quantity(value, "Cel"))


def pressure(name: str, row: Row) -> Iterator[Json]:
    if row.get("line") == "arterial":
        value = quantity(row["systolic"], "mm[Hg]")
        yield observation(name, loinc("76215-3"), row["h"], valueQuantity=value)
        return
    parts = [fhir.component("8480-6", row["systolic"], "mm[Hg]")]
    if "diastolic" in row:
        parts.append(fhir.component("8462-4", row["diastolic"], "mm[Hg]"))
    yield observation(name, loinc("85354-9"), row["h"], component=parts)


def oxygen(name: str, row: Row) -> Iterator[Json]:
    device = concept(fhir.SNOMED, DEVICE[row["device"]])
    if "reason" in row:
        period = {"start": fhir.instant(row["h"])}
        yield fhir.procedure(
            name, device, row["h"], "in-progress", performedPeriod=period, reasonCode=[SEIZURE]
        )
        return
    yield observation(name, loinc("107117-4"), row["h"], valueCodeableConcept=device)
    if "flow" in row:
        value = quantity(row["flow"], "L/min")
        yield observation(f"{name}-flow", loinc("3151-8"), row["h"], valueQuantity=value)
    if "fio2" in row:
        yield observation(f"{name}-fio2", loinc("3150-0"), row["h"], valueQuantity=quantity(row["fio2"], "%"))


def saturation(name: str, row: Row) -> Iterator[Json]:
    yield observation(name, loinc("59408-5"), row["h"], valueQuantity=quantity(row["value"], "%"))


def lab(name: str, row: Row) -> Iterator[Json]:
    code, unit = LAB[row["test"]] if "test" in row else (row["code"], row["unit"])
    yield observation(name, loinc(code), row["h"], valueQuantity=quantity(row["value"], unit))


def ice_score(name: str, row: Row) -> Iterator[Json]:
    yield observation(name, concept(LOCAL, "ICE"), row["h"], valueInteger=row["value"])


def weight(name: str, row: Row) -> Iterator[Json]:
    value = quantity(row["value"], row.get("unit", "kg"))
    yield observation(name, loinc("29463-7"), row["h"], valueQuantity=value)


def drug(name: str, route: str = "") -> Json:
    code = INGREDIENT.get(name)
    if (name, route) == ("tocilizumab", "subcutaneous"):
        code = SUBCUTANEOUS_TOCILIZUMAB
    return concept(fhir.RXNORM, code) if code else concept(None, text=name.replace("-ii", " II"))


def dose(name: str, row: Row) -> Iterator[Json]:
    """A single event; a fluid is a dose of it in mL."""
    dosage: Json = {}
    if "dose" in row:
        dosage["dose"] = quantity(*row["dose"].split())
    if "route" in row:
        dosage["route"] = concept(fhir.SNOMED, ROUTE[row["route"]])
    yield fhir.medication(
        name,
        row.get("status", "completed"),
        medicationCodeableConcept=drug(row["drug"], row.get("route", "")),
        effectiveDateTime=fhir.instant(row["h"]),
        dosage=dosage,
    )


def order(name: str, row: Row) -> Iterator[Json]:
    """An order that was signed at ``h``."""
    instruction: Json = {}
    if "dose" in row:
        instruction["doseAndRate"] = [{"doseQuantity": quantity(*row["dose"].split())}]
    if "route" in row:
        instruction["route"] = concept(fhir.SNOMED, ROUTE[row["route"]])
    yield {
        "resourceType": "MedicationRequest",
        "id": name,
        "status": row.get("status", "active"),
        "intent": "order",
        "medicationCodeableConcept": drug(row["drug"], row.get("route", "")),
        "subject": fhir.SUBJECT,
        "authoredOn": fhir.instant(row["h"]),
        "dosageInstruction": [instruction],
    }


def infusion(name: str, row: Row) -> Iterator[Json]:
    dosage: Json = {"route": concept(fhir.SNOMED, ROUTE["intravenous"])}
    if "rate" in row:
        dosage["rateQuantity"] = quantity(*row["rate"].split())
    period = {"start": fhir.instant(row["h"])}
    if "until" in row:
        period["end"] = fhir.instant(row["until"])
    status = row.get("status", "completed" if "until" in row else "in-progress")
    yield fhir.medication(
        name, status, medicationCodeableConcept=drug(row["drug"]), effectivePeriod=period, dosage=dosage
    )


def condition(name: str, row: Row) -> Iterator[Json]:
    found = fhir.condition(name, CONDITION[row["condition"]], row["h"])
    if "status" in row:
        found["clinicalStatus"]["coding"][0]["code"] = row["status"]
    yield found


SHAPES = {
    "temperature": temperature,
    "pressure": pressure,
    "oxygen": oxygen,
    "saturation": saturation,
    "lab": lab,
    "ice-score": ice_score,
    "weight": weight,
    "drug": dose,
    "order": order,
    "infusion": infusion,
    "condition": condition,
}


def therapy(case: Chart, product: str) -> Json:
    """Cells are a procedure; an engager is an administration that names it."""
    if product in PRODUCT:
        return fhir.procedure("cells", concept(fhir.ICD_10_PCS, PRODUCT[product]), case.infused_h)
    given = fhir.instant(case.infused_h)
    named = concept(None, text=product)
    return fhir.medication("engager", "completed", medicationCodeableConcept=named, effectiveDateTime=given)


def resources(case: Chart) -> Iterator[Json]:
    """The whole chart of a case."""
    yield fhir.patient(case.born)
    if case.product:
        yield therapy(case, case.product)
    if case.weight_kg:
        yield from weight("weight", {"h": case.infused_h, "value": case.weight_kg})
    for number, row in enumerate(case.chart):
        yield from SHAPES[row["is"]](f"{row['is']}-{number}", row)
