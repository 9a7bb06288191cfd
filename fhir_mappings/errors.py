"""The one error this library raises: a table that cannot be trusted.

Patient data never raises; it becomes a fact or a ``MappingIssue``.
"""

from __future__ import annotations


class TableError(ValueError):
    """A code table or overlay file is wrong: which file, which key, and why."""

    def __init__(self, file: str, key: str, why: str) -> None:
        super().__init__(f"{file}: {key}: {why}")
        self.file = file
        self.key = key
        self.why = why
