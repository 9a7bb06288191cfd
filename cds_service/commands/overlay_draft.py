"""What nothing maps yet, as TOML for a site's overlay: all of it commented out, the ids left to a person."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from cds_service.commands.account_text import UNPRINTABLE, shown
from fhir_mappings import Account, CodeBook, Unmapped
from fhir_mappings.coded import Place
from fhir_mappings.facts import Concept, ConditionGroup, OxygenDevice, Route
from fhir_mappings.unmapped import combine

WIDTH = 110


@dataclass(frozen=True, slots=True)
class Section:
    """The table of an overlay that binds what was charted in one place."""

    table: str
    texts: str
    """The key that binds a text."""
    heading: str
    id: str = "id"


SECTIONS = {
    Place.OBSERVATION: Section(
        "concept",
        "",
        "Observation codes. Choose the concept: {concepts}.\n"
        "A code whose value names the oxygen device or the ventilation mode goes under [[question]], id "
        "device or mode; a local blood pressure panel under [[parent]], id blood-pressure.",
    ),
    Place.MEDICATION: Section(
        "drug",
        "names",
        "Drugs. Choose one of: {drugs}.\n"
        "Cell products and T-cell engagers go under [[therapy]], one of: {therapies}.",
    ),
    Place.PROCEDURE: Section(
        "therapy",
        "names",
        "Procedures. Choose the therapy: {therapies}.\nOxygen and ventilation go under [[device]] (texts).",
    ),
    Place.VACCINE: Section("therapy", "names", "Immunizations. Choose the therapy: {therapies}."),
    Place.DEVICE: Section("device", "texts", "Devices in use. Choose one of: {devices}."),
    Place.DEVICE_ANSWER: Section("device", "texts", "Oxygen devices. Choose one of: {devices}."),
    Place.MODE_ANSWER: Section("mode", "texts", "Ventilation modes. Choose what each shows: {devices}."),
    Place.UNIT: Section("unit", "texts", "Units. Give the UCUM code that is meant, one of: {units}.", "code"),
    Place.ROUTE: Section("route", "texts", "Routes. Choose one of: {routes}."),
    Place.CONDITION: Section("condition", "", "Diagnoses. Choose the group: {groups}."),
}
PREFACE = (
    "Codes that nothing maps, the most frequent first. Most of a chart is of no concern here. Where one "
    "matters, take the # off its three lines and fill in its id; delete the rest. Then: crs-cds tables check "
    "FILE"
)


def commented(lines: Iterable[str]) -> Iterator[str]:
    """As comments of a TOML file."""
    for line in lines:
        yield f"# {line}".rstrip()


def draft_lines(accounts: Iterable[Account], book: CodeBook, today: date | None) -> Iterator[str]:
    """A draft of an overlay: with ``today`` a file of its own, else to be added to the one in use."""
    if today is not None:
        yield 'source = "codes charted at this site, as listed by crs-cds map"'
        yield f"date = {today.isoformat()}"
        yield ""
    found = combine(item for account in accounts for item in account.unmapped)
    if not found:
        yield "# Nothing was charted in a code that is not known."
        return
    yield from commented(_wrapped(PREFACE))
    choices, written = _choices(book), set[tuple[str, str]]()
    for place, section in SECTIONS.items():
        items = [item for item in found if item.place is place]
        if items:
            yield ""
            yield from commented(_wrapped(section.heading.format_map(choices)))
        for item in items:
            yield ""
            yield from _entry(item, section, written)


def _choices(book: CodeBook) -> dict[str, str]:
    """The ids that an overlay may name, by kind."""
    lists: dict[str, Iterable[str]] = {
        "concepts": Concept,
        "drugs": [drug.id for drug in book.drugs.values() if not drug.therapy],
        "therapies": [drug.id for drug in book.drugs.values() if drug.therapy],
        "devices": [device for device in OxygenDevice if device is not OxygenDevice.NOT_UNDERSTOOD],
        "units": book.units.codes,
        "groups": ConditionGroup,
        "routes": [route for route in Route if route is not Route.UNSPECIFIED],
    }
    return {name: ", ".join(items) for name, items in lists.items()}


def _wrapped(text: str) -> Iterator[str]:
    for paragraph in text.split("\n"):
        yield from textwrap.wrap(paragraph, WIDTH - 2, break_long_words=False, break_on_hyphens=False)


def _entry(item: Unmapped, section: Section, written: set[tuple[str, str]]) -> Iterator[str]:
    """What was charted and how often, then the lines that bind it."""
    yield f"# {item.count} × {_described(item)}"
    key = (item.system, item.code)
    if item.fault or (item.code and key in written):
        yield f"# {shown(item.code)} cannot be bound: {item.fault or 'it is listed above'}"
        return
    written.add(key)
    yield f"#[[{section.table if not item.code or section.table != 'mode' else 'device'}]]"
    yield f'#{section.id} = ""'
    if not item.code:
        yield f"#{section.texts} = [{_quoted(item.text)}]"
        return
    display = f", display = {_quoted(item.text)}" if item.text else ""
    yield f"#codes = [{{ system = {_quoted(item.system)}, code = {_quoted(item.code)}{display} }}]"


def _described(item: Unmapped) -> str:
    kind = " ".join(part for part in (item.value_type, item.unit) if part)
    named = f"– its text names {item.names}" if item.names else ""
    parts = (item.text or item.code, f"({kind})" if kind else "", named)
    return " ".join(shown(part) for part in parts if part)


def _quoted(text: str) -> str:
    """A basic string of TOML, without anything that a terminal would obey."""
    return UNPRINTABLE.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in match[0])
