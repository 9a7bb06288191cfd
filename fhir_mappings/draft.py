"""The code book while it is being read: every code and name bound once, to one meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from fhir_mappings.code_systems import CHECKS, FORMS, Form, System, plain
from fhir_mappings.facts import Concept, DrugGroup
from fhir_mappings.meanings import (
    CodeRange,
    ConceptSpec,
    Drug,
    DrugCode,
    Meaning,
    RateTrap,
    Reason,
    RouteName,
    Schedule,
    Support,
    TableRow,
)
from fhir_mappings.toml_entry import Entry
from fhir_mappings.units import Unit

M = TypeVar("M")

STANDINGS = ("verified", "single-source")
SITE = "site"


@dataclass(slots=True)
class Draft:
    """Tables read so far. ``overlay`` is set once the site's file is being read."""

    overlay: bool = False
    source: str = ""
    systems: dict[str, System] = field(default_factory=dict)
    codes: dict[tuple[str, str], Meaning] = field(default_factory=dict)
    ranges: list[CodeRange] = field(default_factory=list)
    drug_names: dict[str, DrugCode] = field(default_factory=dict)
    device_names: dict[str, Support] = field(default_factory=dict)
    mode_names: dict[str, Support] = field(default_factory=dict)
    route_names: dict[str, RouteName] = field(default_factory=dict)
    reason_names: dict[str, Reason] = field(default_factory=dict)
    timing_names: dict[str, Schedule] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    specs: dict[Concept, ConceptSpec] = field(default_factory=dict)
    drugs: dict[str, Drug] = field(default_factory=dict)
    rate_traps: dict[DrugGroup, list[RateTrap]] = field(default_factory=dict)
    unit_codes: dict[str, Unit] = field(default_factory=dict)
    unit_texts: dict[str, Unit] = field(default_factory=dict)
    unit_spellings: dict[str, Unit] = field(default_factory=dict)
    rows: list[TableRow] = field(default_factory=list)
    bound_in: dict[tuple[str, str], str] = field(default_factory=dict)

    def site_adds_only(self, entry: Entry, known: bool, what: str) -> None:
        """An overlay adds codes and texts to what exists; it defines nothing new."""
        if self.overlay and not known:
            raise entry.error("id", f"no {what} of this id; an overlay adds codes and texts to known ones")
        if known and not self.overlay:
            raise entry.error("id", f"this {what} is there twice")

    def system(self, entry: Entry) -> System:
        """The system of a code row; an overlay may name any system by its URI."""
        name = entry.text("system").strip().rstrip("/")
        known = self.systems.get(name)
        if known is None and self.overlay and ":" in name:
            return System(name, name)
        if known is None:
            raise entry.error("system", f"{name!r} is not a known code system")
        return known

    def standing(self, entry: Entry) -> str:
        if self.overlay:
            return entry.text("standing", SITE)
        standing = entry.text("standing")
        if standing not in STANDINGS:
            raise entry.error("standing", f"must be one of {', '.join(STANDINGS)}")
        return standing

    def bind_code(self, entry: Entry, owner: str, meaning: Meaning, row: TableRow) -> None:
        """Bind one code row (``system``, ``code``, ``display``, ``standing``) to its meaning."""
        system, code = self.system(entry), entry.text("code").strip()
        check = CHECKS.get(system.form)
        if check is not None and not check(code):
            raise entry.error("code", f"{code!r} is not a valid {system.id} code (check digit or shape)")
        key = (system.uri, FORMS[system.form](code)[0])
        if key in self.codes:
            raise entry.error("code", f"{code} of {system.id} is already bound to {self.bound_in[key]}")
        self.codes[key] = meaning
        self.bound_in[key] = owner
        display = entry.text("display", "" if self.overlay else ...) or row.display
        standing = self.standing(entry)
        self.rows.append(
            TableRow(row.table, owner, display, system.uri, code, standing, row.unit, row.range, self.source)
        )

    def bind_range(self, entry: Entry, owner: str, meaning: Meaning, table: str) -> None:
        """Bind the codes from ``low`` to ``high`` of a system whose codes have an order."""
        system, low, high = self.system(entry), entry.text("low"), entry.text("high")
        if system.form is not Form.ICD:
            raise entry.error("system", "ranges are for ICD codes only")
        band = CodeRange(system.uri, FORMS[Form.ICD](low)[0], FORMS[Form.ICD](high)[0], meaning)
        if band.low > band.high:
            raise entry.error("high", "lies before low")
        for other in self.ranges:
            overlaps = band.low in other or other.low in band
            if other.system == band.system and overlaps and other.meaning != meaning:
                raise entry.error("low", f"{low}–{high} overlaps a range of another group")
        self.ranges.append(band)
        standing = self.standing(entry)
        display = entry.text("display", "" if self.overlay else ...)
        self.rows.append(
            TableRow(table, owner, display, system.uri, f"{low}–{high}", standing, source=self.source)
        )

    def bind_texts(
        self, entry: Entry, key: str, names: dict[str, M], owner: str, meaning: M, table: str
    ) -> None:
        """Bind exact texts (compared without case) to a meaning."""
        for text in entry.texts(key):
            name = plain(text)
            if name in names:
                raise entry.error(key, f"{text!r} is there twice")
            names[name] = meaning
            self.rows.append(TableRow(table, owner, text, source=self.source, standing="text"))
