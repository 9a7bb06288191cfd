"""What the order hooks have in common: drafts first, then the patient, and only where a rule can speak."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from cds_service.acquire.deadline import Deadline
from cds_service.cards.orders import order_card
from cds_service.crs.bench import Situation
from cds_service.crs.order_check import check, concerns
from cds_service.errors import BadRequest
from cds_service.hooks.draft_bundle import WHERE, Asks, drafts_by_reference, read_bundle
from cds_service.hooks.request import HookRequest
from cds_service.hooks.run import Answer, Engine, name_gaps, picture, summarize


def respond(request: HookRequest, engine: Engine, asks: Asks, *, signing: bool) -> Answer:
    """A card for each draft asked about with a problem. One that no rule speaks about costs no FHIR read.

    Raises BadRequest where a draft is another patient's or names its drug in a way that FHIR R4 does not
    know: no card for it would read as no problem.
    """
    now, deadline = engine.clock(), Deadline.in_ms(engine.budget_ms)
    drafts = read_bundle(request, engine, now, asks, deadline)
    if drafts.not_theirs:
        raise BadRequest("a draft order names another patient than context.patientId", WHERE)
    if drafts.not_r4:
        raise BadRequest("a draft order names its drug in `medication`: FHIR R4 is read here, not R5", WHERE)
    chosen = [o for o in drafts.orders if asks(o.reference) and concerns(o, engine.guideline)]
    counts = {"orders": len(chosen)}
    if not chosen:
        return Answer({"cards": []}, counts)
    # The drugs of the drafts may have been fetched: what is left of the time is for the chart.
    engine = replace(engine, budget_ms=int(deadline.remaining() * 1000))
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
