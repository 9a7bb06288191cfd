"""What mutations put in the place of codes, units, statuses, times, numbers and texts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.unit.mapping.fhir_json import CPT, ICD10CM, ICD10PCS, LOCAL, LOINC, NDC, RXNORM, SNOMED, UCUM

UNITS = [
    "Cel", "[degF]", "K", "°F", "deg C", "cel", "CEL", "mm[Hg]", "mmHg", "kPa", "cm[H2O]", "%", "1",
    "{score}", "fraction", "percent", "kg", "g", "mg", "ug", "mcg", "µg", "ng", "Mg", "[lb_av]", "lbs",
    "[oz_av]", "L/min", "l/min", "mL/min", "ml/min", "mL/h", "L/h", "10*9/L", "/uL", "10*3/uL", "K/uL",
    "mg/dL", "mg/L", "ug/L", "ng/mL", "g/L", "g/dL", "mL", "L", "s", "min", "h", "d", "a", "mg/kg",
    "ug/kg/min", "mcg/kg/min", "ug/min", "mg/h", "ug/h", "ng/kg/min", "U", "[iU]", "mU", "U/h",
    "units/hour", "U/min", "mg/m2", "vial", "tablet", "", " ", "\u200b%", "ｍｇ", "%\u00a0", "min-1",
]  # fmt: skip
SYSTEMS = [
    LOINC, SNOMED, RXNORM, NDC, ICD10CM, ICD10PCS, CPT, UCUM, LOCAL, "urn:oid:2.16.840.1.113883.6.1",
    LOINC + "/", "http://www.whocc.no/atc", "LOINC", "", " " + LOINC, LOINC.upper(),
]  # fmt: skip
CODES = [
    "8310-5", "8480-6", "8478-0", "8462-4", "85354-9", "76214-6", "59408-5", "2708-6", "3151-8", "3150-0",
    "107117-4", "29463-7", "8339-4", "751-8", "1988-5", "2276-4", "3255-7", "60988-3", "76530-5", "8867-4",
    "722742002", "371907003", "426854004", "336602003", "40617009", "7512", "3992", "11149", "161",
    "612865", "1657974", "3628", "68547-501-02", "D89.832", "D89.83", "D89.839", "G92.05", "A00", "B99",
    "B99.9", "XW033J7", "38228", "223761", "8310-5 ", "8310–5", "８３１０-5",
]  # fmt: skip
STATUSES = [
    "final", "amended", "corrected", "preliminary", "registered", "cancelled", "entered-in-error",
    "entered-in-error ", "unknown", "completed", "in-progress", "stopped", "on-hold", "not-done", "active",
    "intended", "draft", "FINAL", "In-Progress", "", None, "ongoing",
]  # fmt: skip
TIMES = [
    "2026-03-10T08:30:00Z", "2026-03-10T03:30:00.123456789-05:00", "2026-03-10T09:05:00Z",
    "2026-03-10T09:10:00.000001Z", "2026-03-11T08:00:00Z", "2026-03-10", "2026-03", "2026",
    "2026-03-10T08:00:00", "2026-03-10T08:00Z", "2026-03-10T24:00:00Z", "2026-03-10T23:59:60Z",
    "2026-02-29T00:00:00Z", "2024-02-29T23:59:59+14:00", "2026-03-10t08:00:00Z", " 2026-03-10T08:00:00Z ",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "1849-12-31T23:00:00-02:00",
    "2026-W11-2T08:00:00Z", "2026-069T08:00Z", "2026-03-10T08:00:00,5Z", "2026-03-10T08Z",
    "2026-03-10T08:00:00+00:00:30", "2026-03-10T08:00:00 Z", "2026-03-10T08:00:00+2359",
    "٢٠٢٦-03-10T08:00:00Z", "20260310T080000Z", "10/03/2026", "yesterday", "", "0000-00-00", "2026-13-01",
    1773129600, None,
]  # fmt: skip
NUMBERS: list[Any] = [
    0, -1, 1, 36, 38, 100, 10**12, 10**13, 10**40, -(10**400), 2**64, 2**64 - 1, -19, 354, 1e-7, -0.0, 38.5,
    0.1 + 0.2, 1e300, float("nan"), float("inf"), True, "38.5", "1,5", [38], {"value": 38},
    Decimal("38.50"), Decimal("3.85E+1"), Decimal("385E-1"), Decimal("1E+9999"), Decimal("1E-9999"),
    Decimal("0E-30"), Decimal("-0"), Decimal("0.0000001"), Decimal("1E-12"), Decimal("1E+12"),
    Decimal("9" * 80), Decimal("37." + "9" * 70), Decimal("100.39999999999999999999999999999999999"),
    Decimal("0.21"), Decimal("21"), Decimal("212121212.12"), Decimal("7E+0"),
    Decimal("1.0000000000000000000000000000000000000001"),
]  # fmt: skip
TEXTS = [
    "", " ", "x", "\ud800", "\x00", "e\u0301", "\u202edinorepinephrine", "NOREPINEPHRINE",
    "norepinephrine\u00a0", "ノルエピネフリン", "room air", "Nasal_Cannula", "ventilator", "ß" * 2000,
    "😀" * 50, "#", "##", "Patient/7", "Patient/7/_history/2", "Patient/8",
    "http://ehr.example/fhir/Patient/7", "urn:uuid:7", "/", "Medication/bag", "#bag", "null", "NaN", "<",
    ">=",
]  # fmt: skip
KINDS = [
    "Observation", "MedicationAdministration", "Procedure", "Condition", "Immunization",
    "DeviceUseStatement", "Patient", "Medication", "Device", "Bundle", "OperationOutcome", "observation",
    "MedicationStatement", "", None, 7, ["Observation"],
]  # fmt: skip
KEYS = [
    "valueQuantity", "valueString", "valueInteger", "valueDecimal", "valueRatio", "valueCodeableConcept",
    "valueBoolean", "valueRange", "valueSampledData", "dataAbsentReason", "component", "hasMember",
    "contained", "extension", "modifierExtension", "effectiveDateTime", "effectivePeriod",
    "effectiveInstant", "effectiveTiming", "issued", "performedDateTime", "performedPeriod",
    "occurrenceDateTime", "onsetDateTime", "onsetPeriod", "abatementBoolean", "recordedDate", "status",
    "code", "subject", "patient", "focus", "identifier", "meta", "dosage", "dose", "rateQuantity",
    "rateRatio", "medicationCodeableConcept", "medicationReference", "usedCode", "device", "bodySite",
    "reasonCode", "method", "comparator", "text", "ingredient",
]  # fmt: skip
COMPARATORS = ["<", "<=", ">", ">=", "ad", "≤", "", " < ", 1, None]
