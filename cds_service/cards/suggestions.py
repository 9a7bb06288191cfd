"""What a clinician may sign from a card: each order in one suggestion only, so that none is taken twice.

A drug is a decision of its own and stands alone; tests that belong together are one suggestion. Since no
order is in two of them, any number may be accepted (docs/adr/0013-suggestions.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cds_service.cards.wording import orders as wording
from fhir_mappings.facts import Coding, ProposedOrder
from fhir_mappings.outbound import to_fhir

Json = dict[str, Any]
SELECTION_BEHAVIOR = "any"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One order and how it is offered. Services of one ``group`` are offered together; a drug never is."""

    order: ProposedOrder
    label: str
    recommended: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class Signing:
    """Whose orders these are, and when."""

    patient_id: str
    encounter_id: str | None
    authored_on: datetime


def offer(proposals: Sequence[Proposal], signing: Signing) -> Json:
    """The members of a card that offer these orders; none where there is nothing to sign."""
    found = suggestions(proposals, signing)
    return {"suggestions": found, "selectionBehavior": SELECTION_BEHAVIOR} if found else {}


def suggestions(proposals: Sequence[Proposal], signing: Signing) -> list[Json]:
    """Suggestions in the order given. What is not coded, or was offered already, is left out."""
    groups: dict[str, list[Proposal]] = {}
    for proposal in _once(proposals):
        alone = proposal.order.dose is not None or not proposal.group
        key = f"order {proposal.order.id}" if alone else f"group {proposal.group}"
        groups.setdefault(key, []).append(proposal)
    return [_suggestion(members, signing) for members in groups.values()]


def _once(proposals: Sequence[Proposal]) -> Sequence[Proposal]:
    """The first mention of whatever is ordered: two ways to give one drug are not both to be accepted."""
    found: dict[tuple[Coding, ...], Proposal] = {}
    for proposal in proposals:
        first = found.setdefault(proposal.order.codings, proposal)
        if proposal.recommended and not first.recommended and proposal.order == first.order:
            found[first.order.codings] = replace(first, recommended=True)
    return [proposal for codings, proposal in found.items() if codings]


def _suggestion(members: Sequence[Proposal], signing: Signing) -> Json:
    suggestion: Json = {
        "label": wording.together([member.label for member in members]),
        "actions": [_action(member, signing) for member in members],
    }
    return suggestion | ({"isRecommended": True} if all(m.recommended for m in members) else {})


def _action(proposal: Proposal, signing: Signing) -> Json:
    order, label = proposal.order, proposal.label
    draft = to_fhir(
        order if order.dose is None else replace(order, text=label),  # the instruction is what was read
        patient_id=signing.patient_id,
        encounter_id=signing.encounter_id,
        authored_on=signing.authored_on,
    )
    return {"type": "create", "description": wording.create(label), "resource": draft}
