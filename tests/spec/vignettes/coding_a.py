"""Coding A: LOINC with UCUM units, a blood pressure panel, RxNorm ingredients.

Oxygen devices are Observations with SNOMED CT codes. The cell product is a Procedure in ICD-10-PCS.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests import builders as fhir
from tests.builders import Json, concept, observation, quantity
from tests.spec.vignettes.cases import Case

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
    "tocilizumab": "612865",
}
ROUTE = {"intravenous": "47625008", "intramuscular": "78421000", "subcutaneous": "34206005"}
PRODUCT = {"tisagenlecleucel": "XW033J7", "axicabtagene-ciloleucel": "XW033H7", "car-t": "XW043C3"}
CONDITION = {
    "heart-failure": concept(fhir.SNOMED, "84114007"),
    "infection": concept(fhir.ICD_10_CM, "N39.0"),
}
SEIZURE = concept(fhir.SNOMED, "91175000")

Row = dict[str, Any]


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
    value = quantity(row["value"], row["unit"])
    yield observation(name, loinc(row["code"]), row["h"], valueQuantity=value)


def drug(name: str) -> Json:
    code = INGREDIENT.get(name)
    return concept(fhir.RXNORM, code) if code else concept(None, text=name.replace("-ii", " II"))


def dose(name: str, row: Row) -> Iterator[Json]:
    amount, unit = row["dose"].split()
    dosage: Json = {"dose": quantity(amount, unit)}
    if "route" in row:
        dosage["route"] = concept(fhir.SNOMED, ROUTE[row["route"]])
    yield fhir.medication(
        name,
        "completed",
        medicationCodeableConcept=drug(row["drug"]),
        effectiveDateTime=fhir.instant(row["h"]),
        dosage=dosage,
    )


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
    yield fhir.condition(name, CONDITION[row["condition"]], row["h"])


SHAPES = {
    "temperature": temperature,
    "pressure": pressure,
    "oxygen": oxygen,
    "saturation": saturation,
    "lab": lab,
    "drug": dose,
    "infusion": infusion,
    "condition": condition,
}


def resources(case: Case) -> Iterator[Json]:
    """The whole chart of a case."""
    yield fhir.patient(case.born)
    if case.product:
        code = concept(fhir.ICD_10_PCS, PRODUCT[case.product])
        yield fhir.procedure("cells", code, case.infused_h)
    if case.weight_kg:
        weight = quantity(case.weight_kg, "kg")
        yield observation("weight", loinc("29463-7"), case.infused_h, valueQuantity=weight)
    for number, row in enumerate(case.chart):
        yield from SHAPES[row["is"]](f"{row['is']}-{number}", row)
