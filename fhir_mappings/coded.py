"""Every coded statement of a resource, found without the readers.

The readers decide what becomes a fact. This walk only collects what a resource
speaks of, so that the two can be held against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from fhir_mappings.code_systems import plain
from fhir_mappings.codes import CodeBook
from fhir_mappings.drugs import MOST_MEDICATIONS, mentioned
from fhir_mappings.facts import OxygenDevice
from fhir_mappings.meanings import Diagnosis, DrugCode, Meaning, PressureParent, Support, Told
from fhir_mappings.resources import Gathered, Json, is_answered, record, records, text, texts_of

URL_SYSTEM = "urn:ietf:rfc:3986"
SAYS_LITTLE = (OxygenDevice.ROOM_AIR, OxygenDevice.AIRWAY, OxygenDevice.STANDBY)


class Place(StrEnum):
    """Where in a resource a concept was charted."""

    OBSERVATION = "observation"
    EXTENSION = "extension"
    MEDICATION = "medication"
    VACCINE = "vaccine"
    PROCEDURE = "procedure"
    DEVICE = "device"
    CONDITION = "condition"
    DEVICE_ANSWER = "device-answer"
    MODE_ANSWER = "mode-answer"
    UNIT = "unit"
    ROUTE = "route"


class Coded(NamedTuple):
    """One concept, and the JSON object whose value it names."""

    place: Place
    concept: Json
    holder: Json


def coded_in(resource: Json, gathered: Gathered) -> Iterator[Coded]:
    """What a resource speaks of; nothing for the types that are not read."""
    find = WALKS.get(resource["resourceType"])
    if find is not None:
        yield from find(resource, gathered)


def _in_observation(resource: Json, gathered: Gathered) -> Iterator[Coded]:
    yield Coded(Place.OBSERVATION, record(resource.get("code")), resource)
    for component in records(resource.get("component")):
        yield Coded(Place.OBSERVATION, record(component.get("code")), component)
    for extension in records(resource.get("extension")):
        coding = {"system": URL_SYSTEM, "code": text(extension.get("url"))}
        yield Coded(Place.EXTENSION, {"coding": [coding]}, extension)
    local = {text(member.get("reference")) for member in records(resource.get("hasMember"))}
    for inner in records(resource.get("contained")) if local else ():
        named = "#" + text(inner.get("id")).lstrip("#")
        if inner.get("resourceType") == "Observation" and named in local:
            yield from _in_observation({**inner, "hasMember": []}, gathered)


def _in_administration(resource: Json, gathered: Gathered) -> Iterator[Coded]:
    concept = record(resource.get("medicationCodeableConcept"))
    if concept:
        yield Coded(Place.MEDICATION, concept, resource)
    link = record(resource.get("medicationReference"))
    medication = gathered.resolve(link, "Medication", resource)
    if medication is not None:
        for inner in _in_medication(medication, resource, gathered, set()):
            yield Coded(Place.MEDICATION, inner, resource)
    elif text(link.get("display")):
        yield Coded(Place.MEDICATION, {"text": text(link["display"])}, resource)


def _in_medication(medication: Json, holder: Json, gathered: Gathered, seen: set[int]) -> Iterator[Json]:
    if id(medication) in seen or len(seen) > MOST_MEDICATIONS:
        return
    seen.add(id(medication))
    yield record(medication.get("code"))
    for ingredient in records(medication.get("ingredient")):
        if ingredient.get("isActive") is not False:
            yield record(ingredient.get("itemCodeableConcept"))
            link = ingredient.get("itemReference")
            inner = gathered.resolve(link, "Medication", medication)
            inner = inner or gathered.resolve(link, "Medication", holder)
            if inner is not None:
                yield from _in_medication(inner, holder, gathered, seen)


def _in_procedure(resource: Json, gathered: Gathered) -> Iterator[Coded]:
    yield Coded(Place.PROCEDURE, record(resource.get("code")), resource)
    yield from _devices(resource, "usedReference", gathered)


def _in_device_use(resource: Json, gathered: Gathered) -> Iterator[Coded]:
    return _devices(resource, "device", gathered)


def _devices(resource: Json, key: str, gathered: Gathered) -> Iterator[Coded]:
    for concept in records(resource.get("usedCode")):
        yield Coded(Place.DEVICE, concept, resource)
    for link in records(resource.get(key)):
        device = record(gathered.resolve(link, "Device", resource))
        yield Coded(Place.DEVICE, record(device.get("type")), resource)
        names = [text(name.get("name")) for name in records(device.get("deviceName"))]
        for name in (*names, text(link.get("display")), text(record(link.get("concept")).get("text"))):
            if name:
                yield Coded(Place.DEVICE, {"text": name}, resource)


def _in_immunization(resource: Json, _: Gathered) -> Iterator[Coded]:
    yield Coded(Place.VACCINE, record(resource.get("vaccineCode")), resource)


def _in_condition(resource: Json, _: Gathered) -> Iterator[Coded]:
    yield Coded(Place.CONDITION, record(resource.get("code")), resource)


WALKS: Mapping[str, Callable[[Json, Gathered], Iterator[Coded]]] = MappingProxyType(
    {
        "Observation": _in_observation,
        "MedicationAdministration": _in_administration,
        "Procedure": _in_procedure,
        "DeviceUseStatement": _in_device_use,
        "Immunization": _in_immunization,
        "Condition": _in_condition,
    }
)


def meanings_of(concept: Any, book: CodeBook) -> Iterator[Meaning]:
    """What each coding means by itself; no agreement is sought."""
    for coding in records(record(concept).get("coding")):
        system, code = coding.get("system", ""), coding.get("code")
        if isinstance(system, str) and isinstance(code, str):
            found = book.find(system, code)
            if found is not None:
                yield found


def is_meant(coded: Coded, book: CodeBook) -> bool:
    """Whether it means something to the code book that can be said in this place."""
    place, concept, holder = coded
    meanings = list(meanings_of(concept, book))
    if place in (Place.OBSERVATION, Place.EXTENSION):
        told = [meaning for meaning in meanings if isinstance(meaning, Told | PressureParent)]
        answer = holder.get("valueCodeableConcept") if place is Place.OBSERVATION else None
        unasked = any(_is_support(meaning) for meaning in meanings_of(answer, book))
        return not _is_heading(holder, told) if told else unasked
    if place is Place.CONDITION:
        return any(isinstance(meaning, Diagnosis) for meaning in meanings)
    if place is Place.MEDICATION:
        return any(drugs_named(concept, book))
    if any(drug.drug.therapy for drug in drugs_named(concept, book)) and place is not Place.DEVICE:
        return True
    return place is not Place.VACCINE and _names_support(concept, meanings, book)


def _names_support(concept: Json, meanings: Sequence[Meaning], book: CodeBook) -> bool:
    """By code, by exact name, or named among other words."""
    names = [plain(name) for name in texts_of(concept)]
    named = any(name in book.device_names or book.device_mention.search(name) for name in names)
    return named or any(isinstance(meaning, Support) for meaning in meanings)


def _is_support(meaning: Meaning) -> bool:
    return isinstance(meaning, Support) and meaning.device not in SAYS_LITTLE


def _is_heading(holder: Json, told: Sequence[Told | PressureParent]) -> bool:
    """The code of a panel whose values are all in its members, which count for themselves."""
    empty = bool(holder.get("hasMember")) and not is_answered(holder) and "dataAbsentReason" not in holder
    return empty and not any(isinstance(meaning, Support) for meaning in told)


def drugs_named(concept: Json, book: CodeBook) -> Iterator[DrugCode]:
    """By code, by exact name, or named among other words."""
    yield from (meaning for meaning in meanings_of(concept, book) if isinstance(meaning, DrugCode))
    for name in texts_of(concept):
        found = book.drug_names.get(plain(name)) or mentioned(name, book)
        if found is not None:
            yield found
