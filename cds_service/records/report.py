"""What clinicians did with the cards, by week and rule.

A card counts once: in the week in which it was shown, under each rule that it stands on; accepted where a
suggestion of it was ever accepted, overridden where it ever was (it may be both). Feedback to a card that is
not known here counts under ``UNKNOWN``, in the week of the outcome.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from cds_service.records.schema import cards, feedback

UNKNOWN = "(unknown card)"
Reason = tuple[str, str]


@dataclass(slots=True)
class Line:
    """One rule in one ISO week."""

    week: str
    rule: str
    shown: int = 0
    shadow: int = 0
    """Would have been shown: held back in shadow."""
    accepted: int = 0
    overridden: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)

    def document(self) -> dict[str, Any]:
        counted = sorted(self.reasons.items(), key=lambda item: (-item[1], item[0]))
        reasons = [{"system": s, "code": c, "count": count} for (s, c), count in counted]
        return {
            "week": self.week,
            "rule": self.rule,
            "shown": self.shown,
            "shadow": self.shadow,
            "accepted": self.accepted,
            "overridden": self.overridden,
            "reasons": reasons,
        }


@dataclass(slots=True)
class _Outcomes:
    time: datetime
    accepted: bool = False
    overridden: bool = False
    reasons: set[Reason] = field(default_factory=set)


def report(connection: Connection, since: datetime | None = None) -> list[Line]:
    """One line a week and rule, sorted. ``since`` leaves out cards that were shown before."""
    lines: dict[tuple[str, str], Line] = {}
    outcomes = _outcomes(connection)
    for uuid, time, rules, shadow in _made(connection):
        outcome = outcomes.pop(uuid, None)
        if since is None or time >= since:
            for rule in rules.split():
                line = _line(lines, time, rule)
                line.shown += not shadow
                line.shadow += shadow
                _add(line, outcome)
    for outcome in outcomes.values():
        if since is None or outcome.time >= since:
            _add(_line(lines, outcome.time, UNKNOWN), outcome)
    return sorted(lines.values(), key=lambda line: (line.week, _order(line.rule)))


def _made(connection: Connection) -> Iterator[tuple[str, datetime, str, bool]]:
    """Each card once: a batch whose commit was not answered may have been written twice."""
    seen: set[str] = set()
    chosen = select(cards.c.uuid, cards.c.time, cards.c.rules, cards.c.shadow)
    for uuid, time, rules, shadow in connection.execute(chosen):
        if uuid not in seen:
            seen.add(uuid)
            yield uuid, time, rules, shadow


def _outcomes(connection: Connection) -> dict[str, _Outcomes]:
    found: dict[str, _Outcomes] = {}
    for card, outcome, time, reason in _given(connection):
        of_card = found.setdefault(card, _Outcomes(time))
        if outcome == "accepted":
            of_card.accepted = True
        else:
            of_card.overridden = True
            of_card.reasons |= {reason} if reason else set()
    return found


def _given(connection: Connection) -> Iterator[tuple[str, str, datetime, Reason | None]]:
    columns = (feedback.c.card, feedback.c.outcome, feedback.c.outcome_time)
    chosen = select(*columns, feedback.c.reason_system, feedback.c.reason_code).order_by(feedback.c.id)
    for card, outcome, time, system, code in connection.execute(chosen):
        yield card, outcome, time, (system or "", code) if code else None


def _add(line: Line, outcome: _Outcomes | None) -> None:
    if outcome is not None:
        line.accepted += outcome.accepted
        line.overridden += outcome.overridden
        line.reasons.update(outcome.reasons)


def _line(lines: dict[tuple[str, str], Line], time: datetime, rule: str) -> Line:
    year, week, _ = time.isocalendar()
    key = (f"{year}-W{week:02}", rule)
    return lines.setdefault(key, Line(*key))


def _order(rule: str) -> tuple[str, int, str]:
    kind, _, number = rule.partition("-")
    return kind, int(number) if number.isdecimal() else 0, rule
