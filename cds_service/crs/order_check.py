"""Draft orders held against the limits, each with what could be signed instead (DL-1 to DL-13).

Limits speak only of patients who are considered (GR-8): tocilizumab for arthritis must not alarm. Steroids
are held against the regimen only in an active episode, and never as premedication or for ICANS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cds_service.crs import limits
from cds_service.crs.corrections import correction
from cds_service.crs.counting import counted_since
from cds_service.crs.evidence import Assessment, Problem, Status, Verdict
from cds_service.crs.guideline import Guideline
from cds_service.crs.ledger import ledger
from cds_service.crs.limits import Bench, is_steroid
from cds_service.crs.situation import active
from fhir_mappings.facts import ConditionGroup, DrugGroup, Order, PatientFacts, Route

Check = Callable[[Bench], Iterator[Problem]]
DOSED: tuple[Check, ...] = (
    limits.amounts,
    limits.interval,
    limits.rolling_window,
    limits.total,
    limits.age,
    limits.route,
    limits.weight,
    limits.history,
    limits.duplicates,
)
STEROIDS: tuple[Check, ...] = (limits.steroid, limits.duplicates)
EXCUSED = frozenset({"icans", "premedication"})
"""Reasons of an order for which a steroid is not held against the regimen of CRS."""


@dataclass(frozen=True, slots=True)
class Situation:
    """The patient whose orders are looked at; not ``signing`` while an order is still put together."""

    facts: PatientFacts
    guideline: Guideline
    assessment: Assessment
    as_of: datetime
    signing: bool

    @property
    def in_episode(self) -> bool:
        return self.assessment.status is Status.ACTIVE


def concerns(order: Order, guideline: Guideline) -> bool:
    """Whether any rule can speak about an order for this drug."""
    return order.drug in guideline.drugs or bool(order.groups & {DrugGroup.STEROID, DrugGroup.CAR_T})


def check(drafts: Sequence[Order], chosen: Sequence[Order], situation: Situation) -> tuple[Verdict, ...]:
    """A verdict for each chosen draft about which there is something to say."""
    verdicts = (_verdict(order, drafts, situation) for order in chosen)
    return tuple(verdict for verdict in verdicts if verdict.problems)


def _verdict(order: Order, drafts: Sequence[Order], situation: Situation) -> Verdict:
    cells = [*_cells(order, situation)]
    considered = situation.assessment.status is not Status.NOT_CONSIDERED
    bench = _bench(order, drafts, situation) if considered else None
    if bench is None:
        found = [*_two(order, drafts, situation)] if considered else []
        return Verdict(order.reference, order.drug, (*cells, *found))
    found = [*_problems(order, bench, drafts, situation)]
    if not situation.signing and _without_dose(order) and bench.reference_dose is not None:
        found.append(Problem("TX-5", "dose-offered"))
    corrected = correction(bench, found, lambda b: [*_problems(b.order, b, drafts, situation)])
    rank = situation.guideline.critical
    ordered = sorted(found, key=lambda p: (p.rule not in rank, p.rule.split("-")[0] != "DL"))
    known = bench.ledger
    return Verdict(
        reference=order.reference,
        drug=order.drug,
        problems=(*cells, *ordered),
        correction=corrected,
        weight=known.weight if bench.table.bands else None,
        dose=known.dose,
        given=len(known.counted),
        allowed=bench.table.total,
    )


def _bench(order: Order, drafts: Sequence[Order], situation: Situation) -> Bench | None:
    """None for drugs that have no limits of their own."""
    table = situation.guideline.drugs.get(order.drug)
    if table is None:
        return None
    facts, as_of = situation.facts, situation.as_of
    onset = situation.assessment.onset if situation.in_episode else None
    since = counted_since(facts, situation.guideline, as_of, onset)
    given = ledger(facts, situation.guideline, since, as_of, order.drug)
    last = given.last.start if given.last else None
    others = tuple(d for d in drafts if d.drug == order.drug and d is not order)
    names = {order.reference, *(d.reference for d in others)}
    pending = tuple(
        o for o in facts.orders
        if o.drug == order.drug and o.status == "active" and o.reference not in names and _is_pending(o, last)
    )  # fmt: skip
    return Bench(order, table, facts, situation.guideline, given, pending, others, as_of)


def _is_pending(order: Order, last: datetime | None) -> bool:
    """Not yet carried out: written after the last dose, or repeating."""
    repeats = any(dose.interval is not None for dose in order.doses)
    return repeats or last is None or order.authored is None or order.authored > last


def _problems(order: Order, bench: Bench, drafts: Sequence[Order], situation: Situation) -> Iterator[Problem]:
    if is_steroid(order):
        if _held_against_regimen(order, situation):
            for steroid in STEROIDS:
                yield from steroid(bench)
            yield from _two(order, drafts, situation)
        return
    for dosed in DOSED:
        yield from dosed(bench)
    if situation.signing or not _without_dose(order):
        yield from limits.readable(bench)
    yield from _without_crs(order, situation)


def _without_dose(order: Order) -> bool:
    return all(dose.dose is None and "dose-missing" in dose.problems for dose in order.doses)


def _held_against_regimen(order: Order, situation: Situation) -> bool:
    systemic = any(dose.route is not Route.LOCAL for dose in order.doses)
    return situation.in_episode and systemic and not _excused(order)


def _excused(order: Order) -> bool:
    return any(reason.lower() in EXCUSED for reason in order.reasons)


def _two(order: Order, drafts: Sequence[Order], situation: Situation) -> Iterator[Problem]:
    """Two systemic steroids at once (DL-12)."""
    if not is_steroid(order) or not _held_against_regimen(order, situation):
        return
    standing = (o for o in situation.facts.orders if o.status == "active")
    for other in (*drafts, *standing):
        same = other is order or other.drug == order.drug or other.reference == order.reference
        if is_steroid(other) and not same and _held_against_regimen(other, situation):
            yield Problem("DL-12", "two-steroids", {"other": other.drug})
            return


def _cells(order: Order, situation: Situation) -> Iterator[Problem]:
    """A cell product while an infection or CRS is active (TX-17); also for whom no limit speaks."""
    if DrugGroup.CAR_T not in order.groups:
        return
    infections = active(situation.facts, ConditionGroup.INFECTION)
    if infections:
        yield Problem("TX-17", "cells-in-infection", {"diagnosis": infections[0].display})
    if situation.in_episode or active(situation.facts, ConditionGroup.CRS):
        yield Problem("TX-17", "cells-in-crs")


def _without_crs(order: Order, situation: Situation) -> Iterator[Problem]:
    """Tocilizumab where no CRS is graded, or for ICANS alone (TX-18)."""
    grade = situation.assessment.grade
    if DrugGroup.TOCILIZUMAB not in order.groups or (grade is not None and grade.lowest > 0):
        return
    if active(situation.facts, ConditionGroup.ICANS):
        yield Problem("TX-18", "icans-alone")
    elif grade is None or grade.highest == 0:
        yield Problem("TX-5", "no-crs-graded", {"status": situation.assessment.status.value})
