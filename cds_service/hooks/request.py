"""What a hook is called with, whatever the wire looked like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.errors import BadRequest

ORDER_HOOKS: Mapping[str, Mapping[str, type]] = {
    "order-select": {"selections": list, "draftOrders": dict},
    "order-sign": {"draftOrders": dict},
}
"""What the context of an order hook must have; what is inside is read leniently."""
JSON_NAMES: Mapping[type, str] = {list: "an array", dict: "an object"}


@dataclass(frozen=True, slots=True)
class HookRequest:
    """What every hook needs of a request. ``token`` is transient: never stored or logged."""

    hook_instance: str
    patient_id: str
    encounter_id: str | None
    fhir_server: str | None
    token: str | None
    prefetch: object
    context: Mapping[str, Any]
    scope: str | None = None
    """What the token may read, as the client says."""

    def __repr__(self) -> str:
        return f"HookRequest({self.hook_instance})"


def check_orders(hook: str, context: Mapping[str, Any]) -> None:
    """Raises BadRequest naming what the context of an order hook lacks."""
    for key, kind in ORDER_HOOKS.get(hook, {}).items():
        if not isinstance(context.get(key), kind):
            raise BadRequest(f"context.{key} is missing or is not {JSON_NAMES[kind]}", (f"context.{key}",))
