"""The rule set in clinical words, for a committee to read and sign: options, conditions, advice by grade."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from cds_service.cards.formats import amount, number
from cds_service.cards.wording.grading import DEVICES, concept
from cds_service.cards.wording.telling import Telling, hours
from cds_service.cards.wording.tocilizumab import dose_rule, most_doses
from cds_service.cards.wording.treatment import TESTS, sentence
from cds_service.crs.evidence import Recommendation, Value
from cds_service.crs.guideline import Guideline
from cds_service.crs.regimen import Advice

INTRODUCTION = (
    "Every number and choice by which the service grades cytokine release syndrome (CRS), says what to do "
    "and offers orders for signing, with unit, standing and source."
)
STANDINGS = {
    "guideline": "stated in the source named",
    "label": "stated in the label of the product",
    "site policy": "a choice made for this table; the committee may choose otherwise",
}
STRENGTHS = {"recommended": "recommended", "consider": "to consider", "information": "information"}
LINES = {
    "setting": "Where, and how closely",
    "steroid": "Steroids",
    "tocilizumab": "Tocilizumab",
    "refractory": "Refractory CRS",
    "tests": "Monitoring and tests",
    "support": "Supportive care and infection",
    "apart": "Apart from the grade",
}
TOPICS = {
    "grade-1-early": "Grade 1 with an early onset after the cells",
    "grade-2-dexamethasone": "Dexamethasone at grade 2",
    "grade-4-steroid": "Steroid at grade 4",
    "tocilizumab-interval": "Shortest time between two doses of tocilizumab",
    "proximity": "How long to stay within 2 h of the centre",
}
CHOICES = {
    "grade-1-early=none": "no steroid for the early onset alone",
    "grade-1-early=dexamethasone": "dexamethasone is to be considered",
    "grade-2-dexamethasone=after-tocilizumab": "for hypotension that persists after fluids and tocilizumab",
    "grade-2-dexamethasone=with-tocilizumab": "together with tocilizumab, by product",
    "grade-4-steroid=500-mg-taper": "methylprednisolone in falling steps",
    "grade-4-steroid=1000-mg-3-days": "methylprednisolone in one high dose a day",
    "proximity=4-to-8-weeks": "4–8 weeks after the infusion",
    "proximity=2-weeks": "about 2 weeks after the infusion",
}


def choice(topic: str, name: str) -> str:
    """A choice in words; one that a site added goes by its name."""
    return CHOICES.get(f"{topic}={name}", name.replace("-", " "))


# ------------------------------------------------------------------ conditions

CONDITIONS = {
    "neutropenic": "neutropenic: the newest neutrophil count of {neutrophils} is below {neutropenia}",
    "neutrophils-not-known": "no neutrophil count in {neutrophils}",
    "prolonged": "grade 1 for more than {prolonged}",
    "early-product": "symptoms for more than {early-product} after {products}",
    "product-not-named": "symptoms for more than {early-product} after a CAR-T product that is not named",
    "comorbidity": "an active diagnosis of the code tables' group “comorbidity”",
    "early-onset": "onset less than {early-onset} after the cells",
    "infection": "an active infection is on the problem list",
    "icans": "an ICE score below {ice-normal} in {ice-score}, a diagnosis of ICANS, or ventilation for "
    "airway protection or seizures",
    "off-label": "grade below 3, or the newest immune therapy is a T-cell engager",
    "cells-ordered": "a CAR-T product is ordered",
    "near-cells": "CAR-T cells given in the last {proximity}",
    "just-after-cells": "CAR-T cells given in the last {proximity-short}",
    "tocilizumab-first": "no dose given since the onset, and none barred",
    "tocilizumab-repeat": "the last dose at least {no-improvement} ago, the grade not lower since, and "
    "another dose possible now",
    "tocilizumab-undecided": "the last dose at least {no-improvement} ago, and the grade then or now not "
    "known well enough to compare",
    "tocilizumab-later": "another dose is possible, but not yet (interval, or doses in 24 h)",
    "tocilizumab-ordered": "tocilizumab is ordered and not charted as given since",
    "tocilizumab-all-given": "{total} doses given",
    "tocilizumab-under-age": "younger than {age} years",
    "tocilizumab-history-unknown": "the doses given so far are not all known",
    "tocilizumab-improving": "the grade is lower than at the last dose",
    "tocilizumab-advised": "a dose of tocilizumab is advised",
    "cytopenia": "neutrophils or platelets below the counts named in the drug table, in {neutrophils}",
    "persistent-hypotension": "systolic below the limit in the last {persistent-hypotension}, after a fluid "
    "bolus and a dose of tocilizumab, and not as low before the therapy",
    "refractory": "grade 3 or 4, not lower {refractory} after the first steroid and after {refractory-doses} "
    "doses of tocilizumab; or {total} doses given",
    "on-steroid": "a systemic steroid in the last {steroid}",
    "steroid-ordered": "dexamethasone or methylprednisolone is ordered",
    "steroids-not-known": "the steroid doses since the onset are not all known",
    "on-dexamethasone": "dexamethasone in the last {steroid}",
    "dexamethasone-at-regimen": "dexamethasone at least at the dose of grade 3, at most two intervals ago",
    "dexamethasone-standing": "dexamethasone at most two intervals of grade 3 ago, or ordered",
    "on-methylprednisolone": "methylprednisolone of the course of grade 4, or two doses in the last "
    "{steroid} of at least the last step without dexamethasone at the dose of grade 3",
    "taper-not-begun": "no dose of the first step since grade 4 was reached",
    "taper-running": "methylprednisolone begun at grade 4 with a dose of the first step, and not interrupted",
    "taper-interrupted": "the methylprednisolone of a grade 4 was begun, and the last dose is too long ago",
    "taper-escalated": "the last methylprednisolone is above the first step",
    "taper-unclear": "methylprednisolone given since grade 4 in an amount that is not known",
    "taper-not-improving": "grade 4 now, {taper-days} d or more after the first step began, and the course "
    "not interrupted",
    "labs-not-resulted": "a daily test without a result in {labs}",
    "labs-not-known": "laboratory results could not all be read",
}


def condition(name: str, guideline: Guideline) -> str:
    """What has to hold, with the numbers of this table."""
    return CONDITIONS[name].format_map(numbers(guideline))


def numbers(guideline: Guideline) -> dict[str, str]:
    """The windows and thresholds by name, and the other numbers that conditions name."""
    found = {
        rule.key.partition(".")[2]: amount(rule.value, rule.unit).replace("{score}", "").strip()
        for rule in guideline.rules
        if rule.key.startswith(("windows.", "thresholds."))
    }
    drug, first = guideline.drugs["tocilizumab"], guideline.regimen.taper[0]
    improving = min(guideline.windows["no-improvement"], drug.interval or timedelta.max)
    return found | {
        "no-improvement": hours(improving),
        "products": " or ".join(concept(name) for name in sorted(guideline.regimen.early_products)),
        "total": str(drug.total),
        "age": str(drug.age),
        "taper-days": str(first.days),
        "ice-normal": number(guideline.thresholds["ice-normal"]),
    }


# ------------------------------------------------------------------ advice


def advice(row: Advice, guideline: Guideline) -> str:
    """The sentence of a row of advice as a card says it, without what only a patient has."""
    written = WITHOUT_PATIENT.get(row.id)
    if written is not None:
        return written if isinstance(written, str) else written(guideline)
    return sentence(_telling(row, guideline))


def _telling(row: Advice, guideline: Guideline) -> Telling:
    values: Mapping[str, Value] = {
        "diagnosis": "named on the card",
        "hours": numbers(guideline)["neutrophils"].removesuffix(" h"),
        "allowed": str(guideline.drugs["tocilizumab"].total),
    }
    said = Recommendation(row.id, row.rule, row.strength.value, row.line, values)
    return Telling(said, None, datetime.min.replace(tzinfo=UTC), None, min(row.grades), guideline)


def _tocilizumab(guideline: Guideline) -> str:
    return f"Tocilizumab {dose_rule(guideline.drugs['tocilizumab'])}"


def _steroid(name: str) -> Callable[[Guideline], str]:
    def said(guideline: Guideline) -> str:
        row = guideline.regimen.steroids[name]
        every = hours(row.every, row.up_to)
        return f"{concept(row.drug).capitalize()} {number(row.dose)} mg IV every {every}"

    return said


def _tocilizumab_first(guideline: Guideline) -> str:
    drug = guideline.drugs["tocilizumab"]
    again = f"again every {hours(drug.interval)} if no better, " if drug.interval else ""
    return f"{_tocilizumab(guideline)}; {again}{most_doses(drug)}"


WITHOUT_PATIENT: dict[str, str | Callable[[Guideline], str]] = {
    "methylprednisolone-taper": "Methylprednisolone: the dose of the day of the taper that the patient is "
    "on; it may end once grade 1 is reached in its last step, or with the last of its days",
    "methylprednisolone-escalated": lambda g: (
        f"{_steroid('methylprednisolone-escalated')(g)}, or another agent"
    ),
    "methylprednisolone-interrupted": "The methylprednisolone of grade 4 was interrupted",
    "steroid-ordered": "Ordered already: the steroid; check its dose against this",
    "tocilizumab-improving": "Tocilizumab: improving since the last dose; again if it rises",
    "tocilizumab-ordered": "Tocilizumab is ordered and not yet charted as given",
    "methylprednisolone-escalation-ends": "Methylprednisolone was escalated: taper by the treating team",
    "methylprednisolone-go-on-escalated": "Methylprednisolone, escalated: go on",
    "methylprednisolone-unclear": "On methylprednisolone: its amount is not known, so the day of the "
    "taper is not either",
    "dexamethasone-running": "On dexamethasone: go on or taper by its own indication",
    "steroids-not-known": "Steroids: check earlier doses before ordering",
    "tocilizumab-undecided": "Tocilizumab: repeat if there was no improvement; the grade is not known well "
    "enough to compare",
    "dexamethasone-go-on": lambda g: f"{_steroid('dexamethasone-every-6-h')(g)}: go on",
    "steroid-other": "On methylprednisolone: no second systemic steroid",
    "tocilizumab-first": _tocilizumab_first,
    "tocilizumab-repeat": lambda g: f"Repeat {_tocilizumab(g).replace('Toc', 'toc', 1)}: no improvement",
    "tocilizumab-later": "Tocilizumab from the next possible time if no better",
    "tocilizumab-history-unknown": "Tocilizumab: check earlier doses before ordering",
    "tocilizumab-prolonged": _tocilizumab,
    "tocilizumab-early-product": _tocilizumab,
    "tocilizumab-comorbidity": _tocilizumab,
    "dexamethasone-persistent": _steroid("dexamethasone-every-12-h"),
    "dexamethasone-persistent-go-on": "Dexamethasone: go on while hypotension persists",
    "refractory": lambda g: (
        f"Anakinra or siltuximab {number(g.drugs['siltuximab'].bands[-1].per_kg)} mg/kg once; if severe "
        "ruxolitinib, cyclophosphamide or antithymocyte globulin"
    ),
    "labs-not-resulted": f"Daily {', '.join(TESTS.values())}: those not resulted are named",
    "antibiotics": "Empiric broad-spectrum antibiotics",
    "cytopenia": "Low counts: the label's limits are written for rheumatoid arthritis, no bar in CRS",
}


# ------------------------------------------------------------------ grading

NAME = re.compile(r"[a-z]+(?:-[a-z]+)*")
NAMES = {name: words for name, words in DEVICES.items() if name}
ABBREVIATIONS = {name: name.upper() for name in ("cbc", "cmp", "crp", "alt", "ast")}


def devices_in_words(says: str) -> str:
    """A line of the tables with its devices as a clinician names them."""
    return NAME.sub(lambda found: NAMES.get(found[0], found[0]), says)


def bands_in_words(says: str) -> str:
    """The same for a band of oxygen, where "unknown" is a device."""
    return devices_in_words(re.sub(r"\bunknown\b", f"or {DEVICES['']}", says))


def drugs_in_words(says: str) -> str:
    """A line of the tables with its drugs and products as a clinician names them."""
    return NAME.sub(lambda found: concept(found[0]) if "-" in found[0] else found[0], says)


def tests_in_words(says: str) -> str:
    """A line of the tables with its tests as a clinician names them."""
    return NAME.sub(lambda found: ABBREVIATIONS.get(found[0], found[0]), says)
