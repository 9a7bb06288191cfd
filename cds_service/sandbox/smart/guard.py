"""What a token opens: the FHIR server checks one that is sent, and opens the chart of its patient alone."""

from __future__ import annotations

from flask import request

from cds_service.sandbox.fhir_paging import later_page
from cds_service.sandbox.fhir_refusal import FhirRefusalError
from cds_service.sandbox.smart.grants import Grants, Token
from cds_service.sandbox.smart.scopes import opens
from cds_service.sandbox.ward import Clock

OPEN = ("metadata", ".well-known")
OF_NOBODY = "Medication"
"""Any token with its scope may read it."""


def check(grants: Grants, clock: Clock) -> None:
    """Raises FhirRefusalError 401 or 403. Without a token all is open: the sandbox knows no users."""
    given = request.headers.get("Authorization")
    kind, _, rest = request.path.removeprefix("/fhir/").partition("/")
    if given is None or request.method == "OPTIONS" or kind in OPEN:
        return
    word = given.removeprefix("Bearer ").strip()
    token = grants.tokens.see(word)
    if token is None:
        raise FhirRefusalError(401, "login", "The access token is not known or has expired")
    if not opens(token.scope, kind):
        raise FhirRefusalError(403, "forbidden", f"{kind}: the scopes of the access token do not open this")
    if kind != OF_NOBODY and not _is_own(token, kind, rest, clock):
        raise FhirRefusalError(403, "forbidden", "The access token opens the chart of another patient")


def _is_own(token: Token, kind: str, rest: str, clock: Clock) -> bool:
    """A read of an own resource, a search that names the patient, or a page of one."""
    if rest and rest != "_search":
        return rest == token.patient if kind == "Patient" else f"{rest}-".startswith(f"{token.patient}-")
    sent = [*request.args.items(multi=True), *request.form.items(multi=True)]
    if "_page" in request.args:
        sent = list(later_page(kind, request.args["_page"], clock()).query)
    named = {value.removeprefix("Patient/") for name, value in sent if name in ("patient", "subject")}
    return named == {token.patient}
