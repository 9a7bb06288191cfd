"""The tables beside the plot: the evidence, the tocilizumab ledger and the steroids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cds_service.cards.formats import amount, number, plain, rfc3339, when
from cds_service.cards.wording import companion as wording
from cds_service.cards.wording.grading import concept, criterion_name, evidence_time, evidence_value
from cds_service.cards.wording.ledger import FLAGS, not_before
from cds_service.cards.wording.tocilizumab import TOCILIZUMAB, arithmetic
from cds_service.crs.evidence import Assessment, GivenDose, Status, Tocilizumab
from cds_service.crs.guideline import Guideline
from cds_service.crs.weight import weight_at
from fhir_mappings.facts import Administration, DrugGroup, PatientFacts, Route, Source

Json = dict[str, Any]
TENTH = Decimal("0.1")
ADVISED = frozenset(TOCILIZUMAB)
"""Rows of advice about the drug: without one its amount changes nothing."""


def table(words: tuple[str, Sequence[str]], rows: Iterable[Sequence[str]], empty: str) -> Json:
    """A table with its caption and heads; ``empty`` is what it says without rows."""
    caption, heads = words
    return {"caption": caption, "heads": list(heads), "rows": [list(row) for row in rows], "empty": empty}


def evidence_table(assessment: Assessment, zone: tzinfo | None) -> Json:
    return table(wording.EVIDENCE, _evidence(assessment, zone), _no_evidence(assessment))


def _no_evidence(assessment: Assessment) -> str:
    """That none holds is said of an open episode of which all is known."""
    if assessment.missing or assessment.status is Status.NOT_GRADABLE:
        return wording.NO_KNOWN_CRITERION
    return wording.NO_CRITERION if assessment.status is Status.ACTIVE else wording.NOTHING_WEIGHED


def _evidence(assessment: Assessment, zone: tzinfo | None) -> Iterator[Sequence[str]]:
    """The gravest first, as on the card."""
    for criterion in sorted(assessment.criteria, key=lambda c: -c.grade):
        for item in criterion.evidence:
            yield (
                criterion_name(criterion),
                plain(evidence_value(item)),
                evidence_time(item, assessment.as_of, zone),
                item.reference,
            )


def _none_given(facts: PatientFacts, since: datetime) -> str:
    """None is said only where all that was given is at hand."""
    whole = facts.covered(Source.MEDICATIONS).reaches(since)
    return wording.NONE_GIVEN if whole else wording.NONE_SEEN


# ------------------------------------------------------------------ tocilizumab


def tocilizumab_table(
    facts: PatientFacts,
    assessment: Assessment,
    guideline: Guideline,
    zone: tzinfo | None,
    since: datetime,
) -> Json:
    """The ledger of an open episode, or without one the doses of the time shown."""
    ledger = assessment.tocilizumab
    doses = {dose.reference: dose for dose in facts.administrations if DrugGroup.TOCILIZUMAB in dose.groups}
    if ledger is None:
        rows = [
            _row(dose, ("", wording.UNCOUNTED), facts, guideline, assessment, zone)
            for dose in doses.values()
            if dose.start >= since
        ]
        return table(wording.TOCILIZUMAB, rows, _none_given(facts, since))
    rows = [
        _row(doses[given.reference], said, facts, guideline, assessment, zone)
        for given, said in _counted(ledger)
    ]
    return table(wording.TOCILIZUMAB, rows, _none_given(facts, since)) | _next(ledger, assessment, zone)


def _counted(ledger: Tocilizumab) -> Iterator[tuple[GivenDose, tuple[str, str]]]:
    """Each dose with its count and its remarks."""
    for dose in ledger.earlier:
        yield dose, ("", wording.EARLIER)
    for k, dose in enumerate(ledger.doses, 1):
        count = wording.COUNT.format(k=k, allowed=ledger.allowed)
        yield dose, (count, "; ".join(FLAGS[flag] for flag in dose.flags))
    for dose in ledger.other_routes:
        yield dose, ("", wording.OTHER_ROUTE)


def _row(
    dose: Administration,
    said: tuple[str, str],
    facts: PatientFacts,
    guideline: Guideline,
    assessment: Assessment,
    zone: tzinfo | None,
) -> Sequence[str]:
    time = when(dose.start, assessment.as_of, zone)
    return (concept(dose.drug), _amount(dose), by_weight(dose, facts, guideline), time, *said, dose.reference)


def _next(ledger: Tocilizumab, assessment: Assessment, zone: tzinfo | None) -> Json:
    """When the next dose is possible, why none is now, and how much it would be."""
    said = [wording.not_now(reason) for reason in ledger.reasons]
    if ledger.milligrams is not None and any(r.id in ADVISED for r in assessment.recommendations):
        basis = arithmetic(ledger)
        said.append(wording.AMOUNT.format(milligrams=number(ledger.milligrams), basis=basis))
    given = wording.GIVEN.format(k=len(ledger.doses), allowed=ledger.allowed)
    if ledger.next_possible is None:
        return {"count": given, "remarks": said}
    is_now = ledger.next_possible <= assessment.as_of
    time = not_before(ledger.next_possible, assessment.as_of, zone)
    text = wording.NEXT_NOW if is_now else wording.NEXT.format(time=time)
    return {"count": given, "remarks": said, "next": {"time": rfc3339(ledger.next_possible), "text": text}}


# ------------------------------------------------------------------ steroids


def steroid_table(
    facts: PatientFacts, assessment: Assessment, guideline: Guideline, zone: tzinfo | None, since: datetime
) -> Json:
    """Systemic doses of the time shown, the newest first."""
    doses = [
        d
        for d in facts.administrations
        if DrugGroup.STEROID in d.groups and d.route is not Route.LOCAL and since <= d.start
    ]
    rows = (
        (
            concept(dose.drug),
            _amount(dose),
            by_weight(dose, facts, guideline),
            when(dose.start, assessment.as_of, zone),
            dose.reference,
        )
        for dose in reversed(doses)
    )
    return table(wording.STEROIDS, rows, _none_given(facts, since))


def _amount(dose: Administration) -> str:
    return plain(amount(dose.dose.value, dose.dose.unit)) if dose.dose else ""


def by_weight(dose: Administration, facts: PatientFacts, guideline: Guideline) -> str:
    """mg/kg by the weight at the time of the dose; empty where there is none that may be used."""
    if dose.mass is None:
        return ""
    if dose.mass.unit == "mg/kg":
        return f"{number(dose.mass.value)} mg/kg"
    weight = weight_at(facts, guideline, dose.start)
    if weight.reading is None or weight.reason or dose.mass.unit != "mg":
        return ""
    return f"{number((dose.mass.value / weight.kilograms).quantize(TENTH, ROUND_HALF_UP))} mg/kg"
