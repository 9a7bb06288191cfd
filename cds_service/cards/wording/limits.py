"""What is wrong with an order, in words: a headline for the worst, a line with its numbers for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import NamedTuple

from cds_service.cards.formats import amount, clock, escape, number, span
from cds_service.cards.wording.grading import concept
from cds_service.cards.wording.orders import ROUTES as ROUTES_BY_CODE
from cds_service.cards.wording.telling import WHY_NOT
from cds_service.crs.bench import Situation
from cds_service.crs.evidence import Correction, Problem, Value, Verdict
from fhir_mappings.facts import Route

SUMMARY_LIMIT = 139
LIMITS = frozenset({"DL-1", "DL-2", "DL-3", "DL-4", "DL-5", "DL-6", "DL-7", "DL-12"})
"""Rows whose number is the table's: the card says whose it is."""
UNREADABLE = {
    "dose-missing": "no dose is ordered",
    "dose-text-only": "the dose is given as text only",
    "dose-not-convertible": "the dose cannot be converted to mg",
    "dose-conflict": "two doses contradict each other",
    "dose-as-rate": "a rate is given and no amount",
    "dose-of-combination": "one dose is given for several drugs",
    "dose-range-open": "the range of doses is open at one end",
    "dose-range-reversed": "the range of doses is upside down",
    "value-absent": "the dose has no value",
    "value-not-a-quantity": "the dose is no amount",
    "unit-missing": "the dose has no unit",
    "unit-not-understood": "the unit of the dose is not known",
    "unit-mismatch": "the unit of the dose measures something else",
    "unit-conflict": "the unit of the dose is written in two ways",
    "comparator": "the dose is a bound, not an amount",
    "implausible": "the dose is zero or negative",
    "modifier-extension": "it carries a modifier that is not understood",
    "timing-not-understood": "the timing cannot be read",
    "timing-conflict": "the timing is written in two ways",
    "as-needed-without-interval": "it is as needed, with no least time between doses",
    "route-not-understood": "the route cannot be read",
}
UNREAD_HEADLINE = "{Drug}: {unreadable}"
UNREAD_DETAIL = "{Unreadable}: this order cannot be held against every limit"
HEADLINES = {
    "above-cap": "{Drug} {dose} mg is above the {limit} mg limit for one dose",
    "above-weight-dose": "{Drug} {dose} mg is above the dose by weight, {expected} mg",
    "above-every-band": "{Drug} {rate} mg/kg is above every dose by weight",
    "below-weight-dose": "{Drug} {dose} mg is below the dose by weight, {expected} mg",
    "too-early": "Last {drug} {last_ago} ago: next dose not before {from}",
    "near-another-draft": "{Drug}: another draft is due at {time}, less than {least} apart",
    "near-another-order": "{Drug}: an active order is due at {time}, less than {least} apart",
    "own-interval": "{Drug} every {interval}: at least {least} between doses",
    "window-full": "{Drug}: {count} doses in {window}, at most {most}: next dose not before {from}",
    "window-exceeded": "{Drug}: more than {most} doses within {window}",
    "all-given": "{Drug}: {given} of {most} given, no further dose",
    "without-end": "{Drug} ordered without an end: at most {most} in all, {given} given",
    "total-exceeded": "{Drug}: {given} given and {ordered} ordered are more than {most} in all",
    "under-age": "{Drug} has no labelled dose under {years} years",
    "wrong-route": "{Drug}: {route} is not a route for CRS",
    "wrong-product": "{Drug}: this product is not for the vein",
    "weight-doubtful": "{Drug}: {why}, the dose cannot be checked",
    "weight-left-out": "{Drug}: the charted weight cannot be used, the dose cannot be checked",
    "history-unknown": "{Drug}: {why}, check them before signing",
    "ordered-already": "{Drug} is already ordered",
    "ordered-perhaps": "{Drug}: an order on record has no known status, it may still stand",
    "drafted-twice": "{Drug} is in these drafts twice",
    "steroid-dose": "{Drug} {dose} mg is above every regimen for CRS ({limit} mg a dose)",
    "steroid-day": "{Drug} {dose} mg in 24 h is above every regimen for CRS ({limit} mg)",
    "two-steroids-draft": "Two systemic steroids at once: {drug} and {second}",
    "two-steroids-order": "Two systemic steroids at once: {drug}, and {second} is active",
    "cells-in-infection": "{Drug}: an infection is active, delay the cells until it is treated",
    "cells-in-crs": "{Drug}: CRS is active, cells are not given now",
    "icans-alone": "{Drug}: no CRS is graded; ICANS is active, and it may not help ICANS",
    "no-crs-graded": "{Drug}: no CRS is graded now",
    "crs-not-gradable": "{Drug}: CRS cannot be graded now",
    "age-unknown": "{Drug}: age not known, the label begins at {years} years",
    "check-label": "{Drug}: check the product's label",
    "dose-offered": "{Drug} by weight: {offered} mg IV",
}
DETAILS = {
    "above-cap": "{dose} mg is ordered; one dose is at most {limit} mg, whatever the weight",
    "above-weight-dose": "{dose} mg is ordered; {expected} mg by weight",
    "above-every-band": "{rate} mg/kg is ordered; at most {limit} mg/kg at any weight",
    "below-weight-dose": "{dose} mg is ordered; {expected} mg by weight",
    "too-early": "Last given {last} ({last_ago} ago); at least {least} between doses",
    "near-another-draft": "Another draft for it is due at {time}; at least {least} between doses",
    "near-another-order": "An active order for it is due at {time}; at least {least} between doses",
    "own-interval": "The order has doses {interval} apart; at least {least} between doses",
    "window-full": "{count} doses in the {window} before; at most {most}",
    "window-exceeded": "With what is given and ordered more than {most} doses fall within {window}",
    "all-given": "{given} given since the therapy; at most {most} in all",
    "without-end": "The order repeats without an end; at most {most} in all, {given} given",
    "total-exceeded": "{given} given, {ordered} ordered with this order; at most {most} in all",
    "under-age": "The label begins at {years} years: with specialist and pharmacy only",
    "wrong-route": "{Route} is ordered{product}; for CRS it is given by the vein",
    "wrong-product": "The order says by the vein, the product is another{product}",
    "weight-doubtful": "{weights}",
    "weight-left-out": "A weight is charted that is implausible or has no unit: chart it again",
    "history-unknown": "{Why}: interval and number of doses cannot be checked",
    "ordered-already": "An active order{of} is not yet charted as given",
    "ordered-perhaps": "An order{of} on record has no known status and is not charted as given",
    "drafted-twice": "Another of these drafts is for the same drug: one may go",
    "steroid-dose": "{dose} mg is ordered; no regimen for CRS has more than {limit} mg a dose",
    "steroid-day": "{dose} mg in 24 h is ordered; no regimen for CRS has more than {limit} mg",
    "two-steroids-draft": "{Second} is among these drafts: one of them may go",
    "two-steroids-order": "An active order for {second} stands: stop it, or leave this one",
    "cells-in-infection": "Active: {diagnosis}",
    "cells-in-crs": "Wait until CRS has resolved",
    "icans-alone": "ICANS is graded and managed apart",
    "no-crs-graded": "The chart shows no open episode of CRS: is it for something else?",
    "crs-not-gradable": "What grading needs is not charted",
    "age-unknown": "Age not known; the label begins at {years} years",
    "check-label": "Its label is not confirmed for CRS{product}; held against the limits of {drug}",
    "dose-offered": "No dose yet: {offered} mg by weight",
}


