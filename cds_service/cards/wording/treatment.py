"""What to do, in words: a sentence for each row of advice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import NamedTuple

from cds_service.cards.formats import amount, clock, escape, number, span, when
from cds_service.cards.wording.grading import concept
from cds_service.cards.wording.ledger import not_before
from cds_service.crs.drug_table import DrugTable
from cds_service.crs.evidence import Assessment, Delay, Recommendation, Tocilizumab, Value
from cds_service.crs.guideline import Guideline
from cds_service.crs.regimen import Step

TESTS = {"cbc": "CBC", "cmp": "CMP", "crp": "CRP", "ferritin": "ferritin", "fibrinogen": "fibrinogen"}
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OPTION_WORDS = {
    "grade-1-early=dexamethasone": "dexamethasone early at grade 1",
    "grade-2-dexamethasone=with-tocilizumab": "dexamethasone with tocilizumab at grade 2",
    "grade-4-steroid=1000-mg-3-days": "methylprednisolone 1,000 mg a day for 3 days at grade 4",
    "tocilizumab-interval=6-h": "tocilizumab every 6 h",
    "proximity=2-weeks": "near the centre for about 2 weeks",
}
TAPER_OVER = {
    "grade-1": "grade 1 is reached, the taper may end",
    "days": "the course is complete, no further dose",
}
ORDERS_NOT_KNOWN = "Active orders were not available: check them before signing."
WHY_NOT = {
    "medications-not-available": "doses given are not all known",
    "dose-not-placed": "a record that may be a dose cannot be read",
    "weight-missing": "no weight is charted",
    "weight-stale": "the weight is too old",
    "weight-contradictory": "two weights contradict each other",
}


class Telling(NamedTuple):
    """What a sentence may look at."""

    advice: Recommendation
    ledger: Tocilizumab | None
    as_of: datetime
    zone: tzinfo | None
    grade: int
    guideline: Guideline
    is_adult: bool = True

    @property
    def values(self) -> Mapping[str, Value]:
        return self.advice.values

    def clock(self, key: str) -> str:
        value = self.values[key]
        return clock(value, self.as_of, self.zone) if isinstance(value, datetime) else ""

    def ago(self, key: str) -> str:
        value = self.values[key]
        return when(value, self.as_of, self.zone) if isinstance(value, datetime) else ""

    def since(self, key: str) -> str:
        value = self.values[key]
        return span(self.as_of - value) if isinstance(value, datetime) else ""

    def number(self, key: str) -> str:
        value = self.values[key]
        return number(Decimal(value)) if isinstance(value, int | Decimal) else ""

    def name(self, key: str) -> str:
        return concept(str(self.values[key]))

    @property
    def drug(self) -> DrugTable:
        return self.guideline.drugs["tocilizumab"]

    def steroid(self, name: str) -> str:
        """``Dexamethasone 10 mg IV every 12–24 h``."""
        row = self.guideline.regimen.steroids[name]
        return (
            f"{concept(row.drug).capitalize()} {number(row.dose)} mg IV every {hours(row.every, row.up_to)}"
        )


def line(
    rows: Sequence[Recommendation], assessment: Assessment, guideline: Guideline, zone: tzinfo | None
) -> str:
    """The rows of one line, each with its rule: ``Echocardiogram *(TX-9)*; infection workup *(TX-16)*``."""
    said = [text(row, assessment, guideline, zone) for row in rows]
    joined = [said[0], *(_uncapitalized(later) for later in said[1:])]
    return "; ".join(f"{part} *({row.rule})*" for part, row in zip(joined, rows, strict=True))


def text(row: Recommendation, assessment: Assessment, guideline: Guideline, zone: tzinfo | None) -> str:
    """The sentence of a row, with its strength where that is not plain."""
    grade = assessment.grade.lowest if assessment.grade else 0
    told = Telling(row, assessment.tocilizumab, assessment.as_of, zone, grade, guideline, assessment.is_adult)
    said = sentence(told)
    if row.strength == "consider" and not said.startswith("Refractory"):
        return f"Consider {_uncapitalized(said)}"
    return said


def _uncapitalized(said: str) -> str:
    """With a small first letter, unless it begins with an abbreviation."""
    return said if said[1:2].isupper() else said[:1].lower() + said[1:]


def sentence(telling: Telling) -> str:
    """The sentence of one row of advice, without its rule."""
    said = SENTENCES[telling.advice.id]
    return said if isinstance(said, str) else said(telling)


# ------------------------------------------------------------------ tocilizumab


def dose_phrase(t: Telling) -> str:
    """``560 mg IV over 60 min (70 kg × 8 mg/kg)``, or the rule and why there is no amount."""
    ledger = t.ledger
    if ledger is None or ledger.milligrams is None:
        reasons = [WHY_NOT[r] for r in (ledger.reasons if ledger else ()) if r.startswith("weight-")]
        return f"{dose_rule(t.drug)}: no amount in mg, {reasons[0] if reasons else WHY_NOT['weight-missing']}"
    over = f" over {t.drug.infusion // MINUTE} min" if t.drug.infusion else ""
    old = (
        f", weight of {when(ledger.weight.time, t.as_of, t.zone)}"
        if ledger.weight and ledger.weight_is_old
        else ""
    )
    age = f"; age not known, labelled from {t.drug.age} years" if "age-unknown" in ledger.reasons else ""
    return f"{number(ledger.milligrams)} mg IV{over} ({arithmetic(ledger)}{old}{_vials(ledger)}{age})"


def dose_rule(drug: DrugTable) -> str:
    """``8 mg/kg IV (12 mg/kg below 30 kg), at most 800 mg``."""
    *lower, top = drug.bands
    below = "".join(
        f" ({number(b.per_kg)} mg/kg below {number(b.below)} kg)" for b in lower if b.below is not None
    )
    most = f", at most {number(drug.per_dose)} mg" if drug.per_dose is not None else ""
    return f"{number(top.per_kg)} mg/kg IV{below}{most}"


def arithmetic(ledger: Tocilizumab) -> str:
    """``70 kg × 8 mg/kg``; a cap shows what it caps."""
    if ledger.weight is None or ledger.per_kg is None or ledger.exact is None:
        return ""
    product = f"{number(ledger.weight.value)} kg × {number(ledger.per_kg)} mg/kg"
    return f"{product} = {number(ledger.exact)} mg, capped" if ledger.capped else product


def _vials(ledger: Tocilizumab) -> str:
    if not ledger.vials or ledger.milligrams is None:
        return ""
    total = sum(ledger.vials, Decimal(0))
    shown = " + ".join(number(vial) for vial in ledger.vials)
    whole = "" if total == ledger.milligrams or len(ledger.vials) == 1 else f" = {number(total)}"
    return f"; vials {shown}{whole} mg"


def _first(t: Telling) -> str:
    every = t.drug.interval
    again = (
        f"; again every {hours(every)} if no better, {most_doses(t.drug)}" if t.grade >= 2 and every else ""
    )
    counted = len(t.ledger.doses) if t.ledger else 0
    which = f", dose {counted + 1} of {t.drug.total}" if counted else ""
    return f"Tocilizumab {dose_phrase(t)}{which}{again}"


def hours(every: timedelta, up_to: timedelta | None = None) -> str:
    """``12 h``, ``12–24 h``."""
    return f"{every // HOUR}–{up_to // HOUR} h" if up_to else f"{every // HOUR} h"


def most_doses(drug: DrugTable) -> str:
    """``at most 3 in 24 h, 4 in all``."""
    recent = f"at most {drug.in_window.most} in {hours(drug.in_window.window)}, " if drug.in_window else ""
    return f"{recent}{drug.total} in all"


def _repeat(t: Telling) -> str:
    return f"Repeat tocilizumab {dose_phrase(t)}: no improvement, {_course(t)}"


def _undecided(t: Telling) -> str:
    return f"Tocilizumab {dose_phrase(t)} if no better: {_course(t)}, not known well enough to compare"


def _course(t: Telling) -> str:
    """``grade 2 → 2, 8 h 20 min after dose 1``."""
    before = t.values.get("before", "not known")
    number_of = f" after dose {len(t.ledger.doses)}" if t.ledger else ""
    return f"grade {before} → {t.values['now']}, {t.since('since')}{number_of}"


def _later(t: Telling) -> str:
    start = t.values["from"]
    first = not_before(start, t.as_of, t.zone) if isinstance(start, datetime) else ""
    return f"Tocilizumab {dose_phrase(t)} from {first} if no better"


def _ordered(t: Telling) -> str:
    at = f" {t.clock('authored')}" if "authored" in t.values else ""
    return f"Tocilizumab is ordered{at} and not yet charted as given"


def _under_age(t: Telling) -> str:
    by_weight = t.ledger.milligrams if t.ledger else None
    off = f"; {number(by_weight)} mg by weight would be off label" if by_weight else ""
    return f"Tocilizumab has no labelled dose under {t.drug.age} years{off}: specialist and pharmacy"


def _unknown_history(t: Telling) -> str:
    return f"Tocilizumab: {WHY_NOT[str(t.values['reason'])]}; check earlier doses before ordering"


def _prolonged(t: Telling) -> str:
    return f"Tocilizumab {dose_phrase(t)}: grade 1 for {t.since('since')}"


def _early_product(t: Telling) -> str:
    return f"Tocilizumab {dose_phrase(t)}: symptoms for {t.since('since')} after {t.name('product')}"


def _comorbidity(t: Telling) -> str:
    return f"Tocilizumab {dose_phrase(t)}: {escape(str(t.values['diagnosis']))}"


# ------------------------------------------------------------------ steroids and the rest


def _dexamethasone_go_on(t: Telling) -> str:
    return f"{t.steroid('dexamethasone-every-6-h')}: go on ({_last(t)})"


def _adults(t: Telling, text: str) -> str:
    """The dose, and for whom it is where that is not plain."""
    return text if t.is_adult else f"{text} (dose of adults: by paediatric protocol, or age not known)"


def _last(t: Telling) -> str:
    given = f"{t.number('given')} mg at " if "given" in t.values else ""
    return f"last {given}{t.clock('last')}, {t.since('last')} ago"


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
    return _adults(t, f"{course} ({_last(t)})" if "last" in t.values else course)


def _step(step: Step) -> str:
    length = f"for {step.days} d" if step.days else "until grade 1"
    return f"{number(step.dose)} mg IV every {hours(step.every)} {length}"


def _escalated(t: Telling) -> str:
    still = f"still grade 4 after {t.since('since')} of it"
    return f"{t.steroid('methylprednisolone-escalated')}, or another agent: {still}"


def _persistent(t: Telling) -> str:
    low = f"systolic {t.number('value')} mmHg at {t.clock('time')}"
    return _adults(t, f"{t.steroid('dexamethasone-every-12-h')}: {low}, after fluids and tocilizumab")


def _refractory(t: Telling) -> str:
    course = f"grade {t.values['before']} → {t.values['now']}, " if "before" in t.values else ""
    siltuximab = number(t.guideline.drugs["siltuximab"].bands[-1].per_kg)
    return (
        f"Refractory ({course}{t.values['doses']} doses of tocilizumab): consider anakinra or siltuximab "
        f"{siltuximab} mg/kg once; if severe ruxolitinib, cyclophosphamide or antithymocyte globulin"
    )


def _labs(t: Telling) -> str:
    tests = t.values["tests"]
    named = ", ".join(TESTS[test] for test in tests) if isinstance(tests, tuple) else ""
    return f"Not resulted in {t.guideline.windows['labs'] // HOUR} h: {named}"


def _antibiotics(t: Telling) -> str:
    count = amount(t.number("value"), "10*9/L")
    return f"Empiric broad-spectrum antibiotics: neutrophils {count} at {t.clock('time')}"


def _icans(t: Telling) -> str:
    score = f"ICE score {t.number('score')} at {t.clock('time')}: " if "score" in t.values else ""
    head = score or ("" if t.values.get("charted") else "Where suspected: ")
    return f"{head}ICANS is graded and managed apart; tocilizumab may not help it"


def _cytopenia(t: Telling) -> str:
    named = ", ".join(
        f"{concept(key)} {amount(number(Decimal(str(t.values[key]))), '10*9/L')}"
        for key in ("neutrophils", "platelets")
        if key in t.values
    )
    return f"{named}: the label's limits are written for rheumatoid arthritis, no bar in CRS"


SENTENCES: dict[str, str | Callable[[Telling], str]] = {
    "intensive-care": "Intensive care; vasopressors as needed",
    "ventilation": "Ventilation as needed",
    "methylprednisolone-start": _taper_start,
    "methylprednisolone-taper": _taper,
    "methylprednisolone-interrupted": lambda t: (
        f"Methylprednisolone: the course was interrupted ({_last(t)}): the treating team resumes or restarts it"
    ),
    "methylprednisolone-escalation-ends": lambda t: (
        f"Methylprednisolone was escalated ({_last(t)}): taper by the treating team"
    ),
    "methylprednisolone-go-on-escalated": lambda t: f"Methylprednisolone, escalated: go on ({_last(t)})",
    "methylprednisolone-unclear": lambda t: (
        f"On methylprednisolone ({_last(t)}): its amount is not known, so the day of the taper is not either"
    ),
    "dexamethasone-ends": "Methylprednisolone replaces dexamethasone: stop its order",
    "steroids-not-known": lambda t: f"Steroids: {WHY_NOT[str(t.values['reason'])]}; check before ordering",
    "methylprednisolone-escalated": _escalated,
    "dexamethasone-start": lambda t: _adults(t, t.steroid("dexamethasone-every-6-h")),
    "dexamethasone-running": lambda t: f"On dexamethasone ({_last(t)}): go on or taper by its own indication",
    "dexamethasone-go-on": _dexamethasone_go_on,
    "steroid-other": lambda t: f"On methylprednisolone ({_last(t)}): no second systemic steroid",
    "tocilizumab-first": _first,
    "tocilizumab-repeat": _repeat,
    "tocilizumab-undecided": _undecided,
    "tocilizumab-later": _later,
    "tocilizumab-ordered": _ordered,
    "tocilizumab-all-given": lambda t: (
        f"No more tocilizumab: {t.values['allowed']} of {t.values['allowed']} given"
    ),
    "tocilizumab-under-age": _under_age,
    "tocilizumab-history-unknown": _unknown_history,
    "tocilizumab-prolonged": _prolonged,
    "tocilizumab-early-product": _early_product,
    "tocilizumab-comorbidity": _comorbidity,
    "product-not-named": "CAR-T product not named: the early dose after axi-cel or brexu-cel is not judged",
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
    "refractory": _refractory,
    "monitoring": "Cardiac monitoring, telemetry and pulse oximetry",
    "echocardiogram": "Echocardiogram",
    "infection-workup": "Infection workup",
    "infection-active": lambda t: (
        f"Active infection ({escape(str(t.values['diagnosis']))}): treat it; the label asks not to "
        "start tocilizumab in serious infection, weigh it"
    ),
    "labs-not-resulted": _labs,
    "labs-not-known": "Daily CBC, CMP, CRP, ferritin, fibrinogen (results were not available)",
    "supportive-care": "Antipyretic, IV hydration, care of symptoms",
    "supportive-care-and-fluids": "Antipyretic, IV fluids, supplemental oxygen, care of symptoms",
    "antibiotics": _antibiotics,
    "antibiotics-if-neutropenic": lambda t: (
        f"Empiric antibiotics if neutropenic (no count in {t.values['hours']} h)"
    ),
    "antifungal": "Antifungal prophylaxis while on steroids",
    "transfer": "Transfer to a specialty centre",
    "icans": _icans,
    "cytopenia": _cytopenia,
    "off-label": "Tocilizumab here is off label (label: severe or life-threatening CAR-T CRS, from 2 years)",
    "delay-cells": "Delay the ordered cell infusion until the infection is treated",
    "proximity": "Within 2 h of the treating centre for 4–8 weeks after the infusion",
    "proximity-short": "Within 2 h of the treating centre for about 2 weeks after the infusion",
}


# ------------------------------------------------------------------ beside the advice


def options(assessment: Assessment) -> str:
    """The choices of the site where sources disagree; the table's own are not named."""
    return (
        f"site options: {', '.join(OPTION_WORDS[o] for o in assessment.options)}"
        if assessment.options
        else ""
    )


def delay_summary(delay: Delay) -> str:
    product = concept(delay.product).capitalize()
    return f"{product} is ordered while an infection is active: delay until it is treated"


def delay_detail(delay: Delay) -> str:
    return f"Active: {escape(delay.diagnosis)}. Delay the cell infusion until it is treated *(TX-17)*."
