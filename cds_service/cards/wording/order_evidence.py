"""What the check of an order stands on: the dose by weight, the doses given, what was not at hand."""

from __future__ import annotations

from datetime import datetime, tzinfo

from cds_service.cards.formats import number, when
from cds_service.cards.wording.ledger import given
from cds_service.cards.wording.limits import Telling
from cds_service.cards.wording.treatment import ORDERS_NOT_KNOWN
from cds_service.crs.evidence import GivenDose

MOST_DOSES = 6


def by_weight(t: Telling) -> str:
    """``110 kg × 8 mg/kg = 880 mg, at most 800 mg; weight of 03:00 (6 h ago)``."""
    dose, weight = t.verdict.dose, t.verdict.weight
    if dose is None or weight is None or weight.reading is None:
        return ""
    product = f"{number(dose.kilograms)} kg × {number(dose.per_kg)} mg/kg = {number(dose.exact)} mg"
    most = f", at most {number(dose.milligrams)} mg" if dose.capped else ""
    old = ": weigh again if it may have changed" if weight.old else ""
    return f"**By weight:** {product}{most}; weight of {when(weight.reading.time, t.as_of, t.zone)}{old}."


def doses_given(t: Telling) -> str:
    """``tocilizumab 1 of 4: 560 mg 22:05 (5 h ago)``."""
    told = t.verdict
    parts = []
    if told.doses:
        counted = f" {told.given} of {told.allowed}" if told.allowed else ""
        shown = [_dose(dose, t.as_of, t.zone) for dose in told.doses[-MOST_DOSES:]]
        parts.append(f"{t.drug}{counted}: {'; '.join(shown)}")
    elsewhere = [given(dose, t.as_of, t.zone) for dose in told.other_routes[-MOST_DOSES:]]
    if elsewhere:
        parts.append(f"by another route, not counted: {'; '.join(elsewhere)}")
    return f"**Given:** {'; '.join(parts)}." if parts else ""


def _dose(dose: GivenDose, as_of: datetime, zone: tzinfo | None) -> str:
    ago = when(dose.time, as_of, zone).partition(" (")[2]
    return f"{given(dose, as_of, zone)} ({ago}"


def not_at_hand(t: Telling) -> str:
    return "" if t.situation.assessment.orders_known else ORDERS_NOT_KNOWN