class Telling(NamedTuple):
    """What the sentences of one order may look at."""

    verdict: Verdict
    situation: Situation
    zone: tzinfo | None

    @property
    def as_of(self) -> datetime:
        return self.situation.as_of

    @property
    def drug(self) -> str:
        return concept(self.verdict.drug)

    def standing(self, rule: str) -> str:
        """``DL-4, guideline``: whose limit it is, where the drug's table has it."""
        table = self.situation.guideline.drugs.get(self.verdict.drug)
        chosen = {f"{t}={c}" for t, c in self.situation.guideline.regimen.chosen.items()}
        rows = [r for r in (table.rules if table else ()) if r.rule == rule and r.option in {"", *chosen}]
        return f"{rule}, {rows[0].standing}" if rows and rule in LIMITS else rule


def summary(t: Telling) -> str:
    """The gravest problem in one line, under 140 characters."""
    worst = t.verdict.problems[0]
    text = HEADLINES.get(worst.code, UNREAD_HEADLINE).format_map(_words(worst, t))
    return text if len(text) <= SUMMARY_LIMIT else text[: SUMMARY_LIMIT - 1].rstrip(" ,") + "…"


def line(problem: Problem, t: Telling) -> str:
    """A problem with its numbers and its rule."""
    said = DETAILS.get(problem.code, UNREAD_DETAIL).format_map(_words(problem, t))
    return f"{said} *({t.standing(problem.rule)})*"


