"""A lenient walk over FHIR JSON: nothing in it may have the wrong type and raise.

Also what a heap of Bundles and resources comes down to: each resource once, in
its newest version, and what can be referenced from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from fhir_mappings.datetimes import Moment, read_time
from fhir_mappings.facts import BEGINNING
from fhir_mappings.searchset import Observation, essence, plain

Json = dict[str, Any]
Key = tuple[str, str]

NEVER_USED = "OperationOutcome"
CORRECTED = ("corrected", "amended")
SAME_RESULT = ("code", "effectiveDateTime", "effectivePeriod", "effectiveInstant")
SETTLED = ("final", "completed")
ANSWERS = frozenset(
    {
        "valueQuantity",
        "valueCodeableConcept",
        "valueString",
        "valueBoolean",
        "valueInteger",
        "valueRange",
        "valueRatio",
        "valueSampledData",
        "valueTime",
        "valueDateTime",
        "valuePeriod",
        "valueCoding",
        "valueDecimal",
    }
)
"""The names that ``value[x]`` can have in Observations, components and extensions."""
STATUS_RANK = {
    "entered-in-error": 9,
    "corrected": 8,
    "amended": 7,
    "completed": 6,
    "stopped": 6,
    "not-done": 6,
    "final": 5,
    "on-hold": 4,
    "in-progress": 3,
    "preliminary": 2,
}


def record(value: Any) -> Json:
    """A JSON object, or an empty one where something else stands."""
    return value if isinstance(value, dict) else {}


def records(value: Any) -> list[Json]:
    """The objects of a list; a lone object counts as a list of one."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    return [value] if isinstance(value, dict) else []


def text(value: Any) -> str:
    """A text without blanks at its ends, or nothing."""
    return value.strip() if isinstance(value, str) else ""


def is_answered(holder: Json) -> bool:
    """Whether some value is there, of whatever type."""
    return not ANSWERS.isdisjoint(holder)


def status_of(resource: Json) -> str:
    return text(resource.get("status")).lower()


def codings(concept: Any) -> list[Json]:
    return records(record(concept).get("coding"))


def texts_of(concept: Any) -> list[str]:
    """The texts of a CodeableConcept: its own, then the displays of its codings."""
    if not isinstance(concept, dict):
        return []
    found = [concept.get("text"), *(coding.get("display") for coding in records(concept.get("coding")))]
    return [each for each in map(text, found) if each]


def type_and_id(reference: str) -> Key | None:
    """``("Patient", "7")`` of a relative or absolute literal reference."""
    parts = reference.split("/_history/", maxsplit=1)[0].rstrip("/").split("/")
    return (parts[-2], parts[-1]) if len(parts) >= 2 and parts[-1] else None


@dataclass(slots=True)
class Gathered:
    """Every resource once, and where to find those that others refer to."""

    by_key: dict[Key, Json | Observation] = field(default_factory=dict)
    without_id: dict[str, Json] = field(default_factory=dict)
    full_urls: dict[str, Key] = field(default_factory=dict)
    superseded: frozenset[Key] = frozenset()

    def __iter__(self) -> Iterator[tuple[str, Json | Observation]]:
        """Reference and resource of each."""
        for (kind, identity), resource in self.by_key.items():
            yield f"{kind}/{identity}", resource
        numbers: dict[str, int] = {}
        for _, resource in sorted(self.without_id.items()):  # by content, so that any order numbers alike
            kind = resource["resourceType"]
            numbers[kind] = numbers.get(kind, 0) + 1
            yield f"{kind}/(no id {numbers[kind]})", resource

    def resolve(self, reference: Any, kind: str, holder: Json) -> Json | None:
        """The resource of type ``kind`` that a Reference points to, if it is at hand."""
        link = text(record(reference).get("reference"))
        if not link:
            return None
        key = self.full_urls.get(link) or type_and_id(link)
        if key is not None and key[0] == kind and key in self.by_key:
            return as_json(self.by_key[key])
        local = link[1:] if link.startswith("#") else link.rsplit("/", 1)[-1]
        for inner in records(holder.get("contained")):
            if inner.get("resourceType") == kind and text(inner.get("id")).lstrip("#") == local:
                return inner
        return None


def as_json(resource: Json | Observation) -> Json:
    return plain(resource) if isinstance(resource, Observation) else resource


def gather(sources: Iterable[Any]) -> Gathered:
    """Flatten Bundles and keep the newest version of each resource, whatever the order."""
    gathered = Gathered()
    by_key = gathered.by_key
    texts: dict[Key, dict[int, str]] = {}
    for full_url, resource in flatten(sources):
        # Nearly every resource of every call: without another call for it.
        everyday = type(resource) is Observation and resource.id
        key = ("Observation", everyday) if everyday else _key(resource)
        if key is None:
            nameless = as_json(resource)
            gathered.without_id.setdefault(canonical(nameless), nameless)
            continue
        if full_url:
            gathered.full_urls[full_url] = min(key, gathered.full_urls.get(full_url, key))
        known = by_key.setdefault(key, resource)
        if known is not resource:
            by_key[key] = _newer(as_json(known), as_json(resource), texts.setdefault(key, {}))
    gathered.superseded = _superseded(by_key)
    return gathered


