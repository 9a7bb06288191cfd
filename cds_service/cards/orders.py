"""One card for each order with a problem: what is wrong, the arithmetic, and what to sign instead (DL-13)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from cds_service.cards.grading import TOPIC
from cds_service.cards.overrides import ORDER, override_reasons
from cds_service.cards.wording import grading as wording
from cds_service.cards.wording import limits
from cds_service.cards.wording.limits import Telling
from cds_service.crs.evidence import Correction, Problem, Verdict
from cds_service.crs.guideline import Guideline
from fhir_mappings.facts import ProposedOrder, Quantity, Route
from fhir_mappings.outbound import corrected

Json = dict[str, Any]
SELECTION_BEHAVIOR = "at-most-one"
INFORMATION = frozenset({"dose-offered", "no-crs-graded", "icans-alone"})
WORTHLESS = frozenset({"DL-5", "DL-6", "DL-11", "TX-17"})
"""Where removing the order is what is recommended."""


def order_card(
    verdict: Verdict, draft: Json | None, guideline: Guideline, as_of: datetime, zone: tzinfo | None
) -> Json:
    """``draft`` is the order as it was sent; None where it has no id to answer to."""
    identity = uuid.uuid4()
    t = Telling(
        verdict.drug, as_of, zone, verdict.weight, verdict.dose, verdict.given, verdict.allowed
    )  # fmt: skip
    found = _suggestions(verdict, draft, guideline, identity, t)
    return {
        "uuid": str(identity),
        "summary": limits.summary(verdict.problems, t),
        "indicator": indicator(verdict, guideline),
        "detail": _detail(verdict, guideline, t),
        "source": {"label": wording.SOURCE_LABEL, "url": wording.SOURCE_URL, "topic": TOPIC},
        **({"suggestions": found, "selectionBehavior": SELECTION_BEHAVIOR} if found else {}),
        "overrideReasons": override_reasons(ORDER),
        "extension": {"org.crs-cds.rules": rules(verdict.problems)},
    }


def rules(problems: tuple[Problem, ...]) -> list[str]:
    """The limits broken, each once, the gravest first."""
    return list(dict.fromkeys(problem.rule for problem in problems))


def indicator(verdict: Verdict, guideline: Guideline) -> str:
    if guideline.critical & {problem.rule for problem in verdict.problems}:
        return "critical"
    return "info" if all(problem.code in INFORMATION for problem in verdict.problems) else "warning"


def _detail(verdict: Verdict, guideline: Guideline, t: Telling) -> str:
    lines = [f"- {limits.line(problem, t)}" for problem in verdict.problems]
    blocks = [
        "\n".join(lines),
        limits.weighed(t),
        f"*{wording.footer(guideline, str(t.zone) if t.zone else 'UTC')}*",
    ]
    return "\n\n".join(block for block in blocks if block)


def _suggestions(
    verdict: Verdict, draft: Json | None, guideline: Guideline, seed: uuid.UUID, t: Telling
) -> list[Json]:
    """The corrected order, and its removal; the better of them is recommended."""
    if draft is None:
        return []
    found = []
    if verdict.correction is not None:
        found.append(_update(verdict, verdict.correction, draft, guideline, seed, t))
    if any(problem.code not in INFORMATION for problem in verdict.problems):
        remove = limits.remove_label(verdict)
        action = {"type": "delete", "description": remove, "resourceId": verdict.reference}
        better = verdict.correction is None and bool(WORTHLESS & set(rules(verdict.problems)))
        found.append(_suggestion(remove, "remove", [action], seed, better))
    return found


def _update(
    verdict: Verdict, each: Correction, draft: Json, guideline: Guideline, seed: uuid.UUID, t: Telling
) -> Json:
    text = limits.change_to(verdict, each, t.as_of, t.zone)
    label = limits.change_label(text)
    order = _proposed(verdict, each, guideline, text[:1].upper() + text[1:])
    other_product = any(problem.rule == "DL-7" for problem in verdict.problems)
    resource = corrected(draft, order, drug=other_product)
    action = {"type": "update", "description": label, "resource": resource}
    return _suggestion(label, "change", [action], seed, True)


def _proposed(verdict: Verdict, each: Correction, guideline: Guideline, text: str) -> ProposedOrder:
    item = guideline.orders.orders.get(verdict.drug)
    return ProposedOrder(
        id=verdict.drug,
        codings=item.codings if item else (),
        text=text,
        reason=guideline.orders.reason,
        dose=Quantity(each.milligrams, "mg"),
        route=guideline.orders.routes.get(Route.INTRAVENOUS),
        duration=each.duration,
        interval=each.interval,
        count=each.count if each.interval else None,
        start=each.start,
    )


def _suggestion(label: str, name: str, actions: list[Json], seed: uuid.UUID, recommended: bool) -> Json:
    found: Json = {"label": label, "uuid": str(uuid.uuid5(seed, name)), "actions": actions}
    return found | ({"isRecommended": True} if recommended else {})


def drafts_by_reference(bundle: object) -> Mapping[str, Json]:
    """The MedicationRequests of ``draftOrders`` that have an id, as they were sent."""
    entries = bundle.get("entry") if isinstance(bundle, dict) else bundle
    found: dict[str, Json] = {}
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource", entry) if isinstance(entry, dict) else None
        if isinstance(resource, dict) and isinstance(resource.get("id"), str):
            found.setdefault(f"{resource.get('resourceType')}/{resource['id'].strip()}", resource)
    return found
