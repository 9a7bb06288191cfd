"""``GET /cds-services``: what there is, and with which data each service wants to be called."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response

from cds_service.hooks.run import Engine, Service
from cds_service.web.lasting import lasting

SPEC_VERSION = "2.0.1"
HELD_BACK = "(in shadow: no cards are shown)"


def create_blueprint(engine: Engine, *, shadow: bool = False) -> Blueprint:
    """The route; what it says stays the same while the service runs, and needs no token."""
    services = [describe(service, engine) for service in engine.services.values()]
    if shadow:
        services = [{**service, "title": f"{service['title']} {HELD_BACK}"} for service in services]
    body = json.dumps({"services": services})
    blueprint = Blueprint("discovery", __name__)

    @blueprint.get("/cds-services")
    def discovery() -> Response:
        return lasting(body, "application/json")

    return blueprint


def describe(service: Service, engine: Engine) -> dict[str, Any]:
    """One service as the specification describes it."""
    return {
        "hook": service.hook,
        "id": service.id,
        "title": service.title,
        "description": service.description,
        "version": SPEC_VERSION,
        "usageRequirements": service.usage,
        "prefetch": {query.key: query.template for query in engine.queries},
    }
