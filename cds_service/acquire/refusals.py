"""What FHIR servers were seen to refuse: how a refusal of a parameter is told, and how long it is remembered.

A 400 for another cause often repeats the address that was called. To search without sorting or a page size
for that would cost proofs of absence: the server must say that it refuses a parameter, and which.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from cds_service.observability import logger

REMEMBERED_S = 600.0
"""A server that was set right, or that refused for another cause after all, is asked as usual again."""

_ECHO = re.compile(r"\S*[?&]\S*")
"""An address or a form that is only repeated."""
_REFUSES = (
    r"(?:un(?:known|supported|recogni[sz]ed|expected)|(?:not|n't|cannot be) "
    r"(?:known|support\w*|recogni[sz]ed|allowed|permitted|valid)|invalid|illegal|must be|exceed\w*|maximum)"
)
_NOT_SUPPORTED = "not-supported"


class Refusals:
    """Which parameters a server was seen to refuse, by base URL and resource type; shared by all threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[frozenset[str], float]] = {}
        self._lock = threading.Lock()

    def of(self, base: str, resource_type: str) -> frozenset[str]:
        names, until = self._known.get((base, resource_type), (frozenset[str](), 0.0))
        return names if self._clock() < until else frozenset()

    def remember(self, base: str, resource_type: str, names: frozenset[str]) -> None:
        with self._lock:
            news = names - self.of(base, resource_type)
            self._known[base, resource_type] = (names, self._clock() + REMEMBERED_S)
        if news:
            logger.warning("fhir-parameter-refused", resource_type=resource_type, left_out=sorted(news))


def refused_among(names: Iterable[str], body: bytes | bytearray) -> frozenset[str]:
    """Those of the parameters that an answer of 400 says it refuses."""
    issues = list(_issues(body))
    return frozenset(name for name in names if any(_refuses(issue, name) for issue in issues))


def _issues(body: bytes | bytearray) -> Iterator[dict[str, Any]]:
    """The issues of an OperationOutcome; other text counts as the words of one."""
    try:
        outcome = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError):
        yield {"diagnostics": body.decode(errors="replace")}
        return
    issues = outcome.get("issue") if isinstance(outcome, dict) else None
    yield from (issue for issue in (issues if isinstance(issues, list) else ()) if isinstance(issue, dict))


def _refuses(issue: dict[str, Any], name: str) -> bool:
    text = _ECHO.sub(" ", " ".join(_words(issue)))
    named = rf"(?<![\w-]){re.escape(name)}(?!\w)"
    near = rf"(?is){_REFUSES}.{{0,80}}{named}|{named}.{{0,80}}{_REFUSES}"
    if re.search(near, text):
        return True
    if not any(re.search(named, place) for place in _places(issue)):
        return False
    return issue.get("code") == _NOT_SUPPORTED or re.search(rf"(?is){_REFUSES}", text) is not None


def _words(issue: dict[str, Any]) -> Iterator[str]:
    details = issue.get("details")
    texts = (issue.get("diagnostics"), details.get("text") if isinstance(details, dict) else None)
    yield from (text for text in texts if isinstance(text, str))


def _places(issue: dict[str, Any]) -> Iterator[str]:
    for member in ("expression", "location"):
        listed = issue.get(member)
        yield from (place for place in (listed if isinstance(listed, list) else ()) if isinstance(place, str))
