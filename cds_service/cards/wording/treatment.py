"""What to do, in words: a sentence for each row of advice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import NamedTuple

from cds_service.cards.formats import amount, escape, number
from cds_service.cards.wording.grading import concept
from cds_service.cards.wording.steroids import STEROIDS
from cds_service.cards.wording.telling import HOUR, Telling
from cds_service.cards.wording.tocilizumab import TOCILIZUMAB
from cds_service.crs.evidence import Assessment, Delay, Recommendation
from cds_service.crs.guideline import Guideline

TESTS = {"cbc": "CBC", "cmp": "CMP", "crp": "CRP", "ferritin": "ferritin", "fibrinogen": "fibrinogen"}
OPTION_WORDS = {
    "grade-1-early=dexamethasone": "dexamethasone early at grade 1",
    "grade-2-dexamethasone=with-tocilizumab": "dexamethasone with tocilizumab at grade 2",
    "grade-4-steroid=1000-mg-3-days": "methylprednisolone 1,000 mg a day for 3 days at grade 4",
    "tocilizumab-interval=6-h": "tocilizumab every 6 h",
    "proximity=2-weeks": "near the centre for about 2 weeks",
}
ORDERS_NOT_KNOWN = "Active orders were not available: check them before signing."


class Said(NamedTuple):
    """A row of advice and its sentence."""

    row: Recommendation
    text: str


def sentences(assessment: Assessment, guideline: Guideline, zone: tzinfo | None) -> list[Said]:
    """Every row of advice in words: said on the card and in the assessment, made once."""
    return [Said(row, text(row, assessment, guideline, zone)) for row in assessment.recommendations]


def line(rows: Sequence[Said]) -> str:
    """The rows of one line, each with its rule: ``Echocardiogram *(TX-9)*; infection workup *(TX-16)*``."""
    first, *later = rows
    joined = [first.text, *(_uncapitalized(said.text) for said in later)]
    return "; ".join(f"{part} *({said.row.rule})*" for part, said in zip(joined, rows, strict=True))


def text(row: Recommendation, assessment: Assessment, guideline: Guideline, zone: tzinfo | None) -> str:
    """The sentence of a row, with its strength where that is not plain."""
    grade = assessment.grade.lowest if assessment.grade else 0
    told = Telling(row, assessment.tocilizumab, assessment.as_of, zone, grade, guideline, assessment.is_adult)
    said = sentence(told)
    if row.line == "steroid" and not assessment.is_adult and " mg IV" in said:
        said += " (dose of adults: by paediatric protocol, or age not known)"
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


# ------------------------------------------------------------------ what is neither drug


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
    **TOCILIZUMAB,
    **STEROIDS,
    "intensive-care": "Intensive care; vasopressors as needed",
    "ventilation": "Ventilation as needed",
    "product-not-named": "CAR-T product not named: the early dose after axi-cel or brexu-cel is not judged",
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
