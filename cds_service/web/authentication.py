"""Who calls: the token of each call to a service, checked before anything of the call is read.

Discovery, schemas, health and what browsers ask beforehand need no token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, g, request

from cds_service.errors import Unauthorized, UpstreamUnavailable
from cds_service.hooks.run import Engine
from cds_service.observability import logger
from cds_service.trust.reasons import CannotTell, Refused
from cds_service.trust.tokens import TokenCheck

EXTENSION = "crs_cds_authentication"
NEED_A_TOKEN = frozenset({"cds_services.call", "feedback.feedback"})


@dataclass(frozen=True, slots=True)
class Gate:
    """What is known of callers. ``engines``: one for each issuer, that asks that client's FHIR server."""

    check: TokenCheck
    public_url: str
    engines: Mapping[str, Engine]
    clock: Callable[[], datetime]

    def admit(self) -> None:
        """Note whose call it is, in ``g.client``. Raises Unauthorized, or UpstreamUnavailable."""
        if not is_guarded():
            return
        # The address as clients know it: nothing of Host or X-Forwarded-* is believed.
        url, now = self.public_url + request.path, int(self.clock().timestamp())
        try:
            g.client = self.check.client(request.headers.get("Authorization"), url, now)
        except Refused as refusal:
            g.trace.claimed = refusal.issuer
            g.refused_for = refusal.reason
            raise Unauthorized(refusal.reason) from None
        except CannotTell as unknown:
            logger.error("authentication-unavailable", error=unknown.what)
            text = "callers cannot be told from others now; try again"
            raise UpstreamUnavailable(text, retry_after=unknown.retry_after) from None


def is_guarded() -> bool:
    """Whether the call is one that needs a token."""
    return request.endpoint in NEED_A_TOKEN and request.method != "OPTIONS"


def register(app: Flask, gate: Gate) -> None:
    """The gate before every call to a service."""
    app.extensions[EXTENSION] = gate
    app.before_request(gate.admit)
