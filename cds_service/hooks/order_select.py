"""``crs-order-select``: a drug is being chosen: its limits, and the dose by weight where it has none yet."""

from __future__ import annotations

from cds_service.hooks import order_hooks
from cds_service.hooks.request import HookRequest, short_reference
from cds_service.hooks.run import Answer, Engine, Service


def respond(request: HookRequest, engine: Engine) -> Answer:
    """About the drafts that ``selections`` name; the others are context."""
    return order_hooks.respond(request, engine, _selected(request).__contains__, signing=False)


def _selected(request: HookRequest) -> set[str]:
    """As ``Type/id``, also where a client sends whole addresses."""
    names = request.context.get("selections")
    told = [name.strip() for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return {short_reference(name) for name in told}


SERVICE = Service(
    id="crs-order-select",
    hook="order-select",
    title="Cytokine release syndrome: dose limits while ordering",
    description="Holds a selected order of tocilizumab, a steroid or a cell product against the dose limits "
    "of cytokine release syndrome, and offers the dose by weight. No card for any other order.",
    usage="As crs-patient-view. An order of any other drug is answered at once, without data.",
    respond=respond,
)
