"""From the table files to a draft of the code book, refusing whatever is not right in them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from fhir_mappings import drug_tables, observation_tables, support_tables, timing_tables
from fhir_mappings.draft import Draft
from fhir_mappings.errors import TableError
from fhir_mappings.facts import Concept
from fhir_mappings.toml_entry import Entry, closed

TABLES = Path(__file__).parent / "tables"

Reader = Callable[[Draft, Entry], None]

# In this order: systems before codes, units before the amounts that use them.
SECTIONS: dict[str, tuple[tuple[str, Reader], ...]] = {
    "systems.toml": (("system", observation_tables.read_system),),
    "units.toml": (("unit", observation_tables.read_unit),),
    "observations.toml": (
        ("concept", observation_tables.read_concept),
        ("parent", observation_tables.read_parent),
        ("excluded", observation_tables.read_excluded),
    ),
    "devices.toml": (
        ("question", support_tables.read_question),
        ("device", support_tables.read_device),
        ("mode", support_tables.read_mode),
        ("reason", support_tables.read_reason),
    ),
    "medications.toml": (
        ("drug", drug_tables.read_drug),
        ("route", drug_tables.read_route),
        ("rate_trap", drug_tables.read_rate_trap),
    ),
    "therapies.toml": (("therapy", drug_tables.read_therapy),),
    "conditions.toml": (("condition", support_tables.read_condition),),
    "timing.toml": (("timing", timing_tables.read_schedule),),
}


def read_tables(overlay: Path | None = None) -> tuple[Draft, str]:
    """All tables of the package, then the overlay, with the hash of their bytes."""
    draft = Draft()
    digest = hashlib.sha256()
    for name, sections in SECTIONS.items():
        content = (TABLES / name).read_bytes()
        digest.update(content)
        read_table(draft, Entry.parse(name, content), sections)
    missing = sorted(set(Concept) - set(draft.specs))
    if missing:
        raise TableError("observations.toml", "concept", f"{missing[0]} is missing")
    if overlay is not None:
        content = _read_overlay(overlay)
        digest.update(content)
        draft.overlay = True
        everything = tuple(section for sections in SECTIONS.values() for section in sections)
        read_table(draft, Entry.parse(overlay.name, content), everything)
    return draft, digest.hexdigest()


def _read_overlay(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TableError(str(path), "(file)", f"cannot be read: {error.strerror}") from error


def read_table(draft: Draft, table: Entry, sections: tuple[tuple[str, Reader], ...]) -> None:
    """One file: where it comes from and of when, then its sections."""
    draft.source = table.text("source")
    table.day("date")
    for section, reader in sections:
        for entry in closed(table.entries(section)):
            reader(draft, entry)
    table.close()
