"""What is wrong with an order, in words: the arithmetic and the evidence of each problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import NamedTuple

from cds_service.cards.formats import amount, clock, number, span, when
from cds_service.cards.wording.grading import concept
from cds_service.cards.wording.treatment import WHY_NOT, hours
from cds_service.crs.dosing import Dose
from cds_service.crs.evidence import Correction, Problem, Value, Verdict
from cds_service.crs.weight import Weight

UNREADABLE = {
    "dose-missing": "no dose",
    "dose-text-only": "the dose is given as text only",
    "dose-not-convertible": "the dose cannot be converted to mg",
    "dose-conflict": "two doses contradict each other",
    "dose-as-rate": "a rate is given and no amount",
    "dose-of-combination": "one dose is given for several drugs",
    "unit-missing": "the dose has no unit",
    "unit-not-understood": "the unit of the dose is not known",
    "unit-mismatch": "the unit of the dose measures something else",
    "unit-conflict": "the unit of the dose is written in two ways",
    "comparator": "the dose is a bound, not an amount",
    "implausible": "the dose is zero or negative",
    "modifier-extension": "the order carries a modifier that is not understood",
    "timing-not-understood": "the timing cannot be read",
    "timing-conflict": "the timing is written in two ways",
}


SUMMARY_LIMIT = 139
HEADLINES = {
    "above-cap": "{Drug} {dose} mg is above the {limit} mg limit for one dose",
    "above-weight-dose": "{Drug} {dose} mg is above the dose by weight, {expected} mg",
    "above-every-band": "{Drug} {rate} mg/kg is above every dose by weight",
    "below-weight-dose": "{Drug} {dose} mg is below the dose by weight, {expected} mg",
    "too-early": "Last {drug} {last_ago} ago: next dose not before {from}",
    "near-another-order": "{Drug}: another order is due at {time}, less than {least} apart",
    "own-interval": "{Drug} every {interval}: at least {least} between doses",
    "window-full": "{Drug}: more than {most} doses in {window}",
    "total-exceeded": "{Drug}: more than {most} doses in all ({given} given)",
    "under-age": "{Drug} has no labelled dose under {years} years",
    "wrong-route": "{Drug}: {route} is not a route for CRS",
    "weight-doubtful": "{Drug}: {why}, the dose cannot be checked",
    "history-unknown": "{Drug}: {why}",
    "ordered-already": "{Drug} is already ordered",
    "drafted-twice": "{Drug} is in these orders twice",
    "steroid-dose": "{Drug} {dose} mg is above every regimen for CRS ({limit} mg)",
    "steroid-day": "{Drug} {dose} mg a day is above every regimen for CRS ({limit} mg)",
    "two-steroids": "Two systemic steroids at once: {drug} and {other}",
    "cells-in-infection": "{Drug}: an infection is active, delay the cells until it is treated",
    "cells-in-crs": "{Drug}: CRS is active",
    "icans-alone": "{Drug}: no CRS is graded, and ICANS is active: it may not help ICANS",
    "no-crs-graded": "{Drug}: no CRS is graded now",
    "dose-offered": "{Drug} by weight: {offered} mg IV",
}
DETAILS = {
    "above-cap": "{arithmetic}{dose} mg is ordered, one dose is at most {limit} mg",
    "above-weight-dose": "{arithmetic}{dose} mg is ordered",
    "above-every-band": "At most {limit} mg/kg at any weight, the tolerance included",
    "below-weight-dose": "{arithmetic}{dose} mg is ordered",
    "too-early": "Given {last}{amount} ({count} of {allowed}). At least {least} between doses",
    "near-another-order": "The same drug is due at {time} by another order; at least {least} between doses",
    "own-interval": "The order repeats every {interval}; at least {least} between doses",
    "window-full": "{count} given or ordered in the {window} before; at most {most} (guideline, not label)",
    "total-exceeded": "{given} given, {ordered} otherwise ordered; at most {most} in all",
    "under-age": "The label begins at {years} years: specialist and pharmacy",
    "wrong-route": "{product}for CRS it is given intravenously",
    "weight-doubtful": "{weights}",
    "history-unknown": "Interval and number of doses cannot be checked: look at the doses given",
    "ordered-already": "An active order {of}is not yet charted as given",
    "drafted-twice": "Two drafts for one drug: one may be removed",
    "steroid-dose": "At most {limit} mg a dose in any regimen for CRS",
    "steroid-day": "At most {limit} mg in 24 h in any regimen for CRS",
    "two-steroids": "{Other} is ordered too: one of them may be stopped",
    "cells-in-infection": "Active: {diagnosis}",
    "cells-in-crs": "Cells are not given while CRS is active",
    "icans-alone": "ICANS is graded and managed apart",
    "no-crs-graded": "No open episode of CRS is found in the chart: is it for another indication?",
    "dose-offered": "{arithmetic}computed for this patient",
}


class Telling(NamedTuple):
    """What the sentences of one order may look at."""

    drug: str
    as_of: datetime
    zone: tzinfo | None
    weight: Weight | None = None
    dose: Dose | None = None
    """By weight, as the drug's table has it."""
    given: int = 0
    allowed: int | None = None


