"""The card of one draft order: what is wrong, the numbers behind it, and what to sign instead (DL-13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from cds_service.cards.grading import TOPIC
from cds_service.cards.overrides import ORDER, override_reasons
from cds_service.cards.wording import grading as wording
from cds_service.cards.wording import limits, order_evidence
from cds_service.cards.wording.limits import Telling
from cds_service.crs.bench import Situation
from cds_service.crs.evidence import Correction, Problem, Verdict
from cds_service.crs.guideline import Guideline
from fhir_mappings.facts import ProposedOrder, Quantity
from fhir_mappings.outbound import corrected

Json = dict[str, Any]
SELECTION_BEHAVIOR = "at-most-one"
INFORMATION = frozenset(
    {"dose-offered", "no-crs-graded", "crs-not-gradable", "icans-alone", "age-unknown", "check-label"}
)
"""Codes of what is to be known, and breaks no limit."""
WITHOUT_EVIDENCE = frozenset({"TX-5", "TX-17", "TX-18", "TX-22", "DL-12"})
"""Rules that do not stand on the weight or the doses given."""
HOPELESS = frozenset({"DL-5", "DL-6"})
"""Where nothing can be signed instead, removing the order is what is recommended."""


def order_card(verdict: Verdict, draft: Json | None, situation: Situation, zone: tzinfo | None) -> Json:
    """``draft`` is the order as it was sent; None where no answer can name it."""
    t = Telling(verdict, situation, zone)
    found = _suggestions(t, draft) if draft is not None else []
    return {
        "summary": limits.summary(t),
        "indicator": indicator(verdict.problems, situation.guideline),
        "detail": _detail(t),
        "source": {"label": wording.SOURCE_LABEL, "url": wording.SOURCE_URL, "topic": TOPIC},
        **({"suggestions": found, "selectionBehavior": SELECTION_BEHAVIOR} if found else {}),
        "overrideReasons": override_reasons(ORDER),
        "extension": {"org.crs-cds.rules": rules(verdict.problems)},
    }


def rules(problems: Sequence[Problem]) -> list[str]:
    """The limits broken and what else is said, each once, the gravest first."""
    return list(dict.fromkeys(problem.rule for problem in problems))


def indicator(problems: Sequence[Problem], guideline: Guideline) -> str:
    if guideline.critical & set(rules(problems)):
        return "critical"
    return "info" if all(problem.code in INFORMATION for problem in problems) else "warning"


def _detail(t: Telling) -> str:
    lines = [f"- {limits.line(problem, t)}" for problem in t.verdict.problems]
    told = [order_evidence.by_weight(t), order_evidence.doses_given(t)] if _needs_evidence(t.verdict) else []
    footer = wording.footer(t.situation.guideline, str(t.zone) if t.zone else "UTC")
    blocks = ["\n".join(lines), *told, order_evidence.not_at_hand(t), f"*{footer}*"]
    return "\n\n".join(block for block in blocks if block)


def _needs_evidence(verdict: Verdict) -> bool:
    offered = any(problem.code == "dose-offered" for problem in verdict.problems)
    return offered or bool(set(rules(verdict.problems)) - WITHOUT_EVIDENCE)


def _suggestions(t: Telling, draft: Json) -> list[Json]:
    """The corrected order, and its removal; the better of them is recommended."""
    each = t.verdict.correction
    change = _change(t, each, draft) if each is not None else None
    found = [change] if change is not None else []
    if any(problem.code not in INFORMATION for problem in t.verdict.problems):
        label = limits.remove_label(t)
        action = {"type": "delete", "description": label, "resourceId": t.verdict.reference}
        found.append(_suggestion(label, action, not found and _may_go(t.verdict)))
    return found


def _may_go(verdict: Verdict) -> bool:
    return verdict.is_extra or bool(HOPELESS & set(rules(verdict.problems)))


def _change(t: Telling, each: Correction, draft: Json) -> Json | None:
    """None where no valid order comes of it, or no code of the right product is known."""
    label = limits.change_label(limits.dosage(each, t), t.verdict.problems)
    order = _proposed(t, each)
    other_product = any(problem.rule == "DL-7" for problem in t.verdict.problems)
    if other_product and not order.codings:
        return None
    try:
        resource = corrected(draft, order, drug=other_product)
    except ValueError:
        return None
    action = {"type": "update", "description": label, "resource": resource}
    return _suggestion(label, action, True)


def _proposed(t: Telling, each: Correction) -> ProposedOrder:
    table = t.situation.guideline.orders
    item = table.orders.get(t.verdict.drug)
    return ProposedOrder(
        id=t.verdict.drug,
        codings=item.codings if item else (),
        text=limits.instruction(each, t),
        reason=table.reason,
        dose=Quantity(each.milligrams, "mg"),
        route=table.routes.get(each.route),
        duration=each.duration,
        interval=each.interval,
        count=each.count if each.interval else None,
        start=each.start,
    )


def _suggestion(label: str, action: Json, recommended: bool) -> Json:
    found: Json = {"label": label, "actions": [action]}
    return found | ({"isRecommended": True} if recommended else {})
