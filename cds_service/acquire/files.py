"""FHIR files: a Bundle, a resource, a list of them, or NDJSON, read with exact decimals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from cds_service.errors import ConfigurationError
from fhir_mappings.facts import COMPLETE, Source

Json = dict[str, Any]
EVERYTHING = dict.fromkeys(Source, COMPLETE)
"""A file is taken as the whole record: what is not in it was not charted."""
BOM = b"\xef\xbb\xbf"
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def read_resources(files: Iterable[Path]) -> Iterator[Json]:
    """All resources of the files, Bundles opened. Raises ConfigurationError naming file and line."""
    for file in files:
        try:
            raw = file.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{file}: {error.strerror}") from None
        yield from opened(raw, str(file))


def opened(raw: bytes, file: str) -> Iterator[Json]:
    """All resources of what a file holds; ``file`` is its name. Raises ConfigurationError naming the line."""
    for document in _documents(raw.removeprefix(BOM), file):
        yield from _opened(document, file)


def _documents(raw: bytes, file: str) -> Iterator[object]:
    try:
        yield _decoder.decode(raw)
        return
    except (msgspec.DecodeError, ValueError, RecursionError, ArithmeticError) as error:
        if not _is_json(raw.lstrip().split(b"\n", 1)[0]):  # no NDJSON: one document over several lines
            raise ConfigurationError(f"{file}: not JSON: {error}") from None
    for number, line in enumerate(raw.splitlines(), 1):
        if line.strip():
            try:
                yield _decoder.decode(line)
            except (msgspec.DecodeError, ValueError, RecursionError, ArithmeticError) as error:
                raise ConfigurationError(f"{file}:{number}: not JSON: {error}") from None


def _is_json(line: bytes) -> bool:
    try:
        _decoder.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError, ArithmeticError):
        return False
    return True


def _opened(document: object, file: str) -> Iterator[Json]:
    if isinstance(document, list):
        for item in document:
            yield from _opened(item, file)
    elif not isinstance(document, dict) or not isinstance(document.get("resourceType"), str):
        raise ConfigurationError(f"{file}: holds something that is not a FHIR resource")
    elif document["resourceType"] == "Bundle":
        yield from _entries(document, file)
    else:
        yield document


def _entries(bundle: Json, file: str) -> Iterator[Json]:
    """The resources of a Bundle; references to a ``fullUrl`` in it become ``Type/id``."""
    entries = bundle.get("entry")
    usable = [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
    found = [(e.get("fullUrl"), e["resource"]) for e in usable if isinstance(e.get("resource"), dict)]
    names = {url: _name(url, resource) for url, resource in found if isinstance(url, str)}
    for _, resource in found:
        _relink(resource, names)
        yield from _opened(resource, file)


def _name(url: str, resource: Json) -> str:
    """What a resource is called; one without an id takes that of its ``fullUrl``."""
    resource.setdefault("id", url.rsplit("/", 1)[-1].rsplit(":", 1)[-1])
    return f"{resource.get('resourceType')}/{resource['id']}"


def _relink(value: object, names: dict[str, str]) -> None:
    if isinstance(value, list):
        for item in value:
            _relink(item, names)
    elif isinstance(value, dict):
        link = value.get("reference")
        if isinstance(link, str) and link in names:
            value["reference"] = names[link]
        for item in value.values():
            _relink(item, names)


def by_patient(resources: Iterable[Json], only: str | None = None) -> Iterator[tuple[str, list[Json]]]:
    """Resources grouped by subject; those of nobody (Medication, Device) go to everyone."""
    groups: dict[str, list[Json]] = {}
    shared: list[Json] = []
    for resource in resources:
        patient = subject_of(resource)
        if patient is None:
            shared.append(resource)
        else:
            groups.setdefault(patient, []).append(resource)
    for patient in sorted(groups):
        if only in (None, patient):
            yield patient, groups[patient] + shared


def subject_of(resource: Json) -> str | None:
    """The id of the patient that a resource is about, or None."""
    if resource.get("resourceType") == "Patient":
        identity = resource.get("id")
        return identity if isinstance(identity, str) else None
    subject = resource.get("subject") or resource.get("patient")
    reference = subject.get("reference") if isinstance(subject, dict) else None
    if not isinstance(reference, str) or not reference:
        return None
    path = reference.split("/_history/")[0].rsplit("/", 2)
    if len(path) > 1 and path[-2] != "Patient":
        return None  # about a group, a place or a device
    return path[-1].removeprefix("urn:uuid:")
