"""FHIR search over resources in memory: which parameters exist, what they match, how results are sorted.

Comma means "or", a repeated parameter means "and". A parameter or modifier
that is not listed here is refused, as a strict server does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cds_service.sandbox.elements import Json
from cds_service.sandbox.fhir_dates import FOREVER, NEVER, Range, holds, parse_condition, range_of
from cds_service.sandbox.fhir_refusal import FhirRefusalError

Test = Callable[[Json], bool]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A search parameter: its FHIR type, and the element that it looks at."""

    type: str
    element: str


SUBJECT = {"patient": Parameter("reference", "subject"), "subject": Parameter("reference", "subject")}
CODE = {"code": Parameter("token", "code"), "category": Parameter("token", "category")}
STATUS = {"status": Parameter("token", "status")}
ENCOUNTER = {"encounter": Parameter("reference", "encounter")}

PARAMETERS: dict[str, dict[str, Parameter]] = {
    "Patient": {
        "birthdate": Parameter("date", "birthDate"),
        "gender": Parameter("token", "gender"),
    },
    "Encounter": SUBJECT
    | STATUS
    | {"class": Parameter("token", "class"), "date": Parameter("date", "period")},
    "Observation": SUBJECT | CODE | STATUS | ENCOUNTER | {"date": Parameter("date", "effective")},
    "Condition": SUBJECT
    | CODE
    | ENCOUNTER
    | {
        "clinical-status": Parameter("token", "clinicalStatus"),
        "verification-status": Parameter("token", "verificationStatus"),
        "onset-date": Parameter("date", "onset"),
    },
    "Procedure": SUBJECT | CODE | STATUS | ENCOUNTER | {"date": Parameter("date", "performed")},
    "MedicationAdministration": SUBJECT
    | STATUS
    | {
        "code": Parameter("token", "medicationCodeableConcept"),
        "context": Parameter("reference", "context"),
        "effective-time": Parameter("date", "effective"),
    },
    "MedicationRequest": SUBJECT
    | STATUS
    | ENCOUNTER
    | {
        "code": Parameter("token", "medicationCodeableConcept"),
        "intent": Parameter("token", "intent"),
        "authoredon": Parameter("date", "authoredOn"),
    },
    "ServiceRequest": SUBJECT | CODE | STATUS | ENCOUNTER | {"authored": Parameter("date", "authoredOn")},
    "Immunization": STATUS
    | {
        "patient": Parameter("reference", "patient"),
        "vaccine-code": Parameter("token", "vaccineCode"),
        "date": Parameter("date", "occurrence"),
    },
    "Medication": STATUS | {"code": Parameter("token", "code")},
}
"""Every type that the server knows; some hold no resource yet and answer with an empty Bundle."""


def parameters_of(kind: str) -> dict[str, Parameter]:
    """The search parameters of a type. Raises FhirRefusalError 404 for a type that is not served."""
    if kind not in PARAMETERS:
        raise FhirRefusalError(404, "not-supported", f"{kind}: this server has no such resource type")
    return PARAMETERS[kind] | {"_id": Parameter("token", "id")}


def search(kind: str, resources: Iterable[Json], query: Iterable[tuple[str, str]], order: str) -> list[Json]:
    """The resources of a type that meet every condition of a query, sorted.

    ``query`` has no result parameters (``_count`` and the like); ``order`` is
    the value of ``_sort``, or empty for the order of the chart.
    """
    known = parameters_of(kind)
    tests = [_condition(kind, known, name, value) for name, value in query]
    found = [item for item in resources if item["resourceType"] == kind and all(test(item) for test in tests)]
    for key in reversed([part for part in order.split(",") if part]):
        _sort(kind, known, key, found)
    return found


def _condition(kind: str, known: dict[str, Parameter], name: str, value: str) -> Test:
    parameter = known.get(name)
    if parameter is None:
        supported = ", ".join(sorted(known))
        raise FhirRefusalError(
            400, "not-supported", f"{kind} has no search parameter {name} here; it has: {supported}"
        )
    choices = [part for part in split_unescaped(value, ",") if part]
    if not choices:
        raise FhirRefusalError(400, "value", f"{name}: a search parameter needs a value")
    return MATCHERS[parameter.type](name, parameter.element, choices)


def _token(_name: str, element: str, choices: list[str]) -> Test:
    wanted = {_wanted(choice) for choice in choices}

    def test(resource: Json) -> bool:
        return any(
            not wanted.isdisjoint(((system, code), (None, code), (system, None)))
            for system, code in tokens(resource.get(element))
        )

    return test


def _wanted(choice: str) -> tuple[str | None, str | None]:
    """System and code of ``system|code``, ``|code``, ``code`` or ``system|``; None stands for any."""
    *systems, code = [unescaped(part) for part in split_unescaped(choice, "|")]
    return (systems[0] if systems else None), code or None


def split_unescaped(value: str, separator: str) -> list[str]:
    """The parts of a search value between separators that no backslash escapes."""
    parts = [""]
    for piece in re.findall(r"\\.|.", value, re.DOTALL):
        if piece == separator:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def unescaped(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value)


def tokens(value: Any) -> Iterator[tuple[str, str]]:
    """All (system, code) of a code, Coding, CodeableConcept or a list of them."""
    if isinstance(value, list):
        for item in value:
            yield from tokens(item)
    elif isinstance(value, str):
        yield "", value
    elif isinstance(value, dict) and "coding" in value:
        yield from tokens(value["coding"])
    elif isinstance(value, dict) and "code" in value:
        yield value.get("system", ""), value["code"]


def _reference(name: str, element: str, choices: list[str]) -> Test:
    kind = {"patient": "Patient", "subject": "Patient"}.get(name, "Encounter")
    wanted = {f"{kind}/{unescaped(choice).rsplit(f'{kind}/', 1)[-1]}" for choice in choices}
    return lambda resource: resource.get(element, {}).get("reference") in wanted


def _date(name: str, element: str, choices: list[str]) -> Test:
    conditions = [parse_condition(name, choice) for choice in choices]

    def test(resource: Json) -> bool:
        found = range_of(resource, element)
        return found is not None and any(holds(prefix, wanted, found) for prefix, wanted in conditions)

    return test


MATCHERS: dict[str, Callable[[str, str, list[str]], Test]] = {
    "token": _token,
    "reference": _reference,
    "date": _date,
}


def _sort(kind: str, known: dict[str, Parameter], key: str, found: list[Json]) -> None:
    name = key.removeprefix("-")
    parameter = known.get(name)
    if parameter is None or (parameter.type != "date" and name != "_id"):
        raise FhirRefusalError(400, "not-supported", f"{kind} cannot be sorted by {name} here")
    descending = key.startswith("-")
    if name == "_id":
        found.sort(key=lambda resource: str(resource["id"]), reverse=descending)
        return
    last = Range(NEVER, NEVER) if descending else Range(FOREVER, FOREVER)

    def start(resource: Json) -> datetime:
        return (range_of(resource, parameter.element) or last).low

    found.sort(key=start, reverse=descending)
