"""Small builders for tests: the facts of a chart, and FHIR R4 resources.

Times are hours relative to ``NOW``; a number is given as text or int, never as a float.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from fhir_mappings.facts import (
    COMPLETE,
    Administration,
    Concept,
    Condition,
    ConditionGroup,
    Coverage,
    DrugGroup,
    Method,
    OxygenDevice,
    OxygenSupport,
    PatientFacts,
    Quantity,
    Reading,
    Route,
    Source,
    Therapy,
    TherapyKind,
)

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
ADULT = (date(1971, 1, 1), date(1971, 1, 1))
EVERYTHING: Mapping[Source, Coverage] = dict.fromkeys(Source, COMPLETE)
NOTHING = Coverage(None, "truncated")

UNIT = {
    Concept.TEMPERATURE: "Cel",
    Concept.SYSTOLIC: "mm[Hg]",
    Concept.MEAN_PRESSURE: "mm[Hg]",
    Concept.SPO2: "%",
}
GROUP = {
    "norepinephrine": DrugGroup.VASOPRESSOR,
    "epinephrine": DrugGroup.VASOPRESSOR,
    "phenylephrine": DrugGroup.VASOPRESSOR,
    "dopamine": DrugGroup.VASOPRESSOR,
    "vasopressin": DrugGroup.VASOPRESSIN,
    "milrinone": DrugGroup.INOTROPE,
    "acetaminophen": DrugGroup.ANTIPYRETIC,
    "dexamethasone": DrugGroup.STEROID,
    "anakinra": DrugGroup.ANTICYTOKINE,
}

Hours = int | float | str | Decimal
Fact = Reading | OxygenSupport | Administration | Therapy | Condition
Json = dict[str, Any]


def at(hours: Hours) -> datetime:
    """``hours`` after ``NOW`` (before it where negative), to the microsecond."""
    return NOW + timedelta(microseconds=int(Decimal(str(hours)) * 3_600_000_000))


def reading(concept: Concept, value: str | int, hours: Hours, method: Method = Method.UNSPECIFIED) -> Reading:
    amount = Decimal(value)
    reference = f"Observation/{concept}{hours}"
    return Reading(concept, amount, UNIT[concept], at(hours), reference, method)


def temperature(value: str | int, hours: Hours) -> Reading:
    return reading(Concept.TEMPERATURE, value, hours)


def systolic(value: str | int, hours: Hours, method: Method = Method.UNSPECIFIED) -> Reading:
    return reading(Concept.SYSTOLIC, value, hours, method)


def mean_pressure(value: str | int, hours: Hours) -> Reading:
    return reading(Concept.MEAN_PRESSURE, value, hours)


def saturation(value: str | int, hours: Hours) -> Reading:
    return reading(Concept.SPO2, value, hours)


def oxygen(
    device: OxygenDevice | None,
    hours: Hours,
    *,
    flow: str | int | None = None,
    fio2: str | None = None,
    mode: bool = False,
    ongoing: bool = False,
    end: Hours | None = None,
    reasons: Iterable[str] = (),
) -> OxygenSupport:
    return OxygenSupport(
        time=at(hours),
        reference=f"Observation/{device or 'oxygen'}{hours}",
        device=device,
        flow=None if flow is None else Decimal(flow),
        fio2=None if fio2 is None else Decimal(fio2),
        mode=mode,
        ongoing=ongoing,
        end=None if end is None else at(end),
        reasons=frozenset(reasons),
    )


def infusion(
    drug: str,
    start: Hours,
    end: Hours | None = None,
    *,
    rate: str | int | None = "0.1",
    status: str | None = None,
    route: Route = Route.INTRAVENOUS,
) -> Administration:
    """A period: with an end a ``completed`` segment, without one still in progress."""
    return Administration(
        drug=drug,
        groups=frozenset({GROUP[drug]}),
        start=at(start),
        reference=f"MedicationAdministration/{drug}{start}",
        end=None if end is None else at(end),
        ongoing=end is None and status in {None, "in-progress"},
        status=status or ("in-progress" if end is None else "completed"),
        rate=None if rate is None else Quantity(Decimal(rate), "ug/kg/min"),
        rated=rate is not None,
        route=route,
    )


def point(
    drug: str,
    hours: Hours,
    *,
    rate: str | int | None = None,
    route: Route = Route.INTRAVENOUS,
    status: str = "completed",
) -> Administration:
    """A single charted event: one of an infusion, a bolus or a dose."""
    return Administration(
        drug=drug,
        groups=frozenset({GROUP[drug]}),
        start=at(hours),
        reference=f"MedicationAdministration/{drug}{hours}",
        point=True,
        status=status,
        rate=None if rate is None else Quantity(Decimal(rate), "ug/kg/min"),
        rated=rate is not None,
        route=route,
    )


def tocilizumab(hours: Hours, route: Route = Route.INTRAVENOUS) -> Administration:
    return Administration(
        drug="tocilizumab",
        groups=frozenset({DrugGroup.ANTICYTOKINE, DrugGroup.TOCILIZUMAB}),
        start=at(hours),
        reference=f"MedicationAdministration/tocilizumab{hours}",
        point=True,
        route=route,
        dose=Quantity(Decimal(560), "mg"),
    )


def car_t(hours: Hours, product: str | None = "tisagenlecleucel") -> Therapy:
    return Therapy(TherapyKind.CAR_T, product, at(hours), f"Procedure/car-t{hours}")


def engager(hours: Hours, product: str = "blinatumomab") -> Therapy:
    return Therapy(
        TherapyKind.T_CELL_ENGAGER, product, at(hours), f"MedicationAdministration/{product}{hours}"
    )


def crs_diagnosis(onset: Hours | None = None, active: bool = True) -> Condition:
    when = None if onset is None else at(onset)
    return Condition(ConditionGroup.CRS, active, "Condition/crs", onset=when)


def chart(
    *facts: Fact,
    born: tuple[date, date] | None = ADULT,
    coverage: Mapping[Source, Coverage] = EVERYTHING,
) -> PatientFacts:
    """One patient's facts, sorted by time as the mapper leaves them."""
    readings: dict[Concept, list[Reading]] = {}
    for fact in facts:
        if isinstance(fact, Reading):
            readings.setdefault(fact.concept, []).append(fact)
    return PatientFacts(
        patient_id="p",
        birth_date=born,
        readings={c: tuple(sorted(found, key=lambda r: r.time)) for c, found in readings.items()},
        oxygen=tuple(sorted((f for f in facts if isinstance(f, OxygenSupport)), key=lambda o: o.time)),
        administrations=tuple(
            sorted((f for f in facts if isinstance(f, Administration)), key=lambda a: a.start)
        ),
        therapies=tuple(sorted((f for f in facts if isinstance(f, Therapy)), key=lambda t: t.time)),
        conditions=tuple(f for f in facts if isinstance(f, Condition)),
        coverage=coverage,
    )


