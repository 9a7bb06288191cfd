"""The log as it is written: real lines on stderr, read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from cds_service.observability import logs


class Logged(NamedTuple):
    """What was written to stderr since it was last asked for, by whomever."""

    capture: pytest.CaptureFixture[str]
    kept: list[str]

    @property
    def text(self) -> str:
        self.kept.append(self.capture.readouterr().err)
        return "".join(self.kept)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Every line of the log; a line that is no JSON fails the test."""
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def events(self) -> list[str]:
        return [line["event"] for line in self.lines]


def everything(capture: pytest.CaptureFixture[str]) -> Iterator[Logged]:
    """The log at its most talkative, for one test."""
    logs.set_level("debug")
    yield Logged(capture, [])
    logs.set_level("warning")
