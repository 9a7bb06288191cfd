"""Reads the clinical tables from disk: the active guideline and the code book, once at the start."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from cds_service.crs.concepts import LABS, OXYGEN, VITALS
from cds_service.crs.guideline import Guideline, GuidelineError, Hashes, parse_guideline
from cds_service.crs.order_table import parse_orders
from cds_service.errors import ConfigurationError
from fhir_mappings import CodeBook
from fhir_mappings.errors import TableError
from fhir_mappings.facts import OxygenDevice, Source
from fhir_mappings.meanings import Meaning, Measure, PressureParent, StateQuestion, Support

T = TypeVar("T")
TABLES = Path(str(resources.files("cds_service"))) / "crs" / "tables"
GUIDELINES, DRUGS, ORDERS = TABLES / "guidelines", TABLES / "drugs", TABLES / "orders.toml"


def guideline_path(name: str) -> Path:
    """The file of a guideline: an id of a shipped one, or a path to a site's own."""
    if name.endswith(".toml"):
        return Path(name)
    return GUIDELINES / f"{name}.toml"


def load_guideline(name: str | Path, drugs: Path = DRUGS) -> Guideline:
    """Read and check a guideline and the drugs of a folder. Raises ConfigurationError naming file and key."""
    path = name if isinstance(name, Path) else guideline_path(name)
    own, data = _read(path)
    files = {file.name: _read(file) for file in sorted(drugs.glob("*.toml"))}
    ordered, orders = _read(ORDERS)
    hashes = Hashes(
        own=sha256_of(own),
        drugs={file: sha256_of(raw) for file, (raw, _) in files.items()},
        together=sha256_of(own, *(raw for raw, _ in files.values()), ordered),
    )
    limited = {file: content for file, (_, content) in files.items()}
    table = _checked(ORDERS, lambda: parse_orders(orders, sha256_of(ordered)))
    return _checked(path, lambda: parse_guideline(data, limited, table, hashes))


def sha256_of(*contents: bytes) -> str:
    """The hash of files, one after the other."""
    return hashlib.sha256(b"".join(contents)).hexdigest()


def _checked(path: Path, parse: Callable[[], T]) -> T:
    """What was parsed. Raises ConfigurationError naming the file, and the key at fault."""
    try:
        return parse()
    except GuidelineError as error:
        raise ConfigurationError(f"{path}: {error}") from None


def _read(path: Path) -> tuple[bytes, dict[str, Any]]:
    """A TOML file, its decimals exact. Raises ConfigurationError naming the file."""
    try:
        raw = path.read_bytes()
        return raw, tomllib.loads(raw.decode(), parse_float=Decimal)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except (
        ValueError,
        ArithmeticError,
        RecursionError,
    ) as error:  # not TOML, not UTF-8, numbers beyond reason
        raise ConfigurationError(f"{path}: not TOML: {type(error).__name__}: {str(error)[:200]}") from None


def load_codebook(overlay: Path | None) -> CodeBook:
    """The code tables with a site's overlay. Raises ConfigurationError naming file and key."""
    try:
        return CodeBook.load(overlay)
    except TableError as error:
        raise ConfigurationError(str(error)) from None


def search_codes(codebook: CodeBook) -> dict[Source, list[tuple[str, str]]]:
    """The Observation codes to search for, by search; a site's own are among them."""
    found: dict[Source, list[tuple[str, str]]] = {}
    for pair, meaning in sorted(codebook.codes.items(), key=lambda item: item[0]):
        source = _search_of(meaning)
        if source is not None:
            found.setdefault(source, []).append(pair)
    return found


def _search_of(meaning: Meaning) -> Source | None:
    if isinstance(meaning, PressureParent):
        return Source.VITALS
    if isinstance(meaning, StateQuestion):
        return Source.OXYGEN
    if isinstance(meaning, Support):  # "breathing room air" comes as an Observation's code without a value
        return Source.OXYGEN if meaning.device is OxygenDevice.ROOM_AIR else None
    if not isinstance(meaning, Measure):
        return None
    wanted = {Source.VITALS: VITALS, Source.OXYGEN: OXYGEN, Source.LABS: LABS}
    return next((source for source, concepts in wanted.items() if meaning.spec.concept in concepts), None)


def check_file(path: Path) -> str:
    """Check one file: a guideline (it has a [guideline] table) or a code overlay."""
    raw, data = _read(path)
    if "guideline" in data:
        return f"good: guideline {load_guideline(path).id}, sha256 {sha256_of(raw)}"
    load_codebook(path)
    return f"good: code overlay, sha256 {sha256_of(raw)}"
