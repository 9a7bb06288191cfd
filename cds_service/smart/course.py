"""What the page shows of one patient: in words, in tables and as lanes; nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from cds_service.cards.document import assessment_document
from cds_service.cards.formats import plain, rfc3339, when
from cds_service.cards.grading import indicator
from cds_service.cards.wording import companion as wording
from cds_service.cards.wording import grading, treatment
from cds_service.crs.evidence import Assessment, Grade, Status
from cds_service.crs.guideline import Guideline
from cds_service.smart.lanes import Shown, lanes, window
from cds_service.smart.tables import evidence_table, steroid_table, tocilizumab_table
from fhir_mappings.facts import PatientFacts

Json = dict[str, Any]


class Opened(NamedTuple):
    """The card that led here: as of when it spoke, and which grade it said."""

    as_of: datetime
    grade: Grade | None


def course_document(
    facts: PatientFacts,
    assessment: Assessment,
    guideline: Guideline,
    zone: tzinfo | None,
    gaps: Mapping[str, str],
    opened: Opened | None,
) -> Json:
    """``gaps`` are the searches that are not wholly known, with the reason of each."""
    shown = Shown(facts, assessment, guideline)
    drawn = lanes(shown)
    document = assessment_document(assessment, guideline, zone)
    return {
        "patient": facts.patient_id,
        "asOf": rfc3339(assessment.as_of),
        "zone": str(zone) if zone else "UTC",
        "headline": _headline(assessment, zone, opened),
        "advice": [{**row, "text": plain(row["text"])} for row in document.get("recommendations", [])],
        "missing": _missing(assessment, zone),
        "gaps": [wording.gap(key, reason) for key, reason in sorted(gaps.items())],
        "notes": _notes(assessment, zone),
        "evidence": evidence_table(assessment, zone),
        "tocilizumab": tocilizumab_table(facts, assessment, guideline, zone, shown.since),
        "steroids": steroid_table(facts, assessment, guideline, zone, shown.since),
        "window": window(shown, drawn),
        "lanes": drawn,
        "footer": grading.footer(guideline, str(zone) if zone else "UTC", treatment.options(assessment)),
        "assessment": document,
    }


def _headline(assessment: Assessment, zone: tzinfo | None, opened: Opened | None) -> Json:
    """The first line of the card, and where there would be none, why."""
    graded = assessment.grade is not None or assessment.status is Status.NOT_GRADABLE
    text = grading.summary(assessment) if graded else grading.advice_status(assessment.status)
    exposures = [grading.exposure_line(e, assessment.as_of, zone) for e in assessment.exposures[:1]]
    said: Json = {
        "text": plain(text),
        "indicator": indicator(assessment) if graded else "none",
        "course": plain("; ".join(p for p in (grading.course_line(assessment, zone), *exposures) if p)),
        "card": _opened(opened, assessment, zone),
    }
    if assessment.grade is not None:
        said["grade"] = {"lowest": assessment.grade.lowest, "highest": assessment.grade.highest}
    return said


def _opened(opened: Opened | None, assessment: Assessment, zone: tzinfo | None) -> str:
    if opened is None:
        return ""
    said = wording.CARD_SAID.format(grade=grading.grade(opened.grade)) if opened.grade else ""
    return wording.CARD_OPENED.format(time=when(opened.as_of, assessment.as_of, zone)) + said + "."


def _notes(assessment: Assessment, zone: tzinfo | None) -> list[str]:
    """The remarks, and all that was charted and could not be used."""
    as_of = assessment.as_of
    refused = [i for i in assessment.issues if i.left_out or i.code == "other-patient"]
    said = [grading.note(note, as_of, zone) for note in assessment.notes]
    said += [wording.LEFT_OUT.format(what=grading.issue(issue, as_of, zone)) for issue in refused]
    return [plain(line) for line in said]


def _missing(assessment: Assessment, zone: tzinfo | None) -> list[str]:
    lines = [grading.missing_line(m, assessment.as_of, zone) for m in assessment.missing]
    settles = grading.settles(assessment.missing)
    return [plain(line) for line in (*lines, *([settles] if settles else ()))]
