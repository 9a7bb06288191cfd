"""Active orders as far as they are not carried out yet: what of them is still to be given (DL-3, DL-11)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from fhir_mappings.facts import Administration, Order, OrderedDose


def all_outstanding(
    orders: Iterable[Order], administrations: Sequence[Administration], as_of: datetime
) -> Iterator[Order]:
    """What is left of several orders; a dose was given by one of them, the oldest that still asked for it."""
    free = list(administrations)
    for order in sorted(orders, key=lambda order: order.authored or as_of):
        left = outstanding(order, free, as_of)
        used = _used(order, free)
        free = [a for a in free if a not in used]
        if left is not None:
            yield left


def _used(order: Order, given: Sequence[Administration]) -> list[Administration]:
    """The doses that the order asked for, as many as it asks for."""
    counts, doses = [_asked(dose) for dose in order.doses], _given_by(order, given)
    known = [count for count in counts if count is not None]
    return doses if len(known) < len(counts) else doses[: max(known, default=0)]


def outstanding(order: Order, administrations: Sequence[Administration], as_of: datetime) -> Order | None:
    """The order with the doses that are left of it, or None where all were given since it was written."""
    given = _given_by(order, administrations)
    left = [dose for each in order.doses if (dose := _left(each, given, as_of)) is not None]
    return replace(order, doses=tuple(left)) if left else None


def _given_by(order: Order, administrations: Sequence[Administration]) -> list[Administration]:
    """Doses of the drug since the order was written; of one without a date nobody can say."""
    since = order.authored
    return [a for a in administrations if a.drug == order.drug and since is not None and a.start >= since]


def _asked(dose: OrderedDose) -> int | None:
    """How many doses are asked for; None where there is no end to them."""
    return 1 if dose.count is None and dose.interval is None else dose.count


def _left(dose: OrderedDose, given: Sequence[Administration], as_of: datetime) -> OrderedDose | None:
    count = _asked(dose)
    if (count is not None and count <= len(given)) or (dose.until is not None and dose.until < as_of):
        return None
    if not given:
        return dose
    rest = replace(dose, count=None if count is None else count - len(given))
    return rest if dose.interval is None else _after(max(a.start for a in given), rest, dose.interval)


def _after(last: datetime, dose: OrderedDose, interval: timedelta) -> OrderedDose | None:
    """What of a dose is due after the last one that was given."""
    if dose.times:
        # A dose given near a listed time was the one of that time.
        ahead = tuple(time for time in dose.times if time - last >= interval / 2)
        return replace(dose, start=ahead[0], times=ahead) if ahead else None
    due = last + interval
    if dose.until is not None and due > dose.until:
        return None
    return replace(dose, start=max(due, dose.start or due))
