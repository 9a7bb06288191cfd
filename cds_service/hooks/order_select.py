"""``crs-order-select``: a drug is being chosen: its limits, and the dose by weight where it has none yet."""

from __future__ import annotations

from collections.abc import Sequence

from cds_service.hooks import order_hooks
from cds_service.hooks.request import HookRequest
from cds_service.hooks.run import Answer, Engine, Service
from fhir_mappings.facts import Order


def selected(request: HookRequest, drafts: Sequence[Order]) -> list[Order]:
    """The drafts that ``selections`` name; the others are context."""
    names = request.context.get("selections")
    chosen = {name.strip() for name in names if isinstance(name, str)} if isinstance(names, list) else set()
    return [order for order in drafts if order.reference in chosen]


def respond(request: HookRequest, engine: Engine) -> Answer:
    return order_hooks.respond(request, engine, selected, signing=False)


SERVICE = Service(
    id="crs-order-select",
    hook="order-select",
    title="Cytokine release syndrome: dose limits while ordering",
    description="Holds a selected order of tocilizumab, a steroid or a cell product against the dose limits "
    "of cytokine release syndrome, and offers the dose by weight. No card for any other order.",
    usage="As crs-patient-view. An order of any other drug is answered at once, without data.",
    respond=respond,
)
