"""What a check found, and what to do about it. No secret, no patient and no answer of a server is in it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    check: str
    state: State
    said: str
    mend: str = ""


def ok(check: str, said: str) -> Finding:
    return Finding(check, State.OK, said)


def warn(check: str, said: str, mend: str) -> Finding:
    return Finding(check, State.WARN, said, mend)


def fail(check: str, said: str, mend: str) -> Finding:
    return Finding(check, State.FAIL, said, mend)
