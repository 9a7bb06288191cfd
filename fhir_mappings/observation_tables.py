"""Readers of systems.toml, units.toml and observations.toml."""

from __future__ import annotations

from decimal import Decimal

from fhir_mappings.code_systems import Form, System
from fhir_mappings.draft import Draft
from fhir_mappings.facts import Concept, Method
from fhir_mappings.meanings import (
    AssumedUnit,
    ConceptSpec,
    Excluded,
    Measure,
    PressureParent,
    Suspect,
    TableRow,
)
from fhir_mappings.toml_entry import Entry, closed
from fhir_mappings.units import Unit, squeeze

OF_OXYGEN = (Concept.OXYGEN_FLOW, Concept.FIO2)


def read_system(draft: Draft, entry: Entry) -> None:
    """A code system: its short id, its URI, other names, and the form of its codes."""
    uri = entry.text("uri")
    system = System(entry.text("id"), uri, entry.choice("form", Form, Form.PLAIN.value))
    for name in (system.id, uri, *entry.texts("aliases")):
        if draft.systems.setdefault(name, system) is not system:
            raise entry.error("aliases", f"{name!r} names two systems")


def read_unit(draft: Draft, entry: Entry) -> None:
    """A unit: UCUM code, dimension, factor to the dimension's base, and texts."""
    code = entry.text("code")
    unit = draft.unit_codes.get(code)
    draft.site_adds_only(entry, unit is not None, "unit")
    if unit is None:
        unit = Unit(
            code,
            entry.text("dimension"),
            _positive(entry, "factor"),
            _positive(entry, "divisor"),
            entry.number("offset", Decimal(0)),
        )
        draft.unit_codes[code] = unit
        _bind_unit_text(draft, entry, code, unit)
    for text in entry.texts("texts"):
        _bind_unit_text(draft, entry, text, unit)
    texts = ", ".join(entry.texts("texts")) or code
    draft.rows.append(TableRow("units", code, texts, unit=unit.dimension, source=draft.source))


def _positive(entry: Entry, key: str) -> Decimal:
    number = entry.number(key, Decimal(1))
    if number <= 0:
        raise entry.error(key, "must be above zero")
    return number


def _bind_unit_text(draft: Draft, entry: Entry, text: str, unit: Unit) -> None:
    known = draft.unit_texts.setdefault(squeeze(text), unit)
    if known is not unit:
        raise entry.error("texts", f"{text!r} already stands for {known.code}")
    draft.unit_spellings[text] = unit


def unit_of(draft: Draft, entry: Entry, key: str) -> Unit:
    code = entry.text(key)
    if code not in draft.unit_codes:
        raise entry.error(key, f"{code!r} is not in the unit table")
    return draft.unit_codes[code]


def read_concept(draft: Draft, entry: Entry) -> None:
    """What is measured: canonical unit, plausible range, and the codes it goes by."""
    concept = entry.choice("id", Concept)
    draft.site_adds_only(entry, concept in draft.specs, "concept")
    if not draft.overlay:
        draft.specs[concept] = _read_spec(draft, entry, concept)
    spec = draft.specs[concept]
    row = TableRow("observations", concept, concept, unit=spec.unit.code, range=f"{spec.low} to {spec.high}")
    for code in closed(entry.entries("codes")):
        method = code.choice("method", Method, Method.UNSPECIFIED.value)
        draft.bind_code(code, concept, Measure(spec, method), row)


def _read_spec(draft: Draft, entry: Entry, concept: Concept) -> ConceptSpec:
    entry.text("display")
    unit = unit_of(draft, entry, "unit")
    low, high = _read_plausible(entry)
    return ConceptSpec(
        concept,
        concept.value,
        unit,
        low,
        high,
        round_to=_positive(entry, "round_to") if entry.has("round_to") else None,
        bounds=entry.flag("bounds_may_stand"),
        day_is_enough=entry.flag("day_is_enough"),
        of_oxygen=concept in OF_OXYGEN,
        assumed=tuple(_read_assumed(draft, each, unit) for each in closed(entry.entries("without_unit"))),
        suspects=tuple(_read_suspect(draft, each) for each in closed(entry.entries("suspect"))),
    )


def _read_plausible(entry: Entry) -> tuple[Decimal, Decimal]:
    plausible = entry.entry("plausible")
    if plausible is None:
        raise entry.error("plausible", "is missing")
    low, high = _read_range(plausible)
    plausible.text("source")
    plausible.day("date")
    plausible.close()
    return low, high


def _read_range(entry: Entry) -> tuple[Decimal, Decimal]:
    low, high = entry.number("low"), entry.number("high")
    if low >= high:
        raise entry.error("high", "must be above low")
    return low, high


def _read_assumed(draft: Draft, entry: Entry, target: Unit) -> AssumedUnit:
    unit = unit_of(draft, entry, "unit")
    if unit.dimension != target.dimension:
        raise entry.error("unit", f"is not a unit of {target.dimension}")
    return AssumedUnit(*_read_range(entry), unit)


def _read_suspect(draft: Draft, entry: Entry) -> Suspect:
    unit = unit_of(draft, entry, "unit").code
    return Suspect(unit, *_read_range(entry), entry.text("detail"))


def read_parent(draft: Draft, entry: Entry) -> None:
    """Codes whose components may be trusted to be systemic blood pressures."""
    owner = entry.text("id")
    row = TableRow("observations", owner, entry.text("display", owner))
    for code in closed(entry.entries("codes")):
        draft.bind_code(code, owner, PressureParent(), row)


def read_excluded(draft: Draft, entry: Entry) -> None:
    """Codes that are known and on purpose not used, with the issue that says why."""
    if draft.overlay:
        raise entry.error("id", "an overlay cannot exclude codes")
    owner = entry.text("id")
    meaning = Excluded(owner, entry.choice("concept", Concept))
    entry.text("why")
    for code in closed(entry.entries("codes")):
        draft.bind_code(code, owner, meaning, TableRow("observations", owner, f"not used: {owner}"))
