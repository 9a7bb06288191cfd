"""The grading card: what it is and why, then the evidence for whoever doubts (TX-23)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta, tzinfo

from cds_service.cards.document import Json, document, rules_of
from cds_service.cards.formats import reference, rfc3339
from cds_service.cards.overrides import GRADING, ORDER, override_reasons
from cds_service.cards.suggestions import Proposal, Signing, offer
from cds_service.cards.wording import grading as wording
from cds_service.cards.wording import treatment
from cds_service.cards.wording.ledger import ledger_line
from cds_service.cards.wording.orders import order_label
from cds_service.crs.evidence import Assessment, Recommendation, Status
from cds_service.crs.guideline import Guideline
from fhir_mappings.facts import MappingIssue, ProposedOrder

TOPIC = {"system": "http://snomed.info/sct", "code": "710027002", "display": "Cytokine release syndrome"}
MOST_ISSUES = 3
ISSUE_WINDOW = timedelta(hours=24)
MOST_RESPONSES = 3
MOST_LINES, FEWEST_ROWS = 25, 3
"""Of the whole card, and of evidence in it; the assessment in the card's extension has all."""
MOST_QUESTIONS = 3
TABLE_HEAD = ("| criterion | value | time | source |", "| --- | --- | --- | --- |")
GRADING_CONCEPTS = frozenset(
    {"temperature", "systolic", "mean-pressure", "spo2", "oxygen-flow", "fio2", "oxygen-device"}
    | {"ventilation-mode", "norepinephrine", "epinephrine", "phenylephrine", "dopamine", "vasopressin"}
)


def grading_card(
    assessment: Assessment, guideline: Guideline, zone: tzinfo | None = None, encounter_id: str | None = None
) -> Json | None:
    """The card of an assessment without its uuid, or None where there is nothing to say (GR-8)."""
    if not _speaks(assessment):
        return None
    advice = treatment.sentences(assessment, guideline, zone)
    return {
        "summary": wording.summary(assessment),
        "indicator": indicator(assessment),
        "detail": detail(assessment, guideline, zone, advice),
        "source": {"label": wording.SOURCE_LABEL, "url": wording.SOURCE_URL, "topic": TOPIC},
        **_offered(assessment, Signing(assessment.patient, encounter_id, assessment.as_of), zone),
        "overrideReasons": override_reasons(GRADING),
        "extension": {
            "org.crs-cds.rules": rules_of(assessment),
            "org.crs-cds.assessment": document(assessment, guideline, zone, advice),
        },
    }


def _offered(assessment: Assessment, signing: Signing, zone: tzinfo | None) -> Json:
    """What may be signed: each drug alone, the tests of a line together."""
    return offer(
        [
            Proposal(
                order,
                order_label(order, assessment.as_of, zone),
                _is_recommended(row, order, assessment),
                row.line,
            )
            for row in assessment.recommendations
            for order in row.orders
        ],
        signing,
    )


def _is_recommended(row: Recommendation, order: ProposedOrder, assessment: Assessment) -> bool:
    """A drug only where no standing order for it can be hidden."""
    return row.strength == "recommended" and (assessment.orders_known or order.dose is None)


