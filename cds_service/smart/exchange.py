"""The code for a token, exchanged here where the browser may not: the secret stays, the token is not kept.

For a confidential client, and for an EHR whose token endpoint stands on another origin than its FHIR
server: the page's own rules (CSP) do not let it call that.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from flask import Response, request

from cds_service.errors import BadRequest, UpstreamUnavailable
from cds_service.settings import is_loopback
from cds_service.smart.origin import require_own_page
from cds_service.smart.rate import Rate
from cds_service.smart.registration import TOKEN, Registration

CODE = re.compile(r"[\x21-\x7e]{1,4096}")
VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
SECONDS = (3.0, 10.0)
MOST_BYTES = 64 * 1024
CONFIGURATION = "/.well-known/smart-configuration"


def exchange(registered: Registration, rate: Rate) -> Response:
    """The token response of the EHR, as it came. Raises Forbidden, BadRequest or UpstreamUnavailable."""
    require_own_page(registered)
    rate.check(TOKEN)
    issuer = _issuer(registered)
    code, verifier = _sent("code", CODE), _sent("code_verifier", VERIFIER)
    with requests.Session() as session:
        session.trust_env = False  # no proxy, no netrc: neither is set for this
        session.verify = registered.ca_file or True
        endpoint = _endpoint(session, issuer)
        status, body = _post(session, endpoint, registered, {"code": code, "code_verifier": verifier})
    return Response(body, status, content_type="application/json", headers={"Cache-Control": "no-store"})


def _issuer(registered: Registration) -> str:
    named = request.args.get("issuer", "")
    if not (named.isascii() and named.isdigit() and int(named) < len(registered.issuers)):
        raise BadRequest("issuer names none that may launch this page", ("issuer",))
    return registered.issuers[int(named)]


def _sent(name: str, pattern: re.Pattern[str]) -> str:
    value = request.form.get(name, "")
    if not pattern.fullmatch(value):
        raise BadRequest(f"{name} is missing or malformed", (name,))
    return value


def _endpoint(session: requests.Session, issuer: str) -> str:
    status, body = _read(session, "GET", issuer.rstrip("/") + CONFIGURATION)
    try:
        endpoint = json.loads(body)["token_endpoint"] if status == 200 else None
    except (ValueError, TypeError, KeyError):
        endpoint = None
    if not isinstance(endpoint, str) or not _is_safe(endpoint):
        raise UpstreamUnavailable("the EHR does not tell a token endpoint that may be used")
    return endpoint


def _is_safe(endpoint: str) -> bool:
    """TLS, except on this machine: what is sent opens a chart."""
    parts = urlsplit(endpoint)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def _post(
    session: requests.Session, endpoint: str, registered: Registration, proof: dict[str, str]
) -> tuple[int, bytes]:
    form = {"grant_type": "authorization_code", "redirect_uri": registered.redirect_uri, **proof}
    if registered.secret:
        return _read(session, "POST", endpoint, data=form, auth=(registered.client_id, registered.secret))
    return _read(session, "POST", endpoint, data={**form, "client_id": registered.client_id})


def _read(session: requests.Session, method: str, url: str, **options: Any) -> tuple[int, bytes]:
    """Status and body, no redirect followed. Raises UpstreamUnavailable."""
    try:
        headers = {"Accept": "application/json"}
        with session.request(
            method, url, headers=headers, timeout=SECONDS, allow_redirects=False, stream=True, **options
        ) as answer:
            body = answer.raw.read(MOST_BYTES + 1, decode_content=True)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
        raise UpstreamUnavailable("the EHR's authorization server cannot be reached") from None
    if len(body) > MOST_BYTES or 300 <= answer.status_code < 400:
        raise UpstreamUnavailable("the EHR's authorization server gave no usable answer")
    return answer.status_code, body
