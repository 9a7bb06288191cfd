"""Coding B: °F and units as text, single pressures, oxygen devices as Procedures.

Drugs are contained Medications or text. Flow and FiO2 are components of the pulse oximetry. The cell
product is a MedicationAdministration with an NDC, or the CPT procedure where the product is not named.
Times carry an offset.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests import builders as fhir
from tests.builders import Json, concept
from tests.spec.vignettes.cases import Case

ZONE = "-0500"
PROCEDURE = {
    "nasal-cannula": (fhir.SNOMED, "371907003"),
    "face-mask": (fhir.SNOMED, "371908008"),
    "venturi-mask": (fhir.SNOMED, "57485005"),
    "cpap": (fhir.ICD_10_PCS, "5A09357"),
    "ventilator": (fhir.ICD_10_PCS, "5A1935Z"),
}
USED = {"nasal-cannula": "466713001", "venturi-mask": "465433006"}
CONTAINED = {
    "norepinephrine": "242969",
    "epinephrine": "1660014",
    "vasopressin": "313578",
    "tocilizumab": "1657981",
}
SUBCUTANEOUS_TOCILIZUMAB = "1441527"
PRODUCT = {"tisagenlecleucel": "0078-0846", "axicabtagene-ciloleucel": "71287-119"}
ROUTE = {"intravenous": "IV", "intramuscular": "IM", "subcutaneous": "SC"}
CONDITION = {
    "heart-failure": concept(fhir.ICD_10_CM, "I50"),
    "infection": concept("urn:oid:2.16.840.1.113883.6.90", "N39.0"),
}
SEIZURE = concept(fhir.SNOMED, "91175000", text="seizure")

Row = dict[str, Any]


def observation(name: str, code: str, hours: fhir.Hours, **members: Any) -> Json:
    return fhir.observation(name, concept(fhir.LOINC, code), hours, ZONE, **members)


def told(value: Decimal | int | str, unit: str) -> Json:
    """A quantity whose unit is only text."""
    return {"value": Decimal(value), "unit": unit}


def temperature(name: str, row: Row) -> Iterator[Json]:
    value, unit = Decimal(row["value"]), "°F"
    if row.get("as_charted"):
        unit = "°C"
    elif row.get("unit") != "[degF]":
        value = value * 9 / 5 + 32
    yield observation(name, "8331-1", row["h"], valueQuantity=told(value, unit))


def pressure(name: str, row: Row) -> Iterator[Json]:
    arterial = row.get("line") == "arterial"
    code = "76215-3" if arterial else "76534-7"
    yield observation(name, code, row["h"], valueQuantity=told(row["systolic"], "mmHg"))
    if "diastolic" in row:
        value = told(row["diastolic"], "mmHg")
        yield observation(f"{name}-dia", "76213-8" if arterial else "76535-4", row["h"], valueQuantity=value)


def device(name: str, row: Row) -> Json:
    if row["device"] == "room-air":
        return fhir.observation(name, concept(fhir.SNOMED, "722742002"), row["h"], ZONE)
    if row["device"] == "non-rebreather":
        return observation(name, "107117-4", row["h"], valueString="Nonrebreather mask")
    members: Json = {}
    if row["device"] in USED:
        members["usedCode"] = [concept(fhir.SNOMED, USED[row["device"]])]
    if "reason" in row:
        members["reasonCode"] = [SEIZURE]
    return fhir.procedure(name, concept(*PROCEDURE[row["device"]]), row["h"], **members)


def oximetry(name: str, rows: list[Row]) -> Json:
    """One pulse oximetry with all that was charted at its time: saturation, flow, FiO2."""
    parts: list[Json] = []
    members: Json = {}
    for row in rows:
        if row["is"] == "saturation":
            members["valueQuantity"] = told(row["value"], "%")
        if "flow" in row:
            parts.append(fhir.component("3151-8", row["flow"], "L/min"))
        if "fio2" in row:
            parts.append(fhir.component("3150-0", row["fio2"], "%"))
    if parts:
        members["component"] = parts
    return observation(name, "59408-5", rows[0]["h"], **members)


def lab(name: str, row: Row) -> Iterator[Json]:
    value = told(row["value"], row["unit"].replace("10*3/uL", "K/uL"))
    yield observation(name, row["code"], row["h"], valueQuantity=value)


def drug(row: Row) -> Json:
    """A contained Medication with a product code, or the drug's name alone."""
    code = CONTAINED.get(row["drug"])
    if row.get("route") == "subcutaneous":
        code = SUBCUTANEOUS_TOCILIZUMAB
    if code is None:
        return {"medicationCodeableConcept": concept(None, text=row["drug"].replace("-ii", " II").title())}
    medication = {"resourceType": "Medication", "id": "drug", "code": concept(fhir.RXNORM, code)}
    return {"contained": [medication], "medicationReference": {"reference": "#drug"}}


def dose(name: str, row: Row) -> Iterator[Json]:
    dosage: Json = {"dose": told(*row["dose"].split())}
    if row.get("route") in {"intravenous", "intramuscular"}:
        dosage["route"] = concept(None, text=ROUTE[row["route"]])
    given = fhir.instant(row["h"], ZONE)
    yield fhir.medication(name, "completed", **drug(row), effectiveDateTime=given, dosage=dosage)


def infusion(name: str, row: Row) -> Iterator[Json]:
    dosage: Json = {"text": "continuous infusion"}
    if "rate" in row:
        value, unit = row["rate"].split()
        hourly = unit == "U/min"
        amount = Decimal(value) * 60 if hourly else Decimal(value)
        dosage["rateQuantity"] = told(amount, "units/hour" if hourly else "mcg/kg/min")
    period = {"start": fhir.instant(row["h"], ZONE)}
    if "until" in row:
        period["end"] = fhir.instant(row["until"], ZONE)
    status = row.get("status", "completed" if "until" in row else "in-progress")
    yield fhir.medication(name, status, **drug(row), effectivePeriod=period, dosage=dosage)


def condition(name: str, row: Row) -> Iterator[Json]:
    yield fhir.condition(name, CONDITION[row["condition"]], row["h"])


SHAPES = {
    "temperature": temperature,
    "pressure": pressure,
    "lab": lab,
    "drug": dose,
    "infusion": infusion,
    "condition": condition,
}


def cells(case: Case) -> Json:
    if case.product in PRODUCT:
        return fhir.medication(
            "cells",
            "completed",
            medicationCodeableConcept=concept(fhir.NDC, PRODUCT[case.product]),
            effectiveDateTime=fhir.instant(case.infused_h, ZONE),
        )
    return fhir.procedure("cells", concept(fhir.CPT, "38228"), case.infused_h)


def resources(case: Case) -> Iterator[Json]:
    """The whole chart of a case."""
    yield fhir.patient(case.born)
    if case.product:
        yield cells(case)
    if case.weight_kg:
        weight = told(case.weight_kg * 1000, "g")
        yield observation("weight", "3141-9", case.infused_h, valueQuantity=weight)
    measured = [r for r in case.chart if r["is"] == "saturation" or "flow" in r or "fio2" in r]
    for number, hour in enumerate(sorted({r["h"] for r in measured})):
        yield oximetry(f"oximetry-{number}", [r for r in measured if r["h"] == hour])
    for number, row in enumerate(case.chart):
        name = f"{row['is']}-{number}"
        if row["is"] == "oxygen":
            yield device(name, row)
        elif row["is"] in SHAPES:
            yield from SHAPES[row["is"]](name, row)
