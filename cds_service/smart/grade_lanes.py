"""The trajectory of the grade, step by step, and what was given against it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cds_service.cards.document import without_empty
from cds_service.cards.formats import amount, plain
from cds_service.cards.wording import companion as wording
from cds_service.cards.wording.grading import concept
from cds_service.cards.wording.grading import grade as grade_in_words
from cds_service.crs.assess import RESPONSE_GROUPS
from cds_service.crs.evidence import Assessment
from cds_service.smart.times import seconds
from fhir_mappings.facts import Administration, DrugGroup, PatientFacts, Route

Json = dict[str, Any]
GIVEN = RESPONSE_GROUPS | {DrugGroup.OTHER_IMMUNOSUPPRESSANT}


def grade_lane(assessment: Assessment) -> Json:
    """The course as the engine tells it: each grade from its instant to the next (GR-10)."""
    return {
        "id": "grade",
        "kind": "steps",
        "title": wording.LANES["grade"],
        "items": list(_steps(assessment)),
        "marks": list(_marks(assessment)),
    }


def _steps(assessment: Assessment) -> Iterator[Json]:
    course = assessment.course
    end = assessment.resolved or assessment.as_of
    ends = [*(change.time for change in course), end][1:]
    for change, until in zip(course, ends, strict=True):
        step = {"t": seconds(change.time), "until": seconds(until), "ref": ""}
        if change.grade is None:
            yield step | {"text": wording.NOT_GRADABLE}
        else:
            low, high = change.grade.lowest, change.grade.highest
            yield step | {"low": low, "high": high, "text": grade_in_words(change.grade)}


def _marks(assessment: Assessment) -> Iterator[Json]:
    if assessment.onset:
        yield {"t": seconds(assessment.onset), "text": wording.ONSET, "kind": "onset"}
    if assessment.peak:
        text = wording.PEAK.format(grade=assessment.peak.grade)
        y = assessment.peak.grade
        yield {"t": seconds(assessment.peak.time), "text": text, "kind": "peak", "y": y}
    if assessment.resolved:
        yield {"t": seconds(assessment.resolved), "text": wording.RESOLVED, "kind": "resolved"}
    later = assessment.tocilizumab.next_possible if assessment.tocilizumab else None
    if later is not None and later > assessment.as_of:
        yield {"t": seconds(later), "text": wording.NEXT_DOSE, "kind": "next"}


def dose_lane(facts: PatientFacts, as_of: datetime, since: datetime) -> Json:
    """Every systemic dose of an immunosuppressant, a row a drug."""
    doses = [dose for dose in facts.administrations if _is_shown(dose, as_of, since)]
    return {
        "id": "doses",
        "kind": "rows",
        "title": wording.LANES["doses"],
        "rows": list(dict.fromkeys(concept(dose.drug) for dose in doses)),
        "items": [_dose(dose) for dose in doses],
    }


def _is_shown(dose: Administration, as_of: datetime, since: datetime) -> bool:
    systemic = dose.route is not Route.LOCAL and dose.status != "on-hold"
    return bool(dose.groups & GIVEN) and systemic and since <= dose.start <= as_of


def _dose(dose: Administration) -> Json:
    name = concept(dose.drug)
    said = plain(amount(dose.dose.value, dose.dose.unit)) if dose.dose else ""
    end = seconds(dose.end) if dose.end and dose.end > dose.start else None
    return without_empty(
        {
            "t": seconds(dose.start),
            "until": end,
            "row": name,
            "text": f"{name} {said}".strip(),
            "ref": dose.reference,
        }
    )