def _key(resource: Json | Observation) -> Key | None:
    """Type and id; None without an id."""
    if isinstance(resource, Observation):
        return ("Observation", resource.id) if resource.id else None
    identity = resource.get("id")
    return (resource["resourceType"], identity) if isinstance(identity, str) and identity else None


def flatten(sources: Iterable[Any]) -> Iterator[tuple[str, Json | Observation]]:
    """Each resource with its ``fullUrl``; Bundles may hold Bundles, outcomes are left out."""
    for source in sources:
        if isinstance(source, Observation):
            yield "", source
        elif isinstance(source, dict):
            if source.get("resourceType") == "Bundle":
                yield from _unpack(source)
            elif is_resource(source):
                yield "", source


def _unpack(bundle: Json) -> Iterator[tuple[str, Json]]:
    waiting = [bundle]
    while waiting:
        for entry in records(waiting.pop().get("entry")):
            resource = record(entry.get("resource"))
            if resource.get("resourceType") == "Bundle":
                waiting.append(resource)
            elif is_resource(resource):
                yield text(entry.get("fullUrl")), resource


def is_resource(value: Json) -> bool:
    """Whether it has a type, and one that can say something about a patient."""
    kind = value.get("resourceType")
    return isinstance(kind, str) and kind != NEVER_USED


_sorted = msgspec.json.Encoder(decimal_format="number", order="sorted")


def canonical(resource: Json) -> str:
    """One text for one content that can matter, whatever the order of keys and the type of numbers."""
    content = essence(resource) if resource.get("resourceType") == "Observation" else resource
    try:
        return _sorted.encode(content).decode()
    except (RecursionError, TypeError, ValueError):
        return _careful_text(content)


def _careful_text(content: Json) -> str:
    """The same for texts that are not Unicode; nothing for what is nested beyond reason."""
    try:
        return json.dumps(content, sort_keys=True, default=str)
    except (RecursionError, TypeError, ValueError):
        return ""


def _same(one: Json, other: Json) -> bool:
    try:
        return one == other
    except RecursionError:
        return False


def _newer(one: Json, other: Json, texts: dict[int, str]) -> Json:
    """The version to use; where nothing tells them apart, whichever is greater as a text.

    ``texts`` keeps the text of the one that won, so that it is not made again for every duplicate.
    """
    first, second = version(one), version(other)
    if first != second or _same(one, other):
        return other if second > first else one
    texts[id(one)] = texts.get(id(one)) or canonical(one)
    text_of_other = canonical(other)
    if text_of_other > texts[id(one)]:
        texts.clear()
        texts[id(other)] = text_of_other
        return other
    return one


def version(resource: Json) -> tuple[datetime, int, str, int]:
    """Sorts versions of one resource, the one to use last."""
    meta = record(resource.get("meta"))
    updated = read_time(meta.get("lastUpdated"))
    number = text(meta.get("versionId"))
    return (
        updated.time if isinstance(updated, Moment) else BEGINNING,
        int(number) if number.isascii() and number.isdigit() and len(number) < 19 else -1,
        number,
        STATUS_RANK.get(status_of(resource), 0),
    )


def _superseded(by_key: dict[Key, Json | Observation]) -> frozenset[Key]:
    """Resources that a corrected one with the same identifier and code replaces."""
    unsettled = [r for r in by_key.values() if type(r) is not Observation or r.status not in SETTLED]
    if not any(_is_corrected(resource) for resource in unsettled):
        return frozenset()
    every = {key: as_json(resource) for key, resource in by_key.items()}
    corrected = {
        name
        for key, resource in every.items()
        if _is_corrected(resource)
        for name in _names(key[0], resource)
    }
    return frozenset(
        key
        for key, resource in every.items()
        if status_of(resource) not in (*CORRECTED, "entered-in-error")
        and not corrected.isdisjoint(_names(key[0], resource))
    )


def _is_corrected(resource: Json | Observation) -> bool:
    status = resource.status if isinstance(resource, Observation) else resource.get("status")
    return status not in SETTLED and text(status).lower() in CORRECTED


def _names(kind: str, resource: Json) -> list[str]:
    """What patient, business identifier, code and time together single out."""
    link = text(record(resource.get("subject")).get("reference"))
    same = {key: resource[key] for key in SAME_RESULT if key in resource}
    code = canonical({**same, "subject": type_and_id(link) or link})
    return [
        f"{kind}|{text(identifier.get('system'))}|{text(identifier.get('value'))}|{code}"
        for identifier in records(resource.get("identifier"))
        if text(identifier.get("value"))
    ]
