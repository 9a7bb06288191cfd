"""Small resources in the shapes that real charts have: what mutations start from."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from tests.unit.mapping.fhir_json import (
    ACETAMINOPHEN,
    CPT,
    EARLIER,
    ICD10CM,
    ICD10PCS,
    LOCAL,
    LOINC,
    NDC,
    NOREPINEPHRINE,
    RXNORM,
    SNOMED,
    SUBJECT,
    TOCILIZUMAB,
    Json,
    administration,
    coded,
    component,
    condition,
    infusion,
    observation,
    panel,
    procedure,
    quantity,
)

PATIENT = "7"
OVERLAY = Path(__file__).parents[1] / "external" / "mimic-overlay.toml"
MIMIC = "http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-chartevents-d-items"
NO_TIME = {"effectiveDateTime": None}
PAST_HOUR = {"start": "2026-03-10T07:00:00Z", "end": "2026-03-10T07:59:00Z"}
CRS_SINCE = {"onsetDateTime": None, "recordedDate": "2026-03-09T12:00:00Z"}
ON_AIR = "http://hospital.example/on-air"

VITAL_SIGNS = [
    observation("8310-5", "38.6", "Cel"),
    observation("8310-5", "100.4", "[degF]"),
    observation("8331-1", "99.0", "Cel", **NO_TIME, issued="2026-03-10T07:00:00Z"),
    observation("8310-5", valueQuantity=quantity("101.3", "°F", code="")),
    observation(coded(MIMIC, "223761"), valueQuantity=quantity("98.7", "°F", code="")),
    observation("8480-6", "84", "mm[Hg]", **NO_TIME, effectivePeriod=PAST_HOUR),
    observation("76214-6", "-19", "mm[Hg]"),
    observation("76530-5", "18", "cm[H2O]"),
    panel(component("8480-6", "84", "mm[Hg]"), component("8462-4", "50", "mm[Hg]")),
    panel(component("76215-3", "91", "mm Hg"), component("76214-6", "61", "mmHg")),
    panel(component("8480-6", "30", "mm[Hg]"), code="60988-3"),
    panel(component("8480-6", dataAbsentReason={"coding": [{"code": "unknown"}]})),
    observation("59408-5", "93", "%", component=[component("3151-8", "4", "L/min")]),
    observation("2708-6", component=[component("59408-5", "91", "%"), component("3150-0", "40", "%")]),
    observation("8867-4", 114, "/min"),
    observation("29463-7", "154.3", "[lb_av]", effectiveDateTime="2026-03-09"),
    observation("29463-7", "49000", "g", effectiveDateTime="2026-03"),
    observation("3141-9", valueQuantity={"value": Decimal("71.5")}),
    observation({"coding": [{"system": LOCAL, "code": "T"}, {"system": LOINC, "code": "8310-5"}]}, 38, "Cel"),
    observation("8310-5", "39.0", "Cel", status="corrected", identifier=[{"system": "urn:x", "value": "17"}]),
    observation("8310-5", "38.4", "Cel", identifier=[{"value": "4"}]),
    observation("8310-5", "37.4", "Cel", identifier=[{"value": "4"}], status="corrected"),
    observation("8310-5", "38.9", "Cel", **NO_TIME, effectiveTiming={"event": [EARLIER, "2026-03-10"]}),
    observation(
        "85353-1",
        hasMember=[{"reference": "#m"}],
        contained=[
            {
                "resourceType": "Observation",
                "id": "m",
                "status": "final",
                "code": coded(LOINC, "8310-5"),
                "valueQuantity": quantity("39.5", "Cel"),
            }
        ],
    ),
]
OXYGEN = [
    observation("3151-8", "45", "L/min"),
    observation("3151-8", "6100", "mL/min"),
    observation("3150-0", "0.42", "%"),
    observation("3150-0", "0.3", "1"),
    observation("3150-0", valueQuantity={"value": 35}),
    observation("3150-0", valueRatio={"numerator": {"value": Decimal("2.1")}, "denominator": {"value": 7}}),
    observation("107117-4", valueString="nasal cannula"),
    observation("107117-4", valueString="High flow neb"),
    observation("107117-4", valueCodeableConcept=coded(SNOMED, "426854004", "HFNC")),
    observation(
        "3151-8",
        "50",
        "L/min",
        component=[{"code": coded(LOINC, "107117-4"), "valueString": "high flow nasal cannula"}],
    ),
    observation(coded(SNOMED, "722742002")),
    observation(coded(SNOMED, "371907003"), valueQuantity=quantity("2", "l/min", code="")),
    observation(coded(MIMIC, "223849"), valueString="CMV/ASSIST"),
    observation("3151-8", "7", "L/min", device={"display": "Venturi mask"}),
    observation("59408-5", "97", "%", extension=[{"url": ON_AIR, "valueBoolean": True}]),
    procedure(
        coded(SNOMED, "371907003"),
        usedCode=[coded(SNOMED, "426854004")],
        performedDateTime=None,
        performedPeriod={"start": "2026-03-10T06:00:00Z"},
        status="in-progress",
        reasonCode=[coded(SNOMED, "91175000")],
    ),
    procedure(coded(SNOMED, "40617009"), performedDateTime=None, performedPeriod=PAST_HOUR),
    {
        "resourceType": "DeviceUseStatement",
        "id": "u1",
        "status": "active",
        "subject": SUBJECT,
        "timingPeriod": {"start": EARLIER},
        "device": {"reference": "#mask"},
        "contained": [{"resourceType": "Device", "id": "mask", "type": coded(SNOMED, "336602003")}],
    },
]
PREMIX: Json = {
    "resourceType": "Medication",
    "id": "bag",
    "code": {"text": "dopamine in 5 % dextrose"},
    "ingredient": [
        {"itemCodeableConcept": coded(RXNORM, "3628")},
        {"itemReference": {"reference": "Medication/fluid"}},
    ],
}
FLUID: Json = {"resourceType": "Medication", "id": "fluid", "code": {"text": "normal saline"}}
FROM_BAG = {"medicationCodeableConcept": None, "medicationReference": {"reference": "Medication/bag"}}
RATIO = {"numerator": quantity("1500", "mg"), "denominator": quantity("30", "min")}
VASOPRESSIN = coded(RXNORM, "11149", "vasopressin")
DRUGS = [
    infusion(NOREPINEPHRINE, quantity("0.12", "ug/kg/min")),
    infusion(
        NOREPINEPHRINE, quantity("8", "mcg/min", code=""), status="completed", effectivePeriod=PAST_HOUR
    ),
    infusion(VASOPRESSIN, quantity("2.4", "units/hour", code=""), status="on-hold"),
    infusion({"text": "noradrenaline"}, quantity("0.1", "ug/h")),
    infusion(NOREPINEPHRINE, quantity("30", "min")),
    infusion({}, **FROM_BAG) | {"dosage": {"rateRatio": RATIO}},
    infusion(NOREPINEPHRINE) | {"dosage": {"rateRatio": RATIO | {"denominator": quantity("1", "h")}}},
    infusion(NOREPINEPHRINE) | {"dosage": {"rateRatio": RATIO | {"numerator": quantity("7", "ug/kg")}}},
    infusion({}, **FROM_BAG, contained=[PREMIX], status="stopped"),
    PREMIX,
    FLUID,
    administration(TOCILIZUMAB, {"dose": quantity("560", "mg"), "route": {"text": "IV"}}),
    administration(TOCILIZUMAB, {"dose": quantity("8", "mg/kg"), "route": coded(SNOMED, "47625008")}),
    administration(coded(RXNORM, "1657974"), {"dose": quantity("28", "mL")}),
    administration(coded(RXNORM, "1657981"), {"dose": quantity(1, "vial", code="")}),
    administration(ACETAMINOPHEN, {"dose": quantity("1", "g"), "text": "1 g by mouth"}),
    administration(ACETAMINOPHEN, {"text": "650 mg as needed"}, status="not-done"),
    administration(coded(NDC, "68547-501-02"), {"rateQuantity": quantity("20", "ng/kg/min")}),
    administration({"text": "dexamethasone 10 mg IV"}, **NO_TIME, effectivePeriod={"start": EARLIER}),
]
THERAPIES = [
    {"resourceType": "Patient", "id": PATIENT, "birthDate": "1961-05"},
    procedure(coded(CPT, "38228"), performedDateTime="2026-03-07"),
    procedure(coded(ICD10PCS, "XW033J7"), performedDateTime=None, performedPeriod=PAST_HOUR),
    {
        "resourceType": "Immunization",
        "id": "i1",
        "status": "completed",
        "vaccineCode": coded(NDC, "71287-119-01"),
        "patient": SUBJECT,
        "occurrenceDateTime": "2026-03-06T10:00:00+01:00",
    },
    infusion({"text": "blinatumomab"}, quantity("28", "ug/(24.h)")),
    condition(coded(ICD10CM, "D89.832")),
    condition(coded(ICD10CM, "G92.03"), **CRS_SINCE),
    condition(coded(ICD10CM, "A41.9"), clinicalStatus=None, abatementDateTime="2026-03-09"),
]


@cache
def corpus() -> tuple[Json, ...]:
    """Every shape, each with an id of its own where it does not need the one it has."""
    found = [*VITAL_SIGNS, *OXYGEN, *DRUGS, *THERAPIES]
    return tuple(
        each if each["resourceType"] in ("Patient", "Medication") else {**each, "id": f"r{number}"}
        for number, each in enumerate(found)
    )


def resources_in(path: Path) -> list[Any]:
    """The resources of a JSON or NDJSON file."""
    content = path.read_text(encoding="utf-8")
    lines = content.splitlines() if path.suffix == ".ndjson" else [content]
    return [json.loads(line, parse_float=Decimal) for line in lines]


def external_corpus(folder: Path) -> tuple[Json, ...]:
    """The resources that others wrote, as if they were all of this patient."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".ndjson"))
    found = (resource for path in files for resource in resources_in(path))
    return tuple(_of_this_patient(each) for each in found if isinstance(each, dict))


def _of_this_patient(resource: Json) -> Json:
    kind = resource.get("resourceType")
    own = {"id": PATIENT} if kind == "Patient" else {}
    return {**resource, **{key: SUBJECT for key in ("subject", "patient") if key in resource}, **own}