def summary(problems: Sequence[Problem], t: Telling) -> str:
    """The gravest problem in one line, under 140 characters."""
    text = HEADLINES.get(problems[0].code, "{Drug}: {unreadable}").format(**_words(problems[0], t))
    return text if len(text) <= SUMMARY_LIMIT else text[: SUMMARY_LIMIT - 1].rstrip(" ,") + "…"


def line(problem: Problem, t: Telling) -> str:
    """A problem with its arithmetic, its evidence and its rule."""
    template = DETAILS.get(problem.code, "{Unreadable}: it cannot be held against the limits")
    return f"{template.format(**_words(problem, t))} *({problem.rule})*"


def _words(problem: Problem, t: Telling) -> dict[str, str]:
    """Every value as it is shown, and what is made of several."""
    values = problem.values
    shown = {key: _shown(value, t) for key, value in values.items()}
    unreadable = UNREADABLE.get(problem.code, problem.code.replace("-", " "))
    shown |= {f"{key}_ago": span(t.as_of - v) for key, v in values.items() if isinstance(v, datetime)}
    return {
        **shown,
        "drug": concept(t.drug),
        "Drug": concept(t.drug).capitalize(),
        "Other": shown.get("other", "").capitalize(),
        "unreadable": unreadable,
        "Unreadable": unreadable.capitalize(),
        "why": _why(values),
        "arithmetic": _arithmetic(t),
        "offered": number(t.dose.milligrams) if t.dose else "",
        "amount": f", {shown['given']} mg" if "given" in shown else "",
        "count": shown.get("count", str(t.given)),
        "allowed": str(t.allowed or t.given),
        "product": f"{shown['product']}: " if "product" in shown else "",
        "of": f"of {shown['authored']} " if "authored" in shown else "",
        "weights": _weights(values, shown),
    }


def _shown(value: Value, t: Telling) -> str:
    if isinstance(value, datetime):
        return clock(value, t.as_of, t.zone)
    if isinstance(value, timedelta):
        return span(value)
    if isinstance(value, int | Decimal):
        return number(Decimal(value))
    return concept(value) if isinstance(value, str) else ", ".join(value)


def _why(values: Mapping[str, Value]) -> str:
    reason = str(values.get("reason", ""))
    return WHY_NOT.get(reason) or WHY_NOT.get(f"weight-{reason}", reason)


def _arithmetic(t: Telling) -> str:
    """``110 kg × 8 mg/kg = 880 mg, at most 800 mg; ``."""
    if t.dose is None:
        return ""
    text = f"{number(t.dose.kilograms)} kg × {number(t.dose.per_kg)} mg/kg = {number(t.dose.exact)} mg"
    return f"{text}, at most {number(t.dose.milligrams)} mg; " if t.dose.capped else f"{text}; "


def _weights(values: Mapping[str, Value], shown: Mapping[str, str]) -> str:
    if "other" in values:
        first, second = (shown["weight"], shown["time"]), (shown["other"], shown["other-time"])
        return f"{first[0]} kg at {first[1]} and {second[0]} kg at {second[1]}: chart a weight that holds"
    if "weight" in values:
        return f"The last weight, {shown['weight']} kg, is of {shown['time']}: chart a new one"
    return "Chart a weight: no dose is computed without one"


def weighed(t: Telling) -> str:
    """What the arithmetic stands on."""
    if t.weight is None or t.weight.reading is None:
        return ""
    return f"Weight {number(t.weight.reading.value)} kg of {when(t.weight.reading.time, t.as_of, t.zone)}."


def change_to(verdict: Verdict, each: Correction, as_of: datetime, zone: tzinfo | None) -> str:
    """``tocilizumab 800 mg IV over 60 min from 06:05``."""
    over = f" over {each.duration // timedelta(minutes=1)} min" if each.duration else ""
    every = f" every {hours(each.interval)}" if each.interval else ""
    times = f", {each.count} doses" if each.interval and each.count else ""
    start = f" from {clock(each.start, as_of, zone)}" if each.start and each.start > as_of else ""
    return f"{concept(verdict.drug)} {amount(each.milligrams, 'mg')} IV{over}{every}{times}{start}"


def change_label(text: str) -> str:
    return f"Change to {text}"


def remove_label(verdict: Verdict) -> str:
    return f"Remove this order of {concept(verdict.drug)}"
