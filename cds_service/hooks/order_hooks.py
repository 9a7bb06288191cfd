"""What the order hooks have in common: drafts first, then the patient, and only where a rule can speak."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cds_service.cards.orders import drafts_by_reference, order_card
from cds_service.crs.order_check import Situation, check, concerns
from cds_service.hooks.request import HookRequest
from cds_service.hooks.run import Answer, Engine, picture, summarize
from fhir_mappings.facts import Order
from fhir_mappings.orders import read_drafts

Choose = Callable[[HookRequest, Sequence[Order]], list[Order]]
NOTHING: dict[str, Any] = {"cards": []}


def respond(request: HookRequest, engine: Engine, choose: Choose, *, signing: bool) -> Answer:
    """A card for each chosen draft with a problem. A draft that no rule speaks about costs no FHIR read."""
    bundle = request.context.get("draftOrders")
    now = engine.clock()
    drafts = read_drafts(
        bundle, engine.codebook, as_of=now, patient_id=request.patient_id, zone=engine.zone
    ).orders
    chosen = [order for order in choose(request, drafts) if concerns(order, engine.guideline)]
    if not chosen:
        return Answer(dict(NOTHING), {"orders": 0})
    seen = picture(request, engine, now)
    situation = Situation(seen.facts, engine.guideline, seen.assessment, now, signing)
    verdicts = check(drafts, chosen, situation)
    sent = drafts_by_reference(bundle)
    cards = [
        order_card(verdict, sent.get(verdict.reference), engine.guideline, now, engine.zone)
        for verdict in verdicts
    ]
    return Answer({"cards": cards}, _summary(summarize(seen.assessment, seen.acquired), chosen, cards))


def _summary(
    base: dict[str, Any], chosen: Sequence[Order], cards: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    """What may be logged: how many orders, and the limits broken."""
    broken = sorted({rule for card in cards for rule in card["extension"]["org.crs-cds.rules"]})
    return {**base, "orders": len(chosen), "rules": broken}
