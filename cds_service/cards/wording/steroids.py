"""Steroids: the regimen of each grade and what is running, in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from cds_service.cards.formats import number
from cds_service.cards.wording.telling import WHY_NOT, Telling, hours
from cds_service.crs.regimen import Step

TAPER_OVER = {
    "grade-1": "grade 1 is reached, the taper may end",
    "days": "the course is complete, no further dose",
}


def _dexamethasone_go_on(t: Telling) -> str:
    return f"{t.steroid('dexamethasone-every-6-h')}: go on ({_last(t)})"


def _last(t: Telling) -> str:
    given = f"{t.number('given')} mg at " if "given" in t.values else ""
    return f"last {given}{t.clock('last')}, {t.since('last')} ago"


def _ordered(t: Telling) -> str:
    drugs = t.values["drugs"]
    named = " and ".join(drugs) if isinstance(drugs, tuple) else ""
    return f"Ordered already: {named}; check its dose against this"


def _taper(t: Telling) -> str:
    if "over" in t.values:
        why = TAPER_OVER[str(t.values["over"])]
        return f"Methylprednisolone day {t.values['day']}: {why} ({_last(t)})"
    every = t.values["every"]
    often = hours(every) if isinstance(every, timedelta) else ""
    return f"Methylprednisolone day {t.values['day']}: {t.number('dose')} mg IV every {often} ({_last(t)})"


def _taper_start(t: Telling) -> str:
    """The whole course, step by step."""
    course = "Methylprednisolone " + ", then ".join(_step(step) for step in t.guideline.regimen.taper)
    return f"{course} ({_last(t)})" if "last" in t.values else course


def _step(step: Step) -> str:
    length = f"for {step.days} d" if step.days else "until grade 1"
    return f"{number(step.dose)} mg IV every {hours(step.every)} {length}"


def _escalated(t: Telling) -> str:
    still = f"grade 4 after {t.since('since')} of it"
    return f"{t.steroid('methylprednisolone-escalated')}, or another agent: {still}"


def _persistent(t: Telling) -> str:
    low = f"systolic {t.number('value')} mmHg at {t.clock('time')}"
    return f"{t.steroid('dexamethasone-every-12-h')}: {low}, after fluids and tocilizumab"


STEROIDS: dict[str, str | Callable[[Telling], str]] = {
    "methylprednisolone-start": _taper_start,
    "methylprednisolone-taper": _taper,
    "methylprednisolone-interrupted": lambda t: (
        f"The methylprednisolone of grade 4 was interrupted ({_last(t)})"
    ),
    "methylprednisolone-escalation-ends": lambda t: (
        f"Methylprednisolone was escalated ({_last(t)}): taper by the treating team"
    ),
    "methylprednisolone-go-on-escalated": lambda t: f"Methylprednisolone, escalated: go on ({_last(t)})",
    "methylprednisolone-unclear": lambda t: (
        f"On methylprednisolone ({_last(t)}): its amount is not known, so the day of the taper is not either"
    ),
    "dexamethasone-ends": "Once methylprednisolone has begun it replaces dexamethasone: stop its order",
    "steroid-ordered": _ordered,
    "steroids-not-known": lambda t: f"Steroids: {WHY_NOT[str(t.values['reason'])]}; check before ordering",
    "methylprednisolone-escalated": _escalated,
    "dexamethasone-start": lambda t: t.steroid("dexamethasone-every-6-h"),
    "dexamethasone-running": lambda t: f"On dexamethasone ({_last(t)}): go on or taper by its own indication",
    "dexamethasone-go-on": _dexamethasone_go_on,
    "steroid-other": lambda t: f"On methylprednisolone ({_last(t)}): no second systemic steroid",
    "dexamethasone-early": lambda t: f"{t.steroid('dexamethasone-every-24-h')}: early onset after the cells",
    "dexamethasone-persistent": _persistent,
    "dexamethasone-persistent-go-on": lambda t: (
        f"Dexamethasone: go on while hypotension persists ({_last(t)})"
    ),
    "dexamethasone-if-persistent": lambda t: (
        f"{t.steroid('dexamethasone-every-12-h')} if hypotension persists after fluids and tocilizumab"
    ),
    "dexamethasone-with-tocilizumab": lambda t: (
        f"{t.steroid('dexamethasone-every-12-h')} with tocilizumab, by product"
    ),
}
