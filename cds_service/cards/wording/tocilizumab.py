"""Tocilizumab: whether, how much and when, in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from cds_service.cards.formats import escape, number, when
from cds_service.cards.wording.ledger import not_before
from cds_service.cards.wording.telling import MINUTE, WHY_NOT, Telling, hours
from cds_service.crs.drug_table import DrugTable
from cds_service.crs.evidence import Tocilizumab


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
    held = ", but on hold: resume or order anew" if t.values.get("held") else ""
    return f"Tocilizumab is ordered{at} and not yet charted as given{held} ({dose_phrase(t)})"


def _all_given(t: Telling) -> str:
    allowed = t.values["allowed"]
    if t.values.get("doubtful"):
        return f"{allowed} records of tocilizumab, perhaps fewer doses: check them before it is withheld"
    return f"No more tocilizumab: {allowed} of {allowed} given"


def _under_age(t: Telling) -> str:
    by_weight = t.ledger.milligrams if t.ledger else None
    off = f"; {number(by_weight)} mg by weight would be off label" if by_weight else ""
    return f"Tocilizumab has no labelled dose under {t.drug.age} years{off}: specialist and pharmacy"


def _unknown_history(t: Telling) -> str:
    check = f"Tocilizumab: {WHY_NOT[str(t.values['reason'])]}; check earlier doses before ordering"
    none = f" if none in {hours(t.drug.interval)}" if t.drug.interval else ""
    return f"{check}, then{none} {dose_phrase(t)}; {most_doses(t.drug)}"


def _prolonged(t: Telling) -> str:
    return f"Tocilizumab {dose_phrase(t)}: grade 1 for {t.since('since')}"


def _early_product(t: Telling) -> str:
    return f"Tocilizumab {dose_phrase(t)}: symptoms for {t.since('since')} after {t.name('product')}"


def _comorbidity(t: Telling) -> str:
    return f"Tocilizumab {dose_phrase(t)}: {escape(str(t.values['diagnosis']))}"


TOCILIZUMAB: dict[str, str | Callable[[Telling], str]] = {
    "tocilizumab-first": _first,
    "tocilizumab-repeat": _repeat,
    "tocilizumab-undecided": _undecided,
    "tocilizumab-later": _later,
    "tocilizumab-ordered": _ordered,
    "tocilizumab-all-given": _all_given,
    "tocilizumab-improving": lambda t: f"Tocilizumab: improving, {_course(t)}; again if it rises",
    "tocilizumab-under-age": _under_age,
    "tocilizumab-history-unknown": _unknown_history,
    "tocilizumab-prolonged": _prolonged,
    "tocilizumab-early-product": _early_product,
    "tocilizumab-comorbidity": _comorbidity,
    "off-label": "Tocilizumab here is off label (label: severe or life-threatening CAR-T CRS, from 2 years)",
}
