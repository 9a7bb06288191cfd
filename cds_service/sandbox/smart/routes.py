"""The routes of the authorization server: configuration, launch, authorize and token."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import BadRequest

from cds_service.sandbox import patients
from cds_service.sandbox.smart import authorize, guard, token
from cds_service.sandbox.smart.clients import clients_of
from cds_service.sandbox.smart.grants import Grants, Launch
from cds_service.sandbox.smart.scopes import LAUNCHES, TYPES
from cds_service.sandbox.ward import Clock
from cds_service.settings import is_loopback
from cds_service.smart.routes import EXTENSION

MOST_CONTEXT = 4_096
"""Characters of an appContext."""


def register(app: Flask, clock: Clock) -> None:
    """Mount ``/auth`` and the SMART configuration of ``/fhir``; its client is the page of this service."""
    clients, grants = clients_of(app.extensions.get(EXTENSION)), Grants(clock)
    server = Blueprint("sandbox_smart", __name__, template_folder="templates")
    server.get("/fhir/.well-known/smart-configuration", endpoint="configuration")(_configuration)
    server.post("/auth/launch", endpoint="launch")(lambda: _launch(grants))
    server.get("/auth/authorize", endpoint="authorize")(lambda: authorize.authorize(clients, grants))
    server.post("/auth/token", endpoint="token")(lambda: token.token(clients, grants))
    app.register_blueprint(server)
    app.before_request(lambda: guard.check(grants, clock) if request.path.startswith("/fhir/") else None)
    app.after_request(_share)


def _configuration() -> Response:
    root = request.url_root
    return _json(
        {
            "authorization_endpoint": f"{root}auth/authorize",
            "token_endpoint": f"{root}auth/token",
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
            "grant_types_supported": ["authorization_code"],
            "scopes_supported": [*LAUNCHES, *(f"patient/{kind}.rs" for kind in TYPES)],
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "capabilities": [
                "launch-ehr",
                "launch-standalone",
                "client-public",
                "client-confidential-symmetric",
                "context-ehr-patient",
                "context-standalone-patient",
                "context-banner",
                "permission-patient",
                "permission-v1",
                "permission-v2",
            ],
        }
    )


def _launch(grants: Grants) -> Response:
    """``{"patient": …, "appContext": …}`` in, ``{"launch": …}`` out: what an EHR does as it opens an app."""
    sent = request.get_json()  # of another media type: 415
    patient = sent.get("patient") if isinstance(sent, dict) else None
    context = sent.get("appContext", "") if isinstance(sent, dict) else None
    if not isinstance(patient, str) or patient not in patients.SCENARIOS:
        raise BadRequest("patient is none of this sandbox")
    if not isinstance(context, str) or len(context) > MOST_CONTEXT:
        raise BadRequest(f"appContext is not a text of at most {MOST_CONTEXT} characters")
    return _json({"launch": grants.launches.put(Launch(patient, context))})


def _json(body: dict[str, Any]) -> Response:
    return Response(json.dumps(body), content_type="application/json", headers={"Cache-Control": "no-store"})


def _share(answer: Response) -> Response:
    """Pages of this machine may call the sandbox as they may call an EHR: by CORS, without cookies."""
    origin = request.headers.get("Origin", "")
    shared = request.path.startswith("/fhir/") or request.path == "/auth/token"
    if shared and is_loopback(urlsplit(origin).hostname or ""):
        answer.vary.add("Origin")
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Access-Control-Allow-Headers"] = "authorization, content-type"
        answer.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
    return answer
