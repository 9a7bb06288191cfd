"""What an OperationOutcome among results says about them: ADR 7."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.acquire.outcomes import is_harmless

EPIC = "urn:oid:1.2.840.114350.1.13.0.1.7.2.657369"
NO_RESULTS, HELD_BACK, NOT_ALLOWED = "4101", "4119", "59204"


def issue(severity: str, code: str, *own: str) -> dict[str, Any]:
    codings = [{"system": EPIC, "code": number} for number in own]
    return {"severity": severity, "code": code, **({"details": {"coding": codings}} if codings else {})}


def outcome(*issues: object) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


HARMLESS = [
    outcome(issue("information", "informational")),
    outcome(issue("information", "processing")),
    outcome(issue("warning", "not-supported") | {"diagnostics": "The parameter _sort is not supported"}),
    outcome(issue("information", "not-supported") | {"details": {"text": "_count was ignored"}}),
    outcome(issue("warning", "processing", NO_RESULTS)),
    outcome(issue("warning", "informational", NO_RESULTS), issue("information", "value")),
]
TELLING = [
    outcome(),
    {"resourceType": "OperationOutcome"},
    outcome("text"),
    outcome(issue("fatal", "processing")),
    outcome(issue("error", "not-supported") | {"diagnostics": "_sort"}),
    outcome(issue("warning", "not-supported")),
    outcome(issue("information", "not-supported")),
    outcome(issue("warning", "not-supported") | {"diagnostics": "MedicationAdministration is not supported"}),
    outcome(issue("warning", "not-supported") | {"details": ["_sort"]}),
    outcome(issue("error", "processing", NO_RESULTS)),
    outcome(issue("warning", "processing")),
    outcome(issue("warning", "informational", HELD_BACK)),
    outcome(issue("warning", "processing", NO_RESULTS), issue("warning", "processing", HELD_BACK)),
    outcome(issue("warning", "processing", NO_RESULTS, HELD_BACK)),
    outcome(issue("information", "informational", NOT_ALLOWED)),
    outcome({"severity": "warning", "code": "processing", "details": {"coding": [{"code": NO_RESULTS}]}}),
    outcome({"severity": "warning", "code": "processing", "details": {"coding": [7]}}),
    outcome({"severity": "warning", "details": []}),
    outcome({"code": "informational"}),
    outcome({"severity": ["information"], "code": {}}),
    *(
        outcome(issue(severity, code))
        for severity in ("information", "warning")
        for code in ("incomplete", "suppressed", "forbidden", "throttled", "timeout", "too-costly", "expired")
    ),
]


@pytest.mark.parametrize("value", HARMLESS)
def test_it_leaves_the_results_whole(value: dict[str, Any]) -> None:
    """CH-29g."""
    assert is_harmless(value)


@pytest.mark.parametrize("value", TELLING)
def test_it_says_or_leaves_open_that_something_is_not_there(value: dict[str, Any]) -> None:
    """CH-29g."""
    assert not is_harmless(value)
