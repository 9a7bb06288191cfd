"""What became of a patient's resources, as a table for people."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from cds_service.commands.account_json import fact_document
from fhir_mappings import Account, Accounted, Outcome
from fhir_mappings.facts import MappingIssue

Json = dict[str, Any]

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
LONGEST = 100
"""Characters of a charted text that are shown."""
AMOUNTS = ("flow", "fio2", "rate", "dose")
FLAGS = ("ongoing", "uncertain")
MEANING = {
    Outcome.FACT: "used",
    Outcome.ISSUE: "not used, and said why",
    Outcome.NOT_RELEVANT: "no code in it means anything here",
    Outcome.LATER: "later than the time asked for",
    Outcome.LOOKED_UP: "read for the resources that refer to it",
    Outcome.NOT_READ: "of a type that is never read",
    Outcome.UNEXPLAINED: "a fault of this program: please report it",
}


def shown(words: str) -> str:
    """A charted text on one line, without what a terminal would obey."""
    line = UNPRINTABLE.sub(" ", words).strip()
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def account_lines(patient: str, account: Account) -> list[str]:
    """A heading, then a line for every resource and further ones for what else it became."""
    number = len(account.resources)
    title = f"Patient {shown(patient)}" if patient else "About no patient"
    width = max((len(shown(row.reference)) for row in account.resources), default=0)
    lines = [f"{title}: {number} resource{'' if number == 1 else 's'}", ""]
    for row in account.resources:
        first, *more = _became(row)
        lines.append(f"  {row.outcome:<12}  {shown(row.reference):<{width}}  {first}".rstrip())
        lines += [f"  {'':<12}  {'':<{width}}  {line}" for line in more]
    return lines


def _became(row: Accounted) -> list[str]:
    """The facts, then the issues; else what the resource calls itself."""
    facts = [fact_line(fact_document(fact)) for fact in row.facts]
    return [*facts, *map(issue_line, row.issues)] or [shown(row.label)]


def fact_line(fact: Json) -> str:
    """``temperature 38 Cel (charted as 100.4 [degF])  2026-03-10T08:00:00Z``."""
    words = [fact["concept"], fact.get("value"), fact.get("unit")]
    words += [
        f"“{shown(fact['label'])}”" if fact.get("label", fact.get("value")) != fact.get("value") else ""
    ]
    words += [f"{key} {_amount(fact[key])}" for key in AMOUNTS if key in fact]
    words += [f"(charted as {_amount(fact['charted'])})" if "charted" in fact else ""]
    words += [fact.get("method"), fact.get("route"), fact.get("product")]
    words += [f"grade {fact['grade']}" if "grade" in fact else "", *fact.get("reasons", ())]
    words += [fact["status"] if fact.get("status") not in (None, "completed") else ""]
    words += [flag for flag in FLAGS if flag in fact]
    when = " to ".join(fact[key] for key in ("time", "end") if key in fact)
    return "  ".join(filter(None, (" ".join(shown(word) for word in words if word), when)))


def _amount(amount: Json) -> str:
    unit = "" if amount["unit"] == "1" else shown(amount["unit"])
    return f"{amount['value']} {unit}".strip()


def issue_line(issue: MappingIssue) -> str:
    """``unit-mismatch: The unit measures something else. (temperature: 37 mm[Hg])``."""
    charted = " ".join(shown(part) for part in (issue.value, issue.unit) if part)
    about = ": ".join(part for part in (shown(issue.concept), charted) if part)
    return f"{issue.code}: {shown(issue.detail)}" + (f" ({about})" if about else "")


def totals_lines(accounts: Iterable[Account]) -> Iterator[str]:
    """How many resources came to what, and how many issues of each code there are."""
    every = list(accounts)
    outcomes = Counter[Outcome]()
    issues = Counter[str]()
    for account in every:
        outcomes.update(account.outcomes)
        issues.update(account.issues)
    yield f"{outcomes.total()} resources"
    for outcome in Outcome:
        if outcomes[outcome]:
            yield f"{outcomes[outcome]:>7}  {outcome:<12}  {MEANING[outcome]}"
    copies = sum(account.duplicates for account in every)
    if copies:
        yield f"{copies:>7}  copies or older versions, not counted above"
    yield ""
    yield f"{issues.total()} issues, explained in docs/reference/mapping-issues.md" if issues else "No issues"
    for code, count in sorted(issues.items(), key=lambda item: (-item[1], item[0])):
        yield f"{count:>7}  {code}"
