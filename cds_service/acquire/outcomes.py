"""An OperationOutcome among the results of a search: does it say, or leave open, that something is not there?

ADR 7 holds the reasons. In short: an error always does, and so does any issue about access, limits or time. A
warning does, unless it is known to be harmless; mere information does not.
"""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.acquire.order import Resource

_INCOMPLETE = frozenset({
    "incomplete", "suppressed", "security", "login", "unknown", "expired", "forbidden", "too-costly",
    "too-long", "transient", "lock-error", "no-store", "exception", "timeout", "throttled",
})  # fmt: skip
"""Issue types by which a server says that it could not, or would not, give everything."""

_NOT_SUPPORTED = "not-supported"
_DISPENSABLE = ("_sort", "_count")
"""Parameters that may be ignored. Where anything else is not supported, the type itself may be meant."""

_EPIC = "urn:oid:1.2.840.114350."
_EPIC_NO_RESULTS = frozenset({"4101"})  # with every empty search
_EPIC_HELD_BACK = frozenset({"4119", "59204", "59205"})  # "may not contain the entire record", not authorized


def is_harmless(outcome: Resource) -> bool:
    """Whether the results are still all there is."""
    issues = outcome.get("issue")
    return isinstance(issues, list) and bool(issues) and all(map(_is_harmless, issues))


def _is_harmless(issue: object) -> bool:
    if not isinstance(issue, dict):
        return False
    code, own = str(issue.get("code")), set(_epic_codes(issue))
    if code in _INCOMPLETE or own & _EPIC_HELD_BACK:
        return False
    if code == _NOT_SUPPORTED:
        return issue.get("severity") in ("information", "warning") and _is_about_paging(issue)
    match issue.get("severity"):
        case "information":
            return True
        case "warning":
            return bool(own) and own <= _EPIC_NO_RESULTS
    return False


def _is_about_paging(issue: Resource) -> bool:
    details = issue.get("details")
    said = f"{details.get('text') if isinstance(details, dict) else ''} {issue.get('diagnostics')}"
    return any(name in said for name in _DISPENSABLE)


def _epic_codes(issue: Resource) -> Iterator[str]:
    details = issue.get("details")
    codings = details.get("coding") if isinstance(details, dict) else None
    for coding in codings if isinstance(codings, list) else ():
        if isinstance(coding, dict) and str(coding.get("system")).startswith(_EPIC):
            yield str(coding.get("code"))
