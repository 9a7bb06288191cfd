"""One draft order with everything that it is held against: doses given, orders, the other drafts, weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from cds_service.crs.counting import counted_since
from cds_service.crs.dosing import dose_for
from cds_service.crs.drug_table import DrugTable
from cds_service.crs.evidence import Assessment, Status
from cds_service.crs.guideline import Guideline
from cds_service.crs.ledger import Ledger, ledger
from cds_service.crs.order_events import DAY, Event, events
from cds_service.crs.standing_orders import all_outstanding, outstanding
from fhir_mappings.facts import Administration, DrugGroup, Order, PatientFacts, Route

WAITING = "on-hold"
"""Nothing is given under such an order until it is resumed (FHIR medicationrequest-status)."""
ENDED = frozenset({"completed", "cancelled", "stopped", "entered-in-error"})
"""A draft with this status asks for nothing; it may end an order on record."""
EXCUSED = ("icans", "premedication")
"""Words in the reason of an order for which a steroid is not held against the regimen of CRS."""


@dataclass(frozen=True)
class Situation:
    """The patient whose orders are looked at; not ``signing`` while an order is still put together."""

    facts: PatientFacts
    guideline: Guideline
    assessment: Assessment
    as_of: datetime
    signing: bool
    drafts: tuple[Order, ...]
    """All of the call, also those that nobody asks about."""

    @property
    def in_episode(self) -> bool:
        return self.assessment.status is Status.ACTIVE

    @property
    def is_considered(self) -> bool:
        return self.assessment.status is not Status.NOT_CONSIDERED

    @cached_property
    def live(self) -> tuple[Order, ...]:
        return tuple(draft for draft in self.drafts if draft.status not in ENDED)

    @cached_property
    def standing(self) -> tuple[Order, ...]:
        """Orders with what is left of them, also those whose status nobody knows: they may be given.

        One that is a draft too is the draft: signed again.
        """
        drafted = {draft.reference for draft in self.drafts}
        orders = (o for o in self.facts.orders if o.status != WAITING and o.reference not in drafted)
        return tuple(all_outstanding(orders, self.facts.administrations, self.as_of))

    def left_of(self, draft: Order) -> Order:
        """A draft that is on record and signed again: what was given under it is not due once more."""
        record = next((o for o in self.facts.orders if o.reference == draft.reference), None)
        if record is None or record.status == WAITING or not draft.reference:
            return draft
        written = replace(draft, authored=record.authored)
        return outstanding(written, self.facts.administrations, self.as_of) or draft


class Due(NamedTuple):
    """When the drug is due by another order; ``kind`` is draft or order."""

    time: datetime
    kind: str


@dataclass(frozen=True)
class Bench:
    """``pending`` are active orders for the same drug, ``drafts`` the other drafts for it."""

    order: Order
    table: DrugTable
    situation: Situation
    ledger: Ledger
    """Of this drug: doses given that count, weight, age."""
    pending: tuple[Order, ...]
    drafts: tuple[Order, ...]

    @property
    def as_of(self) -> datetime:
        return self.situation.as_of

    @cached_property
    def events(self) -> list[Event]:
        return self._events(self.left)

    @cached_property
    def left(self) -> Order:
        """The order without what was given under it already."""
        return self.situation.left_of(self.order)

    @cached_property
    def others(self) -> list[Due]:
        """When the same drug is due by other orders, active or draft."""
        kinds = (("order", self.pending), ("draft", self.drafts))
        return sorted(
            Due(event.time, kind)
            for kind, orders in kinds for order in orders for event in self._events(order)
        )  # fmt: skip

    def _events(self, order: Order) -> list[Event]:
        return events(order, self.ledger.weight, self.as_of, self.table.interval or DAY)

    @cached_property
    def given(self) -> list[Administration]:
        """Doses that count for any limit, oldest first."""
        found = dict.fromkeys((*self.ledger.counted, *self.ledger.recent))
        return sorted(found, key=lambda dose: dose.start)

    @cached_property
    def reference_dose(self) -> Decimal | None:
        """The dose by weight in mg, capped; None where there is none to compare with."""
        weight = self.ledger.weight
        if not self.table.bands or weight.reading is None or weight.reason:
            return None
        exact = dose_for(self.table, weight.kilograms).exact
        return min(exact, self.table.per_dose) if self.table.per_dose is not None else exact


def bench_for(order: Order, situation: Situation) -> Bench | None:
    """None for drugs that have no limits of their own."""
    table = situation.guideline.drugs.get(order.drug)
    if table is None:
        return None
    onset = situation.assessment.onset if situation.in_episode else None
    since = counted_since(situation.facts, situation.guideline, situation.as_of, onset)
    given = ledger(situation.facts, situation.guideline, since, situation.as_of, order.drug)
    pending = _of_this_use(situation.standing, order, table)
    drafts = tuple(d for d in situation.live if d.drug == order.drug and d is not order)
    if is_steroid(order):
        drafts = tuple(draft for draft in drafts if is_for_crs(draft))
    return Bench(order, table, situation, given, pending, drafts)


def _of_this_use(orders: Sequence[Order], order: Order, table: DrugTable) -> tuple[Order, ...]:
    """For the same drug, by a route of its table; a steroid not for something else."""
    same = (other for other in orders if other.drug == order.drug and _by_route(other, table))
    return tuple(other for other in same if not is_steroid(other) or is_for_crs(other))


def _by_route(order: Order, table: DrugTable) -> bool:
    allowed = {*table.routes, Route.UNSPECIFIED} if table.routes else set(Route)
    return any(dose.route in allowed for dose in order.doses)


def is_steroid(order: Order) -> bool:
    return DrugGroup.STEROID in order.groups


def is_for_crs(order: Order) -> bool:
    """A systemic steroid that is not given as premedication or for ICANS."""
    excused = any(word in reason.lower() for reason in order.reasons for word in EXCUSED)
    return not excused and any(dose.route is not Route.LOCAL for dose in order.doses)