class _Words(dict[str, str]):
    """What a sentence may name; ``{Drug}`` is ``{drug}`` with a capital."""

    def __missing__(self, key: str) -> str:
        return _capital(self[key.lower()]) if key[:1].isupper() else ""


def _words(problem: Problem, t: Telling) -> _Words:
    """Every value as it is shown, and what is made of several."""
    values = problem.values
    shown = {key: _shown(key, value, t) for key, value in values.items()}
    ago = {f"{key}_ago": span(t.as_of - v) for key, v in values.items() if isinstance(v, datetime)}
    product = shown.get("product", "")
    return _Words(
        {
            **shown,
            **ago,
            "drug": t.drug,
            "unreadable": UNREADABLE.get(problem.code, problem.code.replace("-", " ")),
            "why": _why(values),
            "offered": number(t.verdict.dose.milligrams) if t.verdict.dose else "",
            "product": f" ({product})" if product else "",
            "of": f" of {shown['authored']}" if "authored" in shown else "",
            "weights": _weights(values, shown) if problem.rule == "DL-8" else "",
        }
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _shown(key: str, value: Value, t: Telling) -> str:
    if isinstance(value, datetime):
        return clock(value, t.as_of, t.zone)
    if isinstance(value, timedelta):
        return span(value)
    if isinstance(value, int | Decimal):
        return number(Decimal(value))
    if isinstance(value, tuple):
        return ", ".join(value)
    return escape(value) if key in ("product", "diagnosis") else concept(value)


def _why(values: Mapping[str, Value]) -> str:
    reason = str(values.get("reason", ""))
    return WHY_NOT.get(reason) or WHY_NOT.get(f"weight-{reason}", reason)


def _weights(values: Mapping[str, Value], shown: Mapping[str, str]) -> str:
    if "other" in values:
        first, second = (shown["weight"], shown["time"]), (shown["other"], shown["other-time"])
        return f"{first[0]} kg at {first[1]} and {second[0]} kg at {second[1]}: chart a weight that holds"
    if "weight" in values:
        return f"The last weight, {shown['weight']} kg, is of {shown['time']}: chart a new one"
    return "Chart a weight: no dose is computed without one"


# ------------------------------------------------------------------ what may be signed instead

ROUTES = {Route.INTRAVENOUS: ROUTES_BY_CODE["47625008"], Route.ORAL: ROUTES_BY_CODE["26643006"]}


def dosage(each: Correction, t: Telling) -> str:
    """``tocilizumab 800 mg IV over 60 min from 06:05``."""
    parts = (
        f"{t.drug} {amount(each.milligrams, 'mg')}",
        ROUTES.get(each.route, ""),
        f"over {each.duration // timedelta(minutes=1)} min" if each.duration else "",
        f"every {span(each.interval)}" if each.interval else "",
        f"from {clock(each.start, t.as_of, t.zone)}" if each.start and each.start > t.as_of else "",
    )
    text = " ".join(part for part in parts if part)
    return f"{text}, {each.count} doses" if each.interval and each.count else text


def instruction(each: Correction, t: Telling) -> str:
    return _capital(dosage(each, t))


def change_label(text: str, problems: Sequence[Problem]) -> str:
    """``Change to …``; where there was no dose nothing is changed."""
    offered = all(
        problem.code == "dose-offered" or not problem.rule.startswith("DL-") for problem in problems
    )
    return _capital(text) if offered else f"Change to {text}"


def remove_label(t: Telling) -> str:
    return f"Remove this order for {t.drug}"
