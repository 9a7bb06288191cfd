"""Refusals as FHIR OperationOutcome; nothing fails in silence."""

from __future__ import annotations

import json

from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException

from cds_service.errors import Fault, ServiceError, Unauthorized, UpstreamUnavailable
from cds_service.observability import logger, where
from cds_service.web import audit

FHIR_JSON = "application/fhir+json"
CODES = {400: "invalid", 404: "not-found", 405: "not-supported", 413: "too-long", 415: "not-supported"}


def outcome(
    status: int, code: str, text: str, expression: tuple[str, ...] = (), others: tuple[Fault, ...] = ()
) -> Response:
    """An OperationOutcome answer: an issue for the refusal, and one for each other fault."""
    issues = [_issue(code, text, expression), *(_issue(code, f.text, (f.member,)) for f in others)]
    body = json.dumps({"resourceType": "OperationOutcome", "issue": issues})
    return Response(body, status, content_type=FHIR_JSON)


def _issue(code: str, text: str, expression: tuple[str, ...]) -> dict[str, object]:
    issue: dict[str, object] = {"severity": "error", "code": code, "diagnostics": text}
    named = [member for member in expression if member]
    return issue | {"expression": named} if named else issue


def refusal(error: ServiceError) -> bytes:
    """The body that a refusal is answered with."""
    answer = outcome(error.status, error.code, error.text, error.expression, error.others)
    return answer.get_data()


def register_error_handlers(app: Flask) -> None:
    app.register_error_handler(ServiceError, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _refused(error: ServiceError) -> Response:
    answer = _bare() if isinstance(error, Unauthorized) else _told(error)
    client = audit.client_name() or g.trace.claimed
    logger.info("refused", status=error.status, outcome=error.code, client=client)
    if isinstance(error, UpstreamUnavailable):
        answer.headers["Retry-After"] = str(error.retry_after)
    audit.refused(error, answer)
    return answer


def _told(error: ServiceError) -> Response:
    return Response(refusal(error), error.status, content_type=FHIR_JSON)


def _bare() -> Response:
    """What is wrong with a token is for the log: who has stolen one, or makes his own, learns nothing."""
    answer = Response(status=401, headers={"WWW-Authenticate": "Bearer"})
    del answer.headers["Content-Type"]
    return answer


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    answer = outcome(status, CODES.get(status, "processing"), error.description or error.name)
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer


def _unexpected(error: Exception) -> Response:
    """A fault of the service is loud: an error status, never an answer without cards."""
    logger.error("unexpected", error=type(error).__name__, where=where(error))
    text = "the service failed; no statement about the patient was made"
    return outcome(500, "exception", text)
