"""FHIR files: a Bundle, a resource, a list of them, or NDJSON, read with exact decimals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from cds_service.errors import ConfigurationError

Json = dict[str, Any]
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def read_resources(files: Iterable[Path]) -> Iterator[Json]:
    """All resources of the files, Bundles opened. Raises ConfigurationError naming file and line."""
    for file in files:
        try:
            raw = file.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{file}: {error.strerror}") from None
        for document in _documents(raw, file):
            yield from _opened(document, file)


def _documents(raw: bytes, file: Path) -> Iterator[object]:
    try:
        yield _decoder.decode(raw)
        return
    except (msgspec.DecodeError, ValueError, RecursionError, ArithmeticError) as error:
        if b"\n" not in raw.strip():
            raise ConfigurationError(f"{file}: not JSON: {error}") from None
    for number, line in enumerate(raw.splitlines(), 1):
        if line.strip():
            try:
                yield _decoder.decode(line)
            except (msgspec.DecodeError, ValueError, RecursionError, ArithmeticError) as error:
                raise ConfigurationError(f"{file}:{number}: not JSON: {error}") from None


def _opened(document: object, file: Path) -> Iterator[Json]:
    if isinstance(document, list):
        for item in document:
            yield from _opened(item, file)
    elif not isinstance(document, dict) or not isinstance(document.get("resourceType"), str):
        raise ConfigurationError(f"{file}: holds something that is not a FHIR resource")
    elif document["resourceType"] == "Bundle":
        entries = document.get("entry")
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
                yield from _opened(entry["resource"], file)
    else:
        yield document


def subject_of(resource: Json) -> str | None:
    """The id of the patient that a resource is about, or None."""
    if resource.get("resourceType") == "Patient":
        identity = resource.get("id")
        return identity if isinstance(identity, str) else None
    subject = resource.get("subject") or resource.get("patient")
    reference = subject.get("reference") if isinstance(subject, dict) else None
    if not isinstance(reference, str) or not reference:
        return None
    return reference.split("/_history/")[0].replace("urn:uuid:", "/").rsplit("/", 1)[-1]
