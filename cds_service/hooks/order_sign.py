"""``crs-order-sign``: orders are about to be signed: each is held against the dose limits."""

from __future__ import annotations

from collections.abc import Sequence

from cds_service.hooks import order_hooks
from cds_service.hooks.request import HookRequest
from cds_service.hooks.run import Answer, Engine, Service
from fhir_mappings.facts import Order


def every(_: HookRequest, drafts: Sequence[Order]) -> list[Order]:
    """All of them, whatever their status: an order may be signed again."""
    return list(drafts)


def respond(request: HookRequest, engine: Engine) -> Answer:
    return order_hooks.respond(request, engine, every, signing=True)


SERVICE = Service(
    id="crs-order-sign",
    hook="order-sign",
    title="Cytokine release syndrome: dose limits at signing",
    description="Holds orders of tocilizumab, steroids and cell products against what was given, what is "
    "ordered and the other drafts, and offers the corrected order. No card for any other order.",
    usage="As crs-patient-view. Orders of any other drug are answered at once, without data.",
    respond=respond,
)
