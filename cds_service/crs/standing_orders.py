"""Active orders as far as they are not carried out yet: what of them is still to be given (DL-3, DL-11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from fhir_mappings.facts import Administration, Order, OrderedDose, PatientFacts


def outstanding(order: Order, facts: PatientFacts, as_of: datetime) -> Order | None:
    """The order with the doses that are left of it, or None where all were given since it was written."""
    given = [a for a in facts.administrations if a.drug == order.drug and _by(order, a)]
    left = [dose for each in order.doses if (dose := _left(each, given, as_of)) is not None]
    return replace(order, doses=tuple(left)) if left else None


def _by(order: Order, dose: Administration) -> bool:
    """Given since the order was written; of one without a date nobody can say."""
    return order.authored is not None and dose.start >= order.authored


def _left(dose: OrderedDose, given: Sequence[Administration], as_of: datetime) -> OrderedDose | None:
    count = 1 if dose.count is None and dose.interval is None else dose.count
    if count is not None and count <= len(given):
        return None
    if dose.until is not None and dose.until < as_of:
        return None
    if not given:
        return dose
    left = None if count is None else count - len(given)
    if dose.interval is None:
        return replace(dose, count=left)
    due = max(a.start for a in given) + dose.interval
    if dose.until is not None and due > dose.until:
        return None
    return replace(dose, count=left, start=due)
