"""The code book: what every known code, name and unit text means.

Read once at start from the tables of this package and, if there is one, a
site's overlay; immutable afterwards and safe to share between threads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from fhir_mappings.agreement import agreed
from fhir_mappings.code_systems import FORMS, Form, System
from fhir_mappings.facts import Concept, DrugGroup, OxygenDevice
from fhir_mappings.loading import read_tables
from fhir_mappings.meanings import (
    CodeRange,
    ConceptSpec,
    Conflict,
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
from fhir_mappings.resources import codings
from fhir_mappings.units import UnitTable

SYSTEM_AND_CODE = itemgetter("system", "code")
TELLING = 4
"""Letters of a name that tells a device among other words: "cpap" does, "ra" does not."""
VAGUE = frozenset(
    {OxygenDevice.ROOM_AIR, OxygenDevice.AIRWAY, OxygenDevice.STANDBY, OxygenDevice.OXYGEN_UNSPECIFIED}
)


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    """Any of the names as whole words, the longest first."""
    longest_first = sorted(map(re.escape, names), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)")


@dataclass(frozen=True)
class CodeBook:
    """Lookups by code, by exact name and by unit. Build one with ``CodeBook.load``."""

    codes: Mapping[tuple[str, str], Meaning]
    systems: Mapping[str, System]
    ranges: tuple[CodeRange, ...]
    drug_names: Mapping[str, DrugCode]
    device_names: Mapping[str, Support]
    mode_names: Mapping[str, Support]
    route_names: Mapping[str, RouteName]
    reason_names: Mapping[str, Reason]
    timing_names: Mapping[str, Schedule]
    specs: Mapping[Concept, ConceptSpec]
    drugs: Mapping[str, Drug]
    rate_traps: Mapping[DrugGroup, tuple[RateTrap, ...]]
    units: UnitTable
    rows: tuple[TableRow, ...] = field(repr=False)
    sha256: str = ""
    """Of the bytes of all tables in use, the overlay included."""
    find: Callable[[str, str], Meaning | None] = field(init=False, repr=False, compare=False)
    """What (system, code) means; systems may go by any of their names."""

    device_mention: re.Pattern[str] = field(init=False, repr=False, compare=False)
    """Finds the name of a device of oxygen or ventilation inside a longer text; short names are left out."""

    mention: re.Pattern[str] = field(init=False, repr=False, compare=False)
    """Finds the name of a drug inside a longer text; fluids, which carry other drugs, are left out."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "find", lru_cache(maxsize=16384)(self._find))
        drugs = {name for name, code in self.drug_names.items() if DrugGroup.FLUID not in code.drug.groups}
        devices = {n for n, s in self.device_names.items() if len(n) >= TELLING and s.device not in VAGUE}
        object.__setattr__(self, "mention", _any_of(drugs))
        object.__setattr__(self, "device_mention", _any_of(devices))

    @classmethod
    def load(cls, overlay: Path | None = None) -> CodeBook:
        """The tables of this package, with a site's additions; TableError if one is wrong."""
        draft, sha256 = read_tables(overlay)
        return cls(
            codes=draft.codes,
            systems=draft.systems,
            ranges=tuple(draft.ranges),
            drug_names=draft.drug_names,
            device_names=draft.device_names,
            mode_names=draft.mode_names,
            route_names=draft.route_names,
            reason_names=draft.reason_names,
            timing_names=draft.timing_names,
            specs=draft.specs,
            drugs=draft.drugs,
            rate_traps={group: tuple(traps) for group, traps in draft.rate_traps.items()},
            units=UnitTable(draft.unit_codes, draft.unit_texts, draft.unit_spellings),
            rows=tuple(draft.rows),
            sha256=sha256,
        )

    def _find(self, system: str, code: str) -> Meaning | None:
        system = system.strip().rstrip("/")
        known = self.systems.get(system)
        if known is None:
            return self.codes.get((system, code.strip()))
        forms = FORMS[known.form](code.strip())
        found = {form: self.codes[known.uri, form] for form in forms if (known.uri, form) in self.codes}
        if found:
            return next(iter(found.values())) if len(found) == 1 else None
        return self._in_range(known, forms[0]) if known.form is Form.ICD else None

    def _in_range(self, system: System, code: str) -> Meaning | None:
        for band in self.ranges:
            if band.system == system.uri and code in band:
                return band.meaning
        return None

    def meaning(self, concept: Any) -> Meaning | Conflict | None:
        """What a CodeableConcept means, all its codings considered; text is not."""
        try:
            (only,) = concept["coding"]
            return self.find(*SYSTEM_AND_CODE(only))  # nearly always
        except (KeyError, TypeError, ValueError, AttributeError):
            return self._meaning(concept)

    def _meaning(self, concept: Any) -> Meaning | Conflict | None:
        found: list[Meaning] = []
        for coding in codings(concept):
            code, system = coding.get("code"), coding.get("system", "")
            if isinstance(code, str) and isinstance(system, str):
                meaning = self.find(system, code)
                if meaning is not None and meaning not in found:
                    found.append(meaning)
        return agreed(found) if found else None