def delay_card(assessment: Assessment, guideline: Guideline) -> Json | None:
    """Cells ordered while an infection is active (TX-17), where the grading card does not say so."""
    said = any(row.id == "delay-cells" for row in assessment.recommendations)
    if assessment.delay is None or (said and _speaks(assessment)):
        return None
    return {
        "summary": treatment.delay_summary(assessment.delay),
        "indicator": "warning",
        "detail": treatment.delay_detail(assessment.delay) + f"\n\n*{wording.footer(guideline)}*",
        "source": {"label": wording.SOURCE_LABEL, "url": wording.SOURCE_URL, "topic": TOPIC},
        "overrideReasons": override_reasons(ORDER),
        "extension": {"org.crs-cds.rules": ["TX-17"]},
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


def detail(
    assessment: Assessment, guideline: Guideline, zone: tzinfo | None, advice: Sequence[treatment.Said]
) -> str:
    """GitHub-flavoured Markdown without raw HTML; where it grows too long, evidence and remarks give way."""
    above = [_now(assessment, zone), _do(advice), _open_questions(assessment, zone)]
    options = treatment.options(assessment)
    footer = f"*{wording.footer(guideline, str(zone) if zone else 'UTC', options)}*"
    room = MOST_LINES - sum(block.count("\n") + 2 for block in (*above, footer) if block)
    rows = list(_rows(assessment, zone))
    kept = len(TABLE_HEAD) + min(len(rows), FEWEST_ROWS) if rows else 0
    remarks = _bullets(_remarks(assessment, zone), room - kept - 1)
    room -= remarks.count("\n") + 2 if remarks else 0
    blocks = [*above, _table(rows, max(room - len(TABLE_HEAD), FEWEST_ROWS)), remarks, footer]
    return "\n\n".join(block for block in blocks if block)


def _bullets(lines: Sequence[str], most: int) -> str:
    """A list; what has no line of its own joins the last one."""
    split = max(most, 1) - 1 if len(lines) > most else len(lines)
    shown = [*lines[:split], *([" ".join(lines[split:])] if lines[split:] else [])]
    return "\n".join(f"- {line}" for line in shown)


def _now(assessment: Assessment, zone: tzinfo | None) -> str:
    parts = [wording.course_line(assessment, zone)]
    parts += [wording.exposure_line(e, assessment.as_of, zone) for e in assessment.exposures[:1]]
    line = "; ".join(part for part in parts if part)
    others = [r for r in assessment.responses if assessment.tocilizumab is None or r.drug != "tocilizumab"]
    recent = others[-MOST_RESPONSES:]
    after = [wording.response_line(r, assessment.as_of, zone) for r in recent]
    earlier = len(others) - len(recent)
    after += [f"and {earlier} earlier"] if earlier else []
    after = [part for part in (ledger_line(assessment, zone), *after) if part]
    head = "Now" if assessment.grade else "Course"
    return f"**{head}:** {line}." + (f"  \n**Given:** {'; '.join(after)}." if after else "")


def _do(advice: Sequence[treatment.Said]) -> str:
    """The advice, numbered; rows of one line of the table share a line of the card."""
    lines: dict[str, list[treatment.Said]] = {}
    for each in advice:
        lines.setdefault(each.row.line, []).append(each)
    said = [treatment.line(rows) for rows in lines.values()]
    return (
        "\n".join(["**Do**", *(f"{number}. {text}" for number, text in enumerate(said, 1))]) if said else ""
    )


def _open_questions(assessment: Assessment, zone: tzinfo | None) -> str:
    lines = [wording.missing_line(m, assessment.as_of, zone) for m in assessment.missing]
    lines += [wording.settles(assessment.missing)] if wording.settles(assessment.missing) else []
    return _bullets(lines, MOST_QUESTIONS)


def _table(rows: Sequence[str], most: int) -> str:
    if not rows:
        return ""
    more = len(rows) - most
    shown = [*rows[: most - 1], f"| | and {more + 1} more | | |"] if more > 0 else rows
    return "\n".join([*TABLE_HEAD, *shown])


def _rows(assessment: Assessment, zone: tzinfo | None) -> Iterator[str]:
    ranked = sorted(assessment.criteria, key=lambda c: -c.grade)
    for criterion in ranked:
        for index, item in enumerate(criterion.evidence):
            name = wording.criterion_name(criterion) if index == 0 else ""
            yield (
                f"| {name} | {wording.evidence_value(item)} | "
                f"{wording.evidence_time(item, assessment.as_of, zone)} | {reference(item.reference)} |"
            )


def _remarks(assessment: Assessment, zone: tzinfo | None) -> list[str]:
    lines = [wording.note(n, assessment.as_of, zone) for n in assessment.notes]
    if not assessment.orders_known and any(row.orders for row in assessment.recommendations):
        lines.insert(0, treatment.ORDERS_NOT_KNOWN)
    shown = sorted((i for i in assessment.issues if _tells(i, assessment)), key=_rank)
    if shown:
        named = "; ".join(wording.issue(i, assessment.as_of, zone) for i in shown[:MOST_ISSUES])
        more = f"; and {len(shown) - MOST_ISSUES} more" if len(shown) > MOST_ISSUES else ""
        lines.append(f"Left out: {named}{more}.")
    return lines


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
