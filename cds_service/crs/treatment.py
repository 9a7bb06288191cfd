"""What the guideline says for this patient, now (TX-1 to TX-23): the advice that applies, in its order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import NamedTuple

from cds_service.crs.case import Case, Values, case_of
from cds_service.crs.dosing import whole_vials
from cds_service.crs.episode import Episode
from cds_service.crs.evidence import GivenDose, Grade, Recommendation, Tocilizumab, Value
from cds_service.crs.explain import Picture, of_reading
from cds_service.crs.ledger import CLOSE
from cds_service.crs.proposals import proposals
from cds_service.crs.regimen import Advice
from cds_service.crs.situation import situation
from fhir_mappings.facts import Administration


class Treatment(NamedTuple):
    """The tocilizumab ledger, and the advice at the lower end of the grade, which is sure."""

    ledger: Tocilizumab | None = None
    advice: tuple[Recommendation, ...] = ()
    is_adult: bool = True


def advise(picture: Picture, episode: Episode, now: Grade) -> Treatment:
    case = case_of(picture, episode, now)
    holds = situation(case)
    advice = picture.guideline.regimen.at_grade.get(now.lowest, ())
    names = set(holds)
    if any(row.order == "tocilizumab" and _applies(row, names) for row in advice):
        holds["tocilizumab-advised"] = {}
        names.add("tocilizumab-advised")
    rows = [row for row in advice if _applies(row, names)]
    advised = tuple(_recommendation(row, case, holds) for row in rows)
    return Treatment(shown_ledger(case), advised, case.is_adult)


def _applies(row: Advice, names: Set[str]) -> bool:
    return row.when <= names and row.unless.isdisjoint(names)


def _recommendation(row: Advice, case: Case, holds: Mapping[str, Values]) -> Recommendation:
    values: dict[str, Value] = {}
    for name in sorted(row.when):
        values.update(holds[name])
    orders = proposals(row, case, values)
    return Recommendation(row.id, row.rule, row.strength.value, row.line, values, orders)


# ------------------------------------------------------------------ the ledger as it is shown


def shown_ledger(case: Case) -> Tocilizumab:
    given, table = case.ledger, case.picture.guideline.drugs["tocilizumab"]
    dose, reading = given.dose, given.weight.reading
    return Tocilizumab(
        doses=tuple(_given(a, case) for a in given.counted),
        allowed=given.allowed,
        last_24h=len(given.recent),
        next_possible=given.next_possible if given.last is not None else None,
        milligrams=dose.milligrams if dose else None,
        per_kg=dose.per_kg if dose else None,
        exact=dose.exact if dose else None,
        capped=dose.capped if dose else False,
        vials=whole_vials(table, dose.milligrams) if dose else (),
        weight=of_reading(reading) if reading else None,
        weight_is_old=given.weight.old,
        reasons=tuple(_reasons(case)),
        other_routes=tuple(_given(a, case) for a in given.other_routes),
        earlier=tuple(_given(a, case) for a in given.earlier),
    )


def _given(dose: Administration, case: Case) -> GivenDose:
    given = case.ledger
    amount, unit = (str(dose.dose.value), dose.dose.unit) if dose.dose else ("", "")
    flags = []
    if dose in given.implausible:
        flags.append("implausible")
    if not dose.certain:
        flags.append("uncertain")
    if dose.status == "on-hold":
        flags.append("on-hold")
    if any(name in dose.product for name in case.picture.guideline.drugs["tocilizumab"].check_label):
        flags.append("check-label")
    if any(abs(other.start - dose.start) < CLOSE for other in given.counted if other is not dose):
        flags.append("close")
    return GivenDose(dose.reference, dose.start, amount, unit, dose.product, tuple(flags))


def _reasons(case: Case) -> Iterator[str]:
    """Why no dose is possible now, all that hold."""
    given, table = case.ledger, case.picture.guideline.drugs["tocilizumab"]
    if given.unknown:
        yield given.unknown
    if given.all_given:
        yield "all-given"
    early = given.last is not None and table.interval is not None
    if early and given.last and table.interval and case.as_of - given.last.start < table.interval:
        yield "too-early"
    if table.in_window is not None and len(given.recent) >= table.in_window.most:
        yield "window-full"
    if given.under_age:
        yield "under-age"
    if given.under_age is None:
        yield "age-unknown"
    if given.weight.reason:
        yield f"weight-{given.weight.reason}"
