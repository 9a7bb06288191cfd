"""Draft orders held against the limits, each with what could be signed instead (DL-1 to DL-13).

Limits speak only of patients who are considered (GR-8): tocilizumab for arthritis must not alarm. Steroids
are held against the regimen only in an active episode, and never as premedication or for ICANS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from cds_service.crs import limits, steroid_limits
from cds_service.crs.bench import ENDED, Bench, Situation, bench_for, is_steroid
from cds_service.crs.corrections import BARRED, correction
from cds_service.crs.evidence import GivenDose, Problem, Status, Verdict
from cds_service.crs.guideline import Guideline
from cds_service.crs.ledger import Ledger
from cds_service.crs.situation import active
from fhir_mappings.facts import Administration, Concept, ConditionGroup, DrugGroup, Order

__all__ = ["Situation", "check", "concerns"]

Check = Callable[[Bench], Iterator[Problem]]
DOSED: tuple[Check, ...] = (
    limits.age,
    limits.total,
    limits.interval,
    limits.rolling_window,
    limits.route,
    limits.amounts,
    limits.weight,
    limits.history,
    limits.duplicates,
    limits.remarks,
)
"""In the order in which problems of equal danger are told."""
STEROIDS: tuple[Check, ...] = (steroid_limits.regimen, limits.weight, limits.duplicates)
OFFER = Problem("TX-5", "dose-offered")


def concerns(order: Order, guideline: Guideline) -> bool:
    """Whether any rule can speak about this order."""
    known = order.drug in guideline.drugs or bool(order.groups & {DrugGroup.STEROID, DrugGroup.CAR_T})
    return known and order.status not in ENDED


def check(chosen: Sequence[Order], situation: Situation) -> tuple[Verdict, ...]:
    """A verdict for each chosen draft about which there is something to say."""
    found: dict[str, Verdict] = {}
    for number, order in enumerate(chosen):
        verdict = _verdict(order, situation)
        key = order.reference if _has_id(order) else f"{order.reference} {number}"
        if verdict.problems:
            found[key] = _together(found[key], verdict) if key in found else verdict
    return tuple(found.values())


def _has_id(order: Order) -> bool:
    return not order.reference.endswith("(no id)")


def _together(one: Verdict, other: Verdict) -> Verdict:
    """Two readings of one order (its codes name two drugs) share a card; what to sign is then not clear."""
    more = (problem for problem in other.problems if problem not in one.problems)
    return replace(one, problems=(*one.problems, *more), correction=None)


def _verdict(order: Order, situation: Situation) -> Verdict:
    cells = [*_cells(order, situation)]
    bench = bench_for(order, situation) if situation.is_considered else None
    if bench is None:
        found = [*steroid_limits.two_at_once(order, situation)] if situation.is_considered else []
        return Verdict(order.reference, order.drug, (*cells, *found))
    found = [*cells, *_problems(bench)]
    corrected = correction(bench, found, _problems, offered=_may_be_offered(bench, found))
    if corrected is not None and _may_be_offered(bench, found):
        found.append(OFFER)
    given = bench.ledger
    return Verdict(
        reference=order.reference,
        drug=order.drug,
        problems=tuple(sorted(found, key=lambda problem: _rank(problem, situation.guideline))),
        correction=corrected,
        is_extra=_is_extra(bench),
        weight=given.weight if bench.table.bands else None,
        dose=given.dose,
        doses=tuple(_shown(dose, given) for dose in bench.given),
        other_routes=tuple(_shown(dose, given) for dose in given.other_routes),
        given=len(given.counted),
        allowed=bench.table.total,
    )


def _rank(problem: Problem, guideline: Guideline) -> tuple[bool, bool]:
    """What is dangerous first, then limits, then what is only to be known."""
    return problem.rule not in guideline.critical, not problem.rule.startswith("DL-")


def _is_extra(bench: Bench) -> bool:
    """Whether an order or an earlier draft for the drug stands when this one is removed."""
    return bool(bench.pending) or any(
        draft.reference < bench.order.reference for draft in bench.drafts
    )  # fmt: skip


def _shown(dose: Administration, given: Ledger) -> GivenDose:
    amount = dose.dose or dose.mass
    flags = ["implausible"] * (dose in given.implausible) + ["uncertain"] * (not dose.certain)
    value, unit = (str(amount.value), amount.unit) if amount else ("", "")
    return GivenDose(dose.reference, dose.start, value, unit, dose.product, tuple(flags))


def _problems(bench: Bench) -> list[Problem]:
    """Everything about the order on the bench, cells apart."""
    order, situation = bench.order, bench.situation
    if is_steroid(order):
        if not steroid_limits.is_held(order, situation):
            return []
        found = [problem for steroid in STEROIDS for problem in steroid(bench)]
        found += steroid_limits.two_at_once(order, situation)
        return [*found, *limits.readable(bench)] if situation.signing else found
    found = [problem for dosed in DOSED for problem in dosed(bench)]
    if situation.signing or not _without_dose(order):
        found += limits.readable(bench)
    return [*found, *_without_crs(order, situation)]


def _may_be_offered(bench: Bench, found: Sequence[Problem]) -> bool:
    """An order still put together that has no dose: the one by weight, unless no dose may be given."""
    wanted = not bench.situation.signing and not is_steroid(bench.order) and _without_dose(bench.order)
    return wanted and bench.reference_dose is not None and not BARRED & {problem.rule for problem in found}


def _without_dose(order: Order) -> bool:
    return all(dose.dose is None and "dose-missing" in dose.problems for dose in order.doses)


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
    """Tocilizumab where no CRS is graded (TX-5), or for ICANS alone (TX-18)."""
    grade, status = situation.assessment.grade, situation.assessment.status
    if DrugGroup.TOCILIZUMAB not in order.groups or (grade is not None and grade.highest > 0):
        return
    if _has_icans(situation):
        yield Problem("TX-18", "icans-alone")
    else:
        gradable = status is not Status.NOT_GRADABLE
        yield Problem("TX-5", "no-crs-graded" if gradable else "crs-not-gradable")


def _has_icans(situation: Situation) -> bool:
    """Diagnosed, or an ICE score below the normal one in its window."""
    guideline = situation.guideline
    since = situation.as_of - guideline.windows["ice-score"]
    scores = [r for r in situation.facts.readings.get(Concept.ICE_SCORE, ()) if r.time >= since]
    low = bool(scores) and scores[-1].value < guideline.thresholds["ice-normal"]
    return low or bool(active(situation.facts, ConditionGroup.ICANS))
