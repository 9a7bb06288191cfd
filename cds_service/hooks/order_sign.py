"""``crs-order-sign``: orders are about to be signed: each is held against the dose limits."""

from __future__ import annotations

from cds_service.hooks import order_hooks
from cds_service.hooks.request import HookRequest
from cds_service.hooks.run import Answer, Engine, Service


def respond(request: HookRequest, engine: Engine) -> Answer:
    """About all of them, whatever their status: an order may be signed again."""
    return order_hooks.respond(request, engine, lambda _: True, signing=True)


SERVICE = Service(
    id="crs-order-sign",
    hook="order-sign",
    title="Cytokine release syndrome: dose limits at signing",
    description="Holds orders of tocilizumab, steroids and cell products against what was given, what is "
    "ordered and the other drafts, and offers the corrected order. No card for any other order.",
    usage="As crs-patient-view. Orders of any other drug are answered at once, without data.",
    respond=respond,
)
