"""``/auth/token``: a token for a code, once, for whoever knows the verifier of its challenge."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from flask import Response, request

from cds_service.sandbox import patients
from cds_service.sandbox.smart.clients import Client
from cds_service.sandbox.smart.grants import TOKEN_LIFE, Code, Grants, Token

FORM = "application/x-www-form-urlencoded"


def token(clients: dict[str, Client], grants: Grants) -> Response:
    """As RFC 6749 has it: the token, or an error that says what was wrong."""
    if request.mimetype != FORM:
        return _answer({"error": "invalid_request", "error_description": f"send the form as {FORM}"}, 400)
    client = _client(clients)
    if client is None:
        return _answer({"error": "invalid_client"}, 401)
    if request.form.get("grant_type") != "authorization_code":
        return _answer({"error": "unsupported_grant_type"}, 400)
    code = grants.codes.take(request.form.get("code", ""))  # taken, whatever comes of it
    if code is None or not _is_for(code, client):
        return _answer({"error": "invalid_grant"}, 400)
    return _answer(_granted(code, grants), 200)


def _client(clients: dict[str, Client]) -> Client | None:
    """Who asks, by HTTP Basic or, for a public client, by its id in the form."""
    given = request.authorization
    if given is not None and given.type == "basic":
        name, secret = given.username or "", given.password or ""
    else:
        name, secret = request.form.get("client_id", ""), ""
    client = clients.get(name)
    return client if client is not None and client.proves_itself(name, secret) else None


def _is_for(code: Code, client: Client) -> bool:
    made = base64.urlsafe_b64encode(hashlib.sha256(request.form.get("code_verifier", "").encode()).digest())
    proven = hmac.compare_digest(made.decode().rstrip("="), code.challenge)
    same = code.client_id == client.id and request.form.get("redirect_uri") == code.redirect_uri
    return proven and same


def _granted(code: Code, grants: Grants) -> dict[str, Any]:
    patient = code.launch.patient
    found = {
        "access_token": grants.tokens.put(Token(patient, code.scope)),
        "token_type": "Bearer",
        "expires_in": int(TOKEN_LIFE.total_seconds()),
        "scope": code.scope,
        "patient": patient,
        "encounter": patients.SCENARIOS[patient].encounter,
        "need_patient_banner": True,
    }
    return {**found, "appContext": code.launch.app_context} if code.launch.app_context else found


def _answer(body: dict[str, Any], status: int) -> Response:
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return Response(json.dumps(body), status, content_type="application/json", headers=headers)
