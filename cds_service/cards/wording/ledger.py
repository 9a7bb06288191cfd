"""The tocilizumab ledger in words: what was given, how much of it counts, and when the next is possible."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from cds_service.cards.formats import amount, clock
from cds_service.crs.evidence import Assessment, GivenDose

MINUTE = timedelta(minutes=1)

FLAGS = {
    "implausible": "amount implausible, check the entry",
    "uncertain": "entry not fully understood",
    "on-hold": "on hold",
    "check-label": "check the product's label",
    "close": "within an hour of another: one infusion charted twice?",
}


def not_before(time: datetime, as_of: datetime, zone: tzinfo | None) -> str:
    """The first whole minute that is not too early."""
    return clock(time + (time.replace(second=0, microsecond=0) - time) % MINUTE, as_of, zone)


def ledger_line(assessment: Assessment, zone: tzinfo | None) -> str:
    """``Tocilizumab 1 of 4, 1 in 24 h: 560 mg 22:05; next possible 06:05.``"""
    ledger = assessment.tocilizumab
    if ledger is None:
        return ""
    doses = "; ".join(given(dose, assessment.as_of, zone) for dose in ledger.doses[-4:])
    head = f"Tocilizumab {len(ledger.doses)} of {ledger.allowed}" if ledger.doses else ""
    recent = f", {ledger.last_24h} in 24 h" if ledger.doses else ""
    after = ""
    if ledger.next_possible is not None and ledger.next_possible > assessment.as_of:
        after = f"; next possible {not_before(ledger.next_possible, assessment.as_of, zone)}"
    other = "; ".join(given(dose, assessment.as_of, zone) for dose in ledger.other_routes)
    counted = f"{head}{recent}: {doses}{after}" if head else ""
    before = "; ".join(given(dose, assessment.as_of, zone) for dose in ledger.earlier[-4:])
    counted += f"{'; ' if counted else 'Tocilizumab '}before this therapy: {before}" if before else ""
    return "; ".join(
        part for part in (counted, f"not for CRS, not counted: {other}" if other else "") if part
    )


def given(dose: GivenDose, as_of: datetime, zone: tzinfo | None) -> str:
    shown = f"{amount(dose.dose, dose.unit)} " if dose.dose else ""
    flags = f" ({'; '.join(FLAGS[flag] for flag in dose.flags)})" if dose.flags else ""
    return f"{shown}{clock(dose.time, as_of, zone)}{flags}"
