"""The context of each hook, as the hook library of CDS Hooks has it."""

from __future__ import annotations

from typing import Any

from cds_service.errors import BadRequest, TooLarge
from cds_service.hooks.request import short_reference
from cds_service.web.members import ID, REFERENCE, Json, matching

MOST_DRAFTS = 200
"""Orders of one signing. Each of ours is held against all others: more would keep a thread for minutes."""


def check_context(context: Json, hook: str) -> None:
    """Raises BadRequest naming the member at fault. Of a hook that is not known here: the common ones."""
    matching(context, "userId", REFERENCE, "a reference such as Practitioner/123", "context.")
    if context.get("encounterId") is not None:
        matching(context, "encounterId", ID, "the bare id of the encounter", "context.")
    if hook in ("order-select", "order-sign"):
        orders = _orders(context.get("draftOrders"))
        if hook == "order-select":
            _check_selections(context.get("selections"), orders)


def _orders(bundle: Any) -> list[Json]:
    """The resources of the draft orders; the Bundle may come without a type."""
    path = "context.draftOrders"
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise BadRequest(f"{path} is missing or is not a Bundle", (path,))
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not isinstance(bundle.get("type", ""), str):
        raise BadRequest(f"{path} is not a Bundle", (path,))
    if len(entries) > MOST_DRAFTS:
        raise TooLarge(f"{path} has more than {MOST_DRAFTS} entries", (path,))
    for number, entry in enumerate(entries):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            where = f"{path}.entry[{number}]"
            raise BadRequest(f"{where} holds no resource", (where,))
    return [entry["resource"] for entry in entries]


def _check_selections(selections: Any, orders: list[Json]) -> None:
    """What was selected must be there: an order that cannot be found cannot be looked at."""
    path = "context.selections"
    if not isinstance(selections, list) or not selections:
        raise BadRequest(f"{path} is missing or names no order", (path,))
    drafts = {f"{order['resourceType']}/{order.get('id')}" for order in orders}
    for number, selected in enumerate(selections):
        if not isinstance(selected, str) or short_reference(selected.strip()) not in drafts:
            where = f"{path}[{number}]"
            raise BadRequest(f"{where} is none of the draft orders", (where,))
