"""``GET /schemas/<name>.json``: the JSON Schemas, and the OpenAPI document of the service beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from flask import Blueprint, Flask, Response

from cds_service.errors import NotFound
from cds_service.hooks.run import Service
from cds_service.web import authentication, openapi, schemas
from cds_service.web.lasting import lasting

SCHEMA = "application/schema+json"
OPENAPI = "openapi.json"
FEEDBACK = "/cds-services/<service_id>/feedback"


def register(app: Flask, services: Mapping[str, Service]) -> None:
    """The route; to be called last, so that the document names the routes that there are."""
    with_feedback = any(rule.rule == FEEDBACK for rule in app.url_map.iter_rules())
    with_tokens = authentication.EXTENSION in app.extensions
    described = openapi.document(list(services.values()), with_feedback, with_tokens)
    api = json.dumps(described, indent=1, ensure_ascii=False)
    blueprint = Blueprint("documents", __name__)

    @blueprint.get("/schemas/<name>")
    def document(name: str) -> Response:
        if name == OPENAPI:
            return lasting(api, "application/vnd.oai.openapi+json")
        text = schemas.texts().get(name)
        if text is None:
            raise NotFound("there is no such schema; there are: " + ", ".join([*schemas.texts(), OPENAPI]))
        return lasting(text, SCHEMA)

    app.register_blueprint(blueprint)
