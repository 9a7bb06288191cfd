"""What the order hooks have in common: drafts first, then the patient, and only where a rule can speak."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cds_service.cards.orders import order_card
from cds_service.crs.bench import Situation
from cds_service.crs.order_check import check, concerns
from cds_service.hooks.draft_bundle import Asks, drafts_by_reference, read_bundle
from cds_service.hooks.request import HookRequest
from cds_service.hooks.run import Answer, Engine, name_gaps, picture, summarize


def respond(request: HookRequest, engine: Engine, asks: Asks, *, signing: bool) -> Answer:
    """A card for each draft asked about with a problem. One that no rule speaks about costs no FHIR read."""
    now = engine.clock()
    drafts = read_bundle(request, engine, now, asks)
    chosen = [o for o in drafts.orders if asks(o.reference) and concerns(o, engine.guideline)]
    counts = {"orders": len(chosen), "other_patients": len(drafts.not_theirs)}
    if not chosen:
        return Answer({"cards": []}, counts)
    seen = picture(request, engine, now, in_full=False)
    situation = Situation(seen.facts, engine.guideline, seen.assessment, now, signing, drafts.orders)
    sent = drafts_by_reference(request.context.get("draftOrders"))
    cards = [
        order_card(verdict, sent.get(verdict.reference), situation, engine.zone)
        for verdict in check(chosen, situation)
    ]
    for card in cards:
        name_gaps(card, seen.acquired)
    known = summarize(seen.assessment, seen.acquired)
    return Answer({"cards": cards}, {**known, **counts, "rules": _broken(cards)})


def _broken(cards: Iterable[dict[str, Any]]) -> list[str]:
    """The limits broken, for the log."""
    return sorted({rule for card in cards for rule in card["extension"]["org.crs-cds.rules"]})
