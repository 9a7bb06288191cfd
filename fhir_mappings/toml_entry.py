"""Reading a table file so that nothing in it goes unread or half-read.

Every key of an ``Entry`` has to be taken; one that is left over is an error
with the file and the key named, so that a misspelt key never passes silently.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from fhir_mappings.errors import TableError

Choice = TypeVar("Choice", bound=StrEnum)


class Entry:
    """One TOML table and the keys of it that were not read yet."""

    def __init__(self, file: str, path: str, raw: Any) -> None:
        if not isinstance(raw, dict):
            raise TableError(file, path or "(file)", "must be a table")
        self.file = file
        self.path = path
        self._raw: dict[str, Any] = raw
        self._left = set(raw)

    @classmethod
    def parse(cls, file: str, content: bytes) -> Entry:
        try:
            return cls(file, "", tomllib.loads(content.decode("utf-8"), parse_float=Decimal))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise TableError(file, "(file)", f"is not TOML: {error}") from error

    @classmethod
    def read(cls, path: Path) -> Entry:
        try:
            return cls.parse(path.name, path.read_bytes())
        except OSError as error:
            raise TableError(str(path), "(file)", f"cannot be read: {error.strerror}") from error

    def error(self, key: str, why: str) -> TableError:
        return TableError(self.file, ".".join(part for part in (self.path, key) if part), why)

    def has(self, key: str) -> bool:
        return key in self._raw

    def _take(self, key: str, kind: type | tuple[type, ...], called: str, default: Any) -> Any:
        self._left.discard(key)
        if key not in self._raw:
            if default is ...:
                raise self.error(key, "is missing")
            return default
        value = self._raw[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.error(key, f"must be {called}")
        return value

    def text(self, key: str, default: Any = ...) -> str:
        value: str = self._take(key, str, "a text", default)
        if key in self._raw and not value.strip():
            raise self.error(key, "must not be empty")
        return value

    def number(self, key: str, default: Any = ...) -> Decimal:
        value = self._take(key, (int, Decimal), "a number", default)
        if isinstance(value, Decimal) and not value.is_finite():
            raise self.error(key, "must be a finite number")
        return Decimal(value)

    def flag(self, key: str) -> bool:
        return bool(self._take(key, bool, "true or false", False))

    def day(self, key: str) -> date:
        value: date = self._take(key, date, "a date", ...)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._take(key, list, "a list of texts", [])
        if any(not isinstance(value, str) or not value.strip() for value in values):
            raise self.error(key, "must be a list of texts")
        return tuple(values)

    def choice(self, key: str, options: type[Choice], default: Any = ...) -> Choice:
        return self._choose(key, self.text(key, default), options)

    def choices(self, key: str, options: type[Choice]) -> frozenset[Choice]:
        return frozenset(self._choose(key, value, options) for value in self.texts(key))

    def _choose(self, key: str, value: str, options: type[Choice]) -> Choice:
        try:
            return options(value)
        except ValueError:
            raise self.error(key, f"{value!r} is not one of {', '.join(options)}") from None

    def entries(self, key: str) -> list[Entry]:
        """The tables of a list, each to be closed by the caller."""
        values = self._take(key, list, "a list of tables", [])
        return [Entry(self.file, self._name(key, index, value), value) for index, value in enumerate(values)]

    def _name(self, key: str, index: int, value: Any) -> str:
        label = next((value[k] for k in ("id", "code") if isinstance(value, dict) and k in value), index + 1)
        return ".".join(part for part in (self.path, f"{key}[{label}]") if part)

    def entry(self, key: str) -> Entry | None:
        value = self._take(key, dict, "a table", None)
        return None if value is None else Entry(self.file, ".".join(filter(None, (self.path, key))), value)

    def close(self) -> None:
        """Refuse what nobody asked for."""
        if self._left:
            raise self.error(sorted(self._left)[0], "is not a known key")


def closed(entries: Iterable[Entry]) -> Iterable[Entry]:
    """The entries one by one, each checked for unknown keys after its use."""
    for entry in entries:
        yield entry
        entry.close()
