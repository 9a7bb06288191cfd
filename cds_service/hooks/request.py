"""What a hook is called with, whatever the wire looked like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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


def short_reference(reference: str) -> str:
    """``Type/id``, also of a whole address."""
    return "/".join(reference.split("/")[-2:])
