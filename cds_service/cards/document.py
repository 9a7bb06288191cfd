"""The machine-readable assessment: one JSON object, the same in a card and from the command line.

Nothing in it is null or empty: such members are left out. Amounts are decimal strings,
times RFC 3339 in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from cds_service.cards.formats import number, rfc3339
from cds_service.cards.wording import grading as wording
from cds_service.cards.wording import tocilizumab, treatment
from cds_service.crs.evidence import (
    Assessment,
    Change,
    Criterion,
    Evidence,
    Exposure,
    GivenDose,
    Grade,
    Missing,
    Note,
    PressorSupport,
    Response,
)
from cds_service.crs.guideline import Guideline
from fhir_mappings.facts import MappingIssue

Json = dict[str, Any]
THOUSANDTH = Decimal("0.001")
EMPTY: tuple[object, ...] = (None, "", [], {})


def assessment_document(assessment: Assessment, guideline: Guideline, zone: tzinfo | None = None) -> Json:
    """The assessment object of ``GET /schemas/assessment.json``."""
    return document(assessment, guideline, zone, treatment.sentences(assessment, guideline, zone))


def document(
    assessment: Assessment, guideline: Guideline, zone: tzinfo | None, advice: Sequence[treatment.Said]
) -> Json:
    """The same, with the sentences of the advice."""
    a = assessment
    return without_empty(
        {
            "status": str(a.status),
            "asOf": rfc3339(a.as_of),
            "patient": a.patient,
            "grade": _grade(a.grade),
            "criteria": [_criterion(c) for c in a.criteria],
            "missing": [_missing(m) for m in a.missing],
            "notes": [_note(n, a, zone) for n in a.notes] + [_issue(i, a, zone) for i in a.issues],
            "exposures": [_exposure(e) for e in a.exposures],
            "onset": rfc3339(a.onset) if a.onset else None,
            "gradeSince": rfc3339(a.grade_since) if a.grade_since else None,
            "peak": {"grade": a.peak.grade, "time": rfc3339(a.peak.time)} if a.peak else None,
            "worst24h": a.worst_24h,
            "resolved": rfc3339(a.resolved) if a.resolved else None,
            "course": [_change(c) for c in a.course],
            "responses": [_response(r) for r in a.responses],
            "norepinephrineEquivalent": [_pressors(p) for p in a.pressors],
            "tocilizumab": _tocilizumab(a),
            "recommendations": [
                {"rule": said.row.rule, "strength": said.row.strength, "text": said.text} for said in advice
            ],
            "options": list(a.options),
            "guideline": {"id": guideline.id, "version": guideline.version, "sha256": guideline.sha256},
        }
    )


def without_empty(value: Mapping[str, Any]) -> Json:
    """The same object without members that are null, empty text, empty list or empty object."""
    return {key: item for key, item in value.items() if item or item not in EMPTY}


def _grade(grade: Grade | None) -> Json | None:
    return {"lowest": grade.lowest, "highest": grade.highest} if grade else None


def _evidence(item: Evidence) -> Json:
    return without_empty(
        {
            "reference": item.reference,
            "concept": str(item.concept),
            "value": item.value,
            "unit": item.unit if item.value else "",
            "time": rfc3339(item.time),
            "since": rfc3339(item.since) if item.since else None,
        }
    )


def _criterion(item: Criterion) -> Json:
    return without_empty(
        {
            "rule": item.rule,
            "axis": str(item.axis),
            "grade": item.grade,
            "gradeUpTo": item.grade_up_to,
            "evidence": [_evidence(e) for e in item.evidence],
            "sitePolicy": item.site_policy or None,
        }
    )


def _missing(item: Missing) -> Json:
    return without_empty(
        {
            "axis": str(item.axis),
            "reason": item.reason,
            "lastSeen": rfc3339(item.last_seen) if item.last_seen else None,
            "couldBe": item.could_be,
        }
    )


def _note(item: Note, a: Assessment, zone: tzinfo | None) -> Json:
    return without_empty(
        {
            "code": item.code,
            "text": wording.note(item, a.as_of, zone),
            "rule": item.rule,
            "reference": item.reference,
        }
    )


def _issue(item: MappingIssue, a: Assessment, zone: tzinfo | None) -> Json:
    return without_empty(
        {
            "code": f"{item.code}-{item.concept}" if item.concept else item.code,
            "text": wording.issue(item, a.as_of, zone),
            "reference": item.reference,
        }
    )


def _exposure(item: Exposure) -> Json:
    return without_empty(
        {
            "kind": str(item.kind) if item.kind else "diagnosis",
            "product": item.product,
            "reference": item.reference,
            "time": rfc3339(item.time),
        }
    )


def _change(item: Change) -> Json:
    grade = _grade(item.grade)
    return {"time": rfc3339(item.time), "grade": grade} if grade else {"time": rfc3339(item.time)}


def _response(item: Response) -> Json:
    return without_empty(
        {
            "drug": item.drug,
            "reference": item.reference,
            "time": rfc3339(item.time),
            "dose": item.dose,
            "unit": item.unit,
            "gradeBefore": item.before,
            "gradeAfter": item.after,
        }
    )


def _tocilizumab(a: Assessment) -> Json | None:
    """The ledger; ``doseMg`` is shown while locked out too, beside ``nextPossible``."""
    ledger = a.tocilizumab
    if ledger is None:
        return None
    return without_empty(
        {
            "given": len(ledger.doses),
            "allowed": ledger.allowed,
            "givenLast24h": ledger.last_24h,
            "lastGiven": rfc3339(ledger.doses[-1].time) if ledger.doses else None,
            "nextPossible": rfc3339(ledger.next_possible) if ledger.next_possible else None,
            "doseMg": number(ledger.milligrams) if ledger.milligrams is not None else None,
            "basis": tocilizumab.arithmetic(ledger),
            "vialsMg": [number(vial) for vial in ledger.vials],
            "notNow": list(ledger.reasons),
            "doses": [_given(dose) for dose in ledger.doses],
            "otherRoutes": [_given(dose) for dose in ledger.other_routes],
        }
    )


def _given(dose: GivenDose) -> Json:
    return without_empty(
        {
            "reference": dose.reference,
            "time": rfc3339(dose.time),
            "dose": dose.dose,
            "unit": dose.unit if dose.dose else "",
            "product": dose.product,
            "flags": list(dose.flags),
        }
    )


def _pressors(item: PressorSupport) -> Json:
    rounded = item.value.quantize(THOUSANDTH, ROUND_HALF_UP) if item.value is not None else None
    return without_empty(
        {
            "time": rfc3339(item.time),
            "value": f"{rounded.normalize():f}" if rounded is not None else None,
            "unit": "ug/kg/min" if rounded is not None else None,
            "lacking": [{"drug": drug, "reason": reason} for drug, reason in item.lacking],
        }
    )


def rules_of(assessment: Assessment) -> Sequence[str]:
    """The requirement rows that an assessment stands on, sorted."""
    found = {c.rule for c in assessment.criteria} | {n.rule for n in assessment.notes if n.rule} | {"GR-8"}
    found |= {r.rule for r in assessment.recommendations}
    if len({c.axis for c in assessment.criteria if c.grade > 1}) > 1:
        found.add("GR-5")
    if assessment.missing or any(issue.left_out for issue in assessment.issues):
        found.add("GR-7")
    if assessment.onset:
        found.add("GR-10")
    return sorted(found, key=_row)


@cache
def _row(rule: str) -> tuple[str, int]:
    family, number_of = rule.split("-")
    return family, int(number_of)
