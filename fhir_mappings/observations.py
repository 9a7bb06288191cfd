"""Observations: vital signs and laboratory values, wherever in the resource they sit.

An Observation is a list of parts: its own code and value, its components, and
extensions a site has bound to a meaning. Oxygen parts are read in
``respiratory``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import NamedTuple, TypeGuard

from fhir_mappings.amounts import Charted, check_amount, read_value
from fhir_mappings.chart import RESULTED, Chart
from fhir_mappings.datetimes import EFFECTIVE, Moment, Precision, Span, read_span, read_time
from fhir_mappings.facts import Concept, Method, OxygenDevice, Reading
from fhir_mappings.issues import Refusal
from fhir_mappings.meanings import (
    Conflict,
    Excluded,
    Meaning,
    Measure,
    PressureParent,
    StateQuestion,
    Support,
    Told,
    Unasked,
)
from fhir_mappings.resources import Json, is_answered, records, status_of, text
from fhir_mappings.respiratory import OXYGEN_DEVICE, VENTILATION_MODE, OxygenParts

PRESSURE_UNIT = "mm[Hg]"
URL_SYSTEM = "urn:ietf:rfc:3986"
SAYS_LITTLE = frozenset({OxygenDevice.ROOM_AIR, OxygenDevice.AIRWAY, OxygenDevice.STANDBY})
SHARED = ("status", "subject")
TIMES = ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "effectiveTiming", "issued")


class Part(NamedTuple):
    """One coded value of an Observation, and the JSON object that holds it."""

    meaning: Told
    holder: Json
    method: Method = Method.UNSPECIFIED


def read_observation(reference: str, resource: Json, chart: Chart) -> None:
    """Read one Observation of whatever shape; what is not used is noted."""
    code = chart.book.meaning(resource.get("code"))
    if "component" in resource or "extension" in resource or "hasMember" in resource:
        if "hasMember" in resource:
            _read_members(reference, resource, chart)
        parts = list(_all_parts(code, resource, chart))
    elif isinstance(code, Told):
        parts = [Part(code, resource)] if is_relevant(code) else []
    elif isinstance(code, PressureParent):
        parts = list(_unread_pressure(resource))
    else:
        parts = list(_unasked(code, resource, chart))
    if not parts:
        return
    first = parts[0].meaning
    if not chart.belongs(resource, reference, concept_of(first)):
        return
    if "focus" in resource and not _is_focused(resource, chart):
        chart.note("other-focus", reference, concept_of(first))
        return
    coarsest = Precision.DAY if isinstance(first, Measure) and first.spec.day_is_enough else Precision.TIME
    span = observed(resource, chart.zone)
    time = chart.admit(resource, reference, concept_of(first), span, RESULTED, coarsest)
    if time is not None:
        _read_parts(parts, reference, resource, time, chart)


def _is_focused(resource: Json, chart: Chart) -> bool:
    """Whether ``focus``, if there is one, is the patient."""
    return all(chart.is_patient(text(link.get("reference"))) for link in records(resource["focus"]))


def observed(resource: Json, zone: tzinfo | None) -> Span | Refusal:
    """When it was observed; the time of issue stands in where nothing else is given."""
    span = read_span(resource, EFFECTIVE, zone)
    if isinstance(span, Refusal) and span.code == "time-missing":
        issued = read_time(resource.get("issued"), zone)
        return Span(issued, issue="time-from-issued") if isinstance(issued, Moment) else issued
    return span


def concept_of(meaning: Told) -> str:
    """The name an issue gives to what was not used."""
    if isinstance(meaning, Conflict):
        disputed = meaning.about(Told)
        return "" if disputed is None else concept_of(disputed)
    if isinstance(meaning, Measure):
        return meaning.spec.name
    if isinstance(meaning, Excluded):
        return meaning.concept
    return VENTILATION_MODE if isinstance(meaning, StateQuestion) and meaning.mode else OXYGEN_DEVICE


def is_relevant(meaning: Meaning | Conflict | None) -> TypeGuard[Told]:
    """Whether a code means something that an Observation can say."""
    if isinstance(meaning, Conflict):
        return meaning.about(Told) is not None
    return isinstance(meaning, Told)


def _all_parts(code: Meaning | Conflict | None, resource: Json, chart: Chart) -> Iterator[Part]:
    inner = list(_components(code, resource, chart)) if "component" in resource else []
    if "extension" in resource:
        inner.extend(_extensions(resource, chart))
    if is_relevant(code):
        answered = is_answered(resource) or "dataAbsentReason" in resource
        if answered or isinstance(code, Support) or not (inner or resource.get("hasMember")):
            yield Part(code, resource)
    elif isinstance(code, PressureParent) and not any(_of_pressure(part) for part in inner):
        yield from _unread_pressure(resource)
    yield from inner


def _of_pressure(part: Part) -> bool:
    return isinstance(part.meaning, Measure) and part.meaning.spec.unit.code == PRESSURE_UNIT


def _unasked(code: Meaning | Conflict | None, resource: Json, chart: Chart) -> Iterator[Part]:
    """A state of oxygen support as the answer to a question that no table knows: it may hold, or not."""
    if code is None and "valueCodeableConcept" in resource:
        answer = chart.book.meaning(resource["valueCodeableConcept"])
        if isinstance(answer, Support) and answer.device not in SAYS_LITTLE:
            yield Part(Unasked(answer.label), resource)


def _unread_pressure(resource: Json) -> Iterator[Part]:
    """A blood pressure was charted in a way that cannot be read: it may have been low."""
    if is_answered(resource) or resource.get("component"):
        yield Part(Excluded("value-not-a-quantity", Concept.SYSTOLIC.value), resource)
    elif "dataAbsentReason" in resource:
        yield Part(Excluded("value-absent", Concept.SYSTOLIC.value), resource)


def _components(code: Meaning | Conflict | None, resource: Json, chart: Chart) -> Iterator[Part]:
    systemic = is_systemic(code)
    method = code.method if isinstance(code, Measure) else Method.UNSPECIFIED
    for component in records(resource.get("component")):
        meaning = chart.book.meaning(component.get("code"))
        if is_pressure(meaning) and not systemic and meaning.method is Method.UNSPECIFIED:
            meaning = Excluded("not-systemic-pressure", meaning.spec.name)
        if is_relevant(meaning):
            yield Part(meaning, component, method)


def is_systemic(code: Meaning | Conflict | None) -> bool:
    """Whether components under this code are systemic pressures; a panel may carry the codes of its parts."""
    if isinstance(code, Conflict):
        return is_systemic(code.first) and is_systemic(code.second)
    return isinstance(code, PressureParent) or is_pressure(code)


def is_pressure(meaning: Meaning | Conflict | None) -> TypeGuard[Measure]:
    return isinstance(meaning, Measure) and meaning.spec.unit.code == PRESSURE_UNIT


def _extensions(resource: Json, chart: Chart) -> Iterator[Part]:
    for extension in records(resource.get("extension")):
        meaning = chart.book.find(URL_SYSTEM, text(extension.get("url")))
        if is_relevant(meaning):
            yield Part(meaning, extension)


def _read_members(reference: str, resource: Json, chart: Chart) -> None:
    """Contained Observations of a panel; they share its subject, status and time."""
    local = {text(member.get("reference")) for member in records(resource.get("hasMember"))}
    for inner in records(resource.get("contained")) if local else ():
        name = "#" + text(inner.get("id")).lstrip("#")
        if inner.get("resourceType") == "Observation" and name in local:
            timed = any(key.startswith("effective") for key in inner)
            wanted = SHARED if timed else (*SHARED, *TIMES)
            shared = {key: resource[key] for key in wanted if key in resource}
            member = {**shared, **inner, **_voided_by(resource), "hasMember": []}
            read_observation(reference + name, member, chart)


def _voided_by(panel: Json) -> Json:
    """What keeps a panel from counting keeps its contained members from it."""
    kept = {key: panel[key] for key in ("modifierExtension", "focus") if panel.get(key)}
    return kept if status_of(panel) in RESULTED else {**kept, "status": panel.get("status")}


def _read_parts(parts: list[Part], reference: str, resource: Json, time: datetime, chart: Chart) -> None:
    oxygen: OxygenParts | None = None
    for part in parts:
        meaning = part.meaning
        if part.holder.get("modifierExtension"):
            chart.note("modifier-extension", reference, concept_of(meaning), time=time)
        elif isinstance(meaning, Conflict):
            chart.note("conflicting-codes", reference, concept_of(meaning), time=time)
        elif isinstance(meaning, Excluded):
            _note_excluded(meaning, part, reference, time, chart)
        elif isinstance(meaning, Measure) and not meaning.spec.of_oxygen:
            _read_reading(meaning, part, reference, time, chart)
        else:
            oxygen = oxygen or OxygenParts(reference, time, chart)
            oxygen.add(meaning, part.holder)
    if oxygen is not None:
        oxygen.add_devices_of(resource)
        oxygen.finish()


def _note_excluded(meaning: Excluded, part: Part, reference: str, time: datetime, chart: Chart) -> None:
    charted = read_value(part.holder, chart.book)
    value, unit = (charted.value, charted.text) if isinstance(charted, Charted) else ("", "")
    chart.note(meaning.issue, reference, meaning.concept, value=value, unit=unit, time=time)


def _read_reading(meaning: Measure, part: Part, reference: str, time: datetime, chart: Chart) -> None:
    spec = meaning.spec
    charted = read_value(part.holder, chart.book)
    if isinstance(charted, Refusal):
        chart.note(charted.code, reference, spec.name, time=time, detail=charted.detail)
        return
    amount = check_amount(charted, spec)
    if isinstance(amount, Refusal):
        shown, unit = f"{charted.comparator}{charted.value}", charted.text
        chart.note(amount.code, reference, spec.name, value=shown, unit=unit, time=time, detail=amount.detail)
        return
    if amount.bound:
        shown = f"{charted.comparator}{charted.value}"
        chart.note("bound-used", reference, spec.name, value=shown, unit=charted.text, time=time)
    method = part.method if meaning.method is Method.UNSPECIFIED else meaning.method
    chart.readings[spec.name].append(
        Reading(spec.concept, amount.value, spec.unit.code, time, reference, method, amount.charted)
    )
