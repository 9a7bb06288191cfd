"""``/auth/authorize``: a code for a known app, for the patient of the launch or the one picked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Response, redirect, render_template, request
from werkzeug.exceptions import BadRequest

from cds_service.sandbox import patients
from cds_service.sandbox.fhir_server import base_url
from cds_service.sandbox.smart.clients import Client
from cds_service.sandbox.smart.grants import Code, Grants, Launch
from cds_service.sandbox.smart.scopes import granted

CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}")
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"


@dataclass(frozen=True, slots=True)
class Asking:
    """An authorization request of a client that is known, to an address of its own."""

    client: Client
    redirect_uri: str
    state: str

    def answer(self, **members: str) -> Response:
        """Back to the app, with its state as it came."""
        query = urlencode({**members, **({"state": self.state} if self.state else {})})
        found = redirect(f"{self.redirect_uri}?{query}")
        found.headers["Cache-Control"] = "no-store"
        found.headers["Referrer-Policy"] = "no-referrer"
        assert isinstance(found, Response)  # noqa: S101 - werkzeug types it more loosely
        return found


def authorize(clients: dict[str, Client], grants: Grants) -> Response:
    """Raises BadRequest where nobody knows to whom an answer may be sent."""
    asking = _asking(clients)
    wrong = _fault()
    if wrong:
        return asking.answer(error=wrong[0], error_description=wrong[1])
    scope = granted(request.args.get("scope", ""))
    launch = _launch(grants)
    if launch is None and "launch/patient" in scope.split() and "launch" not in request.args:
        return _picker()
    if launch is None:
        return asking.answer(
            error="invalid_request", error_description="the launch is not known or has expired"
        )
    challenge = request.args["code_challenge"]
    code = grants.codes.put(Code(asking.client.id, asking.redirect_uri, challenge, launch, scope))
    return asking.answer(code=code)


def _asking(clients: dict[str, Client]) -> Asking:
    client = clients.get(request.args.get("client_id", ""))
    if client is None:
        raise BadRequest("client_id: no such app is registered at this sandbox")
    target = request.args.get("redirect_uri", "")
    if target not in client.redirect_uris:
        raise BadRequest("redirect_uri is not one that this app has registered")
    return Asking(client, target, request.args.get("state", ""))


def _fault() -> tuple[str, str] | None:
    """What an app did wrong, as OAuth names it."""
    asked = request.args
    if asked.get("response_type") != "code":
        return "unsupported_response_type", "response_type must be code"
    if not asked.get("state"):
        return "invalid_request", "state is missing"
    if asked.get("aud", "").rstrip("/") != base_url():
        return "invalid_request", "aud is not this FHIR server"
    is_s256 = asked.get("code_challenge_method") == "S256"
    if not is_s256 or not CHALLENGE.fullmatch(asked.get("code_challenge", "")):
        return "invalid_request", "PKCE with S256 is required"
    return None


def _launch(grants: Grants) -> Launch | None:
    """Of the EHR's launch, which counts once, or of the patient who was picked."""
    if "launch" in request.args:
        return grants.launches.take(request.args["launch"])
    picked = request.args.get("patient", "")
    return Launch(picked) if picked in patients.SCENARIOS else None


def _picker() -> Response:
    query = urlencode([(k, v) for k, v in request.args.items(multi=True) if k != "patient"])
    page = render_template("smart_sandbox/picker.html", scenarios=patients.SCENARIOS.values(), query=query)
    headers = {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return Response(page, headers=headers)
