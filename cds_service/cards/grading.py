"""The grading card: what it is and why, then the evidence for whoever doubts (TX-23)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, tzinfo

from cds_service.cards import wording
from cds_service.cards.document import Json, assessment_document, rules_of
from cds_service.cards.formats import reference, rfc3339
from cds_service.crs.evidence import Assessment, Status
from cds_service.crs.guideline import Guideline
from fhir_mappings.facts import MappingIssue

TOPIC = {"system": "http://snomed.info/sct", "code": "710027002", "display": "Cytokine release syndrome"}
MOST_ISSUES = 3
ISSUE_WINDOW = timedelta(hours=24)
MOST_RESPONSES = 3
GRADING_CONCEPTS = frozenset(
    {"temperature", "systolic", "mean-pressure", "spo2", "oxygen-flow", "fio2", "oxygen-device"}
    | {"ventilation-mode", "norepinephrine", "epinephrine", "phenylephrine", "dopamine", "vasopressin"}
)


def grading_card(assessment: Assessment, guideline: Guideline, zone: tzinfo | None = None) -> Json | None:
    """The card of an assessment without its uuid, or None where there is nothing to say (GR-8)."""
    if not _speaks(assessment):
        return None
    return {
        "summary": wording.summary(assessment),
        "indicator": indicator(assessment),
        "detail": detail(assessment, guideline, zone),
        "source": {"label": wording.SOURCE_LABEL, "url": wording.SOURCE_URL, "topic": TOPIC},
        "extension": {
            "org.crs-cds.rules": rules_of(assessment),
            "org.crs-cds.assessment": assessment_document(assessment, guideline, zone),
        },
    }


def _speaks(assessment: Assessment) -> bool:
    if assessment.status is Status.NOT_GRADABLE:
        return True
    return assessment.grade is not None and assessment.grade.highest > 0


def indicator(assessment: Assessment) -> str:
    """info for grade 1, warning for 2, critical for 3 and 4; what could be worse warns."""
    if any(n.code in wording.LOW_SPO2 for n in assessment.notes):
        return "critical"
    if assessment.grade is None:
        worst = max((c.grade for c in assessment.criteria), default=0)
        return "critical" if worst >= 3 else "warning" if worst == 2 else "info"
    if assessment.grade.lowest >= 3:
        return "critical"
    return "warning" if assessment.grade.highest >= 2 else "info"


def detail(assessment: Assessment, guideline: Guideline, zone: tzinfo | None) -> str:
    """GitHub-flavoured Markdown without raw HTML."""
    blocks = [
        _now(assessment, zone),
        _open_questions(assessment, zone),
        _table(assessment, zone),
        _remarks(assessment, zone),
        f"*{wording.footer(guideline, str(zone) if zone else 'UTC')}*",
    ]
    return "\n\n".join(block for block in blocks if block)


def _now(assessment: Assessment, zone: tzinfo | None) -> str:
    parts = [wording.course_line(assessment, zone)]
    parts += [wording.exposure_line(e, assessment.as_of, zone) for e in assessment.exposures[:1]]
    line = "; ".join(part for part in parts if part)
    recent = assessment.responses[-MOST_RESPONSES:]
    after = [wording.response_line(r, assessment.as_of, zone) for r in recent]
    earlier = len(assessment.responses) - len(recent)
    after += [f"and {earlier} earlier"] if earlier else []
    head = "Now" if assessment.grade else "Course"
    return f"**{head}:** {line}." + (f"  \n**Given:** {'; '.join(after)}." if after else "")


def _open_questions(assessment: Assessment, zone: tzinfo | None) -> str:
    lines = [wording.missing_line(m, assessment.as_of, zone) for m in assessment.missing]
    lines += [wording.settles(assessment.missing)] if wording.settles(assessment.missing) else []
    return "\n".join(f"- {line}" for line in lines)


def _table(assessment: Assessment, zone: tzinfo | None) -> str:
    rows = list(_rows(assessment, zone))
    if not rows:
        return ""
    return "\n".join(["| criterion | value | time | source |", "| --- | --- | --- | --- |", *rows])


def _rows(assessment: Assessment, zone: tzinfo | None) -> Iterator[str]:
    ranked = sorted(assessment.criteria, key=lambda c: -c.grade)
    for criterion in ranked:
        for index, item in enumerate(criterion.evidence):
            name = wording.criterion_name(criterion) if index == 0 else ""
            yield (
                f"| {name} | {wording.evidence_value(item)} | "
                f"{wording.evidence_time(item, assessment.as_of, zone)} | {reference(item.reference)} |"
            )


def _remarks(assessment: Assessment, zone: tzinfo | None) -> str:
    lines = [wording.note(n, assessment.as_of, zone) for n in assessment.notes]
    shown = sorted((i for i in assessment.issues if _tells(i, assessment)), key=_rank)
    if shown:
        named = "; ".join(wording.issue(i, assessment.as_of, zone) for i in shown[:MOST_ISSUES])
        more = f"; and {len(shown) - MOST_ISSUES} more" if len(shown) > MOST_ISSUES else ""
        lines.append(f"Left out: {named}{more}.")
    return "\n".join(f"- {line}" for line in lines)


def _tells(issue: MappingIssue, assessment: Assessment) -> bool:
    """Left out, and recent enough to matter."""
    if not (issue.left_out or issue.code == "other-patient"):
        return False
    return issue.time is None or assessment.as_of - issue.time <= ISSUE_WINDOW


def _rank(issue: MappingIssue) -> tuple[bool, float, str]:
    """What grades first, the newest before the older."""
    age = -issue.time.timestamp() if issue.time else 0.0
    return issue.concept not in GRADING_CONCEPTS, age, issue.reference


def plain_text(assessment: Assessment, guideline: Guideline, zone: tzinfo | None) -> str:
    """The card for a terminal: also says in words when there would be none."""
    card = grading_card(assessment, guideline, zone)
    head = f"{assessment.patient}  as of {rfc3339(assessment.as_of)}"
    if card is None:
        return f"{head}\n{wording.advice_status(assessment.status)}\n"
    return f"{head}\n{card['summary']}\n\n{card['detail']}\n"
