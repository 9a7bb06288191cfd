"""Systemic steroids in an open episode: a dose and a day against every regimen, and two at once (DL-12)."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.crs.bench import Bench, Situation, is_for_crs, is_steroid
from cds_service.crs.evidence import Problem
from cds_service.crs.order_events import per_day
from fhir_mappings.facts import Order


def regimen(bench: Bench) -> Iterator[Problem]:
    """Beyond every regimen of the guideline, in one dose or in a day."""
    highs = [event.amount.high for event in bench.events if event.amount.high is not None]
    most, daily = bench.table.per_dose, bench.table.per_day
    if highs and most is not None and max(highs) > most:
        yield Problem("DL-12", "steroid-dose", {"dose": max(highs), "limit": most})
    amount = per_day(bench.order, bench.ledger.weight)
    if amount is not None and daily is not None and amount > daily:
        yield Problem("DL-12", "steroid-day", {"dose": amount, "limit": daily})


def is_held(order: Order, situation: Situation) -> bool:
    """Whether a steroid is one that the regimen of CRS is about, and this patient has an open episode."""
    return situation.in_episode and is_steroid(order) and is_for_crs(order)


def two_at_once(order: Order, situation: Situation) -> Iterator[Problem]:
    """Another systemic steroid is drafted or active too."""
    if not is_held(order, situation):
        return
    for kind, others in (("draft", situation.live), ("order", situation.standing)):
        for other in others:
            same = other.drug == order.drug or other.reference == order.reference
            if not same and is_held(other, situation):
                yield Problem("DL-12", f"two-steroids-{kind}", {"second": other.drug})
                return