def uncovered(facts: PatientFacts, *sources: Source) -> PatientFacts:
    """The same chart where these searches are not known to be complete."""
    coverage = {**facts.coverage, **dict.fromkeys(sources, NOTHING)}
    members = {f.name: getattr(facts, f.name) for f in fields(facts)}
    return PatientFacts(**{**members, "coverage": coverage})


# --- FHIR R4 ---

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD_10_PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
NDC = "http://hl7.org/fhir/sid/ndc"
CPT = "http://www.ama-assn.org/go/cpt"
UCUM = "http://unitsofmeasure.org"
SUBJECT: Json = {"reference": "Patient/p"}


def instant(hours: Hours, zone: str = "Z") -> str:
    """An RFC 3339 time, in UTC or in an offset such as ``-05:00``."""
    if zone == "Z":
        return at(hours).isoformat().replace("+00:00", "Z")
    return at(hours).astimezone(datetime.strptime(zone, "%z").tzinfo).isoformat()


def concept(system: str | None, code: str = "", text: str = "") -> Json:
    """A CodeableConcept with one coding, or with text alone."""
    found: Json = {"text": text} if text else {}
    return {**found, "coding": [{"system": system, "code": code}]} if system else found


def quantity(value: Decimal | int | str, unit: str) -> Json:
    return {"value": Decimal(value), "unit": unit, "system": UCUM, "code": unit}


def patient(born: str) -> Json:
    return {"resourceType": "Patient", "id": "p", "birthDate": born}


def observation(name: str, code: Json, hours: Hours, zone: str = "Z", **members: Any) -> Json:
    """A final Observation; ``members`` are its value, components and the like."""
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": code,
        "subject": SUBJECT,
        "effectiveDateTime": instant(hours, zone),
        **members,
    }


def component(code: str, value: Decimal | int | str, unit: str) -> Json:
    return {"code": concept(LOINC, code), "valueQuantity": quantity(value, unit)}


def medication(name: str, status: str, **members: Any) -> Json:
    """A MedicationAdministration; ``members`` are the drug, the time and the dosage."""
    head = {"resourceType": "MedicationAdministration", "id": name, "status": status, "subject": SUBJECT}
    return {**head, **members}


def procedure(name: str, code: Json, hours: Hours, status: str = "completed", **members: Any) -> Json:
    head: Json = {"resourceType": "Procedure", "id": name, "status": status, "code": code, "subject": SUBJECT}
    timing = {} if "performedPeriod" in members else {"performedDateTime": instant(hours)}
    return {**head, **timing, **members}


def condition(name: str, code: Json, hours: Hours) -> Json:
    base = "http://terminology.hl7.org/CodeSystem/condition-"
    return {
        "resourceType": "Condition",
        "id": name,
        "clinicalStatus": concept(f"{base}clinical", "active"),
        "verificationStatus": concept(f"{base}ver-status", "confirmed"),
        "code": code,
        "subject": SUBJECT,
        "onsetDateTime": instant(hours),
    }
