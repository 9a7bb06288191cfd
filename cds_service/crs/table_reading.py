"""Strict reading of a parsed table: every key used, typed and named when it is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

E = TypeVar("E", bound=StrEnum)
UNITS_OF_TIME = {"min": "minutes", "h": "hours", "d": "days"}
LONGEST = {"min": 1440, "h": 720, "d": 365}
WITHOUT_NAME = ("1", "{score}")
"""Units of a plain number."""
STANDINGS = ("guideline", "label", "site policy")


class GuidelineError(Exception):
    """A table that cannot be used; the message names the key and why."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"{key}: {why}")
        self.key = key
        self.why = why


@dataclass(frozen=True, slots=True)
class Citation:
    """A source and its date."""

    citation: str
    date: date


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a table, for printing: which requirement it serves and where it is from.

    ``key`` names the line, with its file where that is not the guideline's own. ``value`` in ``unit`` is what
    a line with one number says; ``option`` (``topic=choice``) is what has to be chosen for it to hold.
    """

    key: str
    rule: str
    says: str
    standing: str
    source: str
    value: str = ""
    unit: str = ""
    option: str = ""
    citations: tuple[Citation, ...] = ()

    @property
    def text(self) -> str:
        """The whole line: ``24 h: fever comes in spikes (option x=y)``."""
        unit = "" if self.unit in WITHOUT_NAME else f" {self.unit}"
        amount = f"{self.value}{unit}: " if self.value else ""
        return f"{amount}{self.says}" + (f" (option {self.option})" if self.option else "")

    def within(self, file: str) -> Rule:
        """The same line, named with the file it stands in."""
        return replace(self, key=f"{file}: {self.key}")


class Section:
    """A TOML table that remembers which keys were asked for."""

    def __init__(self, data: Any, path: str, root: Section | None = None) -> None:
        self.path = path
        if not isinstance(data, Mapping):
            raise GuidelineError(path, "must be a table")
        self.data = data
        self.used: set[str] = set()
        self.children: list[Section] = []
        self.root = root or self
        self.citations: dict[str, Citation] = {}
        self.rules: list[Rule] = []

    def error(self, key: str, why: str) -> GuidelineError:
        return GuidelineError(f"{self.path}.{key}" if self.path else key, why)

    def _get(self, key: str) -> Any:
        self.used.add(key)
        if key not in self.data:
            raise self.error(key, "is missing")
        return self.data[key]

    def _child(self, data: Any, path: str) -> Section:
        child = Section(data, path, self.root)
        self.children.append(child)
        return child

    def section(self, key: str) -> Section:
        return self._child(self._get(key), f"{self.path}.{key}" if self.path else key)

    def sections(self) -> Iterator[tuple[str, Section]]:
        for key in self.data:
            yield key, self.section(key)

    def rows(self, key: str) -> list[Section]:
        rows = self._get(key)
        if not isinstance(rows, list) or not rows:
            raise self.error(key, "must be a non-empty list of tables")
        path = f"{self.path}.{key}" if self.path else key
        return [self._child(row, f"{path}[{index}]") for index, row in enumerate(rows)]

    def text(self, key: str) -> str:
        value = self._get(key)
        if not isinstance(value, str) or not value:
            raise self.error(key, "must be a text")
        return value

    def texts(self, key: str) -> list[str]:
        value = self._get(key)
        if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
            raise self.error(key, "must be a list of texts")
        return value

    def choice(self, value: str, kind: type[E], key: str) -> E:
        try:
            return kind(value)
        except ValueError:
            raise self.error(key, f"{value!r} is not one of {', '.join(kind)}") from None

    def choices(self, key: str, kind: type[E]) -> list[E]:
        return [self.choice(value, kind, key) for value in self.texts(key)]

    def date(self, key: str) -> date:
        value = self._get(key)
        if not isinstance(value, date):
            raise self.error(key, "must be a date")
        return value

    def number(self, key: str) -> Decimal:
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self.error(key, "must be a number")
        return Decimal(value)

    def optional_number(self, key: str) -> Decimal | None:
        return self.number(key) if key in self.data else None

    def integer(self, key: str) -> int:
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(key, "must be a whole number")
        return value

    def optional_integer(self, key: str) -> int | None:
        return self.integer(key) if key in self.data else None

    def within(self, key: str, low: int, high: int) -> int:
        value = self.integer(key)
        if not low <= value <= high:
            raise self.error(key, f"must lie between {low} and {high}")
        return value

    def number_within(self, key: str, low: int, high: int) -> Decimal:
        value = self.number(key)
        if not low <= value <= high:
            raise self.error(key, f"must lie between {low} and {high}")
        return value

    def numbers(self, key: str) -> tuple[Decimal, ...]:
        values = self._get(key)
        numeric = isinstance(values, list) and all(
            isinstance(v, int | Decimal) and not isinstance(v, bool) for v in values
        )
        if not numeric or not values:
            raise self.error(key, "must be a list of numbers")
        return tuple(Decimal(value) for value in values)

    def integers(self, key: str) -> tuple[int, ...]:
        numbers = self.numbers(key)
        if any(number != int(number) for number in numbers):
            raise self.error(key, "must be a list of whole numbers")
        return tuple(int(number) for number in numbers)

    def is_chosen(self, options: Mapping[str, str]) -> bool:
        """Whether the row holds: it names no ``option``, or the one that was chosen of its topic."""
        if "option" not in self.data:
            return True
        topic, _, choice = self.text("option").partition("=")
        if topic not in options:
            raise self.error("option", f"{topic!r} is not under [options]")
        return options[topic] == choice

    def ranks(self, key: str, kind: type[E]) -> dict[E, int]:
        """A list of lists: each member with the position of its list, from 1."""
        groups = self._get(key)
        if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
            raise self.error(key, "must be a list of lists of texts")
        return {self.choice(name, kind, key): rank for rank, group in enumerate(groups, 1) for name in group}

    def grade(self, key: str) -> int:
        value = self.integer(key)
        if value not in (1, 2, 3, 4):
            raise self.error(key, "must be a grade from 1 to 4")
        return value

    def duration(self) -> timedelta:
        unit = self.text("unit")
        if unit not in UNITS_OF_TIME:
            raise self.error("unit", f"must be one of {', '.join(UNITS_OF_TIME)}")
        value = self.integer("value")
        if not 0 < value <= LONGEST[unit]:
            raise self.error("value", f"must lie between 1 and {LONGEST[unit]}")
        return timedelta(**{UNITS_OF_TIME[unit]: value})

    def unit_is(self, unit: str) -> None:
        if self.text("unit") != unit:
            raise self.error("unit", f"must be {unit}")

    def shown(self, key: str) -> str:
        return str(self._get(key))

    def is_site_policy(self) -> bool:
        return self.text("standing") == "site policy"

    def cite(self, section: Section) -> Mapping[str, Citation]:
        """What the lines of this table may name as their source."""
        for key, item in section.sections():
            self.root.citations[key] = Citation(item.text("citation"), item.date("date"))
        return self.root.citations

    def record_amount(self) -> None:
        """Keep a row of one number in a unit, and why."""
        self.record(self.text("why"), self.shown("value"), self.text("unit"))

    def record(self, says: str, value: str = "", unit: str = "") -> None:
        """Keep this row for printing; checks that it names its rule, standing and source."""
        standing = self.text("standing")
        if standing not in STANDINGS:
            raise self.error("standing", f"must be one of {', '.join(STANDINGS)}")
        names = self.texts("sources") if "sources" in self.data else [self.text("source")]
        for name in names:
            if name not in self.root.citations:
                raise self.error("source", f"{name!r} is not under [sources]")
        option = self.text("option") if "option" in self.data else ""
        cited = tuple(self.root.citations[name] for name in names)
        line = (self.path, self.text("rule"), says, standing, ", ".join(names), value, unit, option, cited)
        self.root.rules.append(Rule(*line))

    def finish(self) -> None:
        """Refuse any key that nothing asked for."""
        for key in self.data:
            if key not in self.used:
                raise self.error(key, "unknown key")
        for child in self.children:
            child.finish()
