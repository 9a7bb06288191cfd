"""The routes of the services, and what is done for every call."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, g, request

from cds_service.errors import NotFound, UnsupportedMediaType
from cds_service.hooks.identity import encode, with_uuids
from cds_service.hooks.run import Engine, Service
from cds_service.observability import logger
from cds_service.observability.logs import call_context
from cds_service.trust.clients import Client
from cds_service.web import audit, authentication, browsers, operation, packing
from cds_service.web.authentication import Gate
from cds_service.web.wire import parse_request

blueprint = Blueprint("cds_services", __name__)
EXTENSION = "crs_cds"
NO_STORE = "no-store"
EMPTY = b'{"cards":[]}'
_TRACE = re.compile("00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context; what is written otherwise is not repeated anywhere."""


def _engine() -> Engine:
    engine: Engine = current_app.extensions[EXTENSION]
    return engine


def _engine_of(client: Client | None) -> Engine:
    """The engine that asks the FHIR server of this client, and no other."""
    if client is None:
        return _engine()
    gate: Gate = current_app.extensions[authentication.EXTENSION]
    return gate.engines[client.iss]


@blueprint.before_app_request
def _begin() -> None:
    g.started = time.perf_counter()
    g.request_id = str(uuid.uuid4())
    g.client = None
    found = _TRACE.fullmatch(request.environ.get("HTTP_TRACEPARENT", ""))
    known = {"request_id": g.request_id}
    call_context.set({**known, "trace_id": found[1]} if found else known)
    audit.begin()
    operation.begin_call(found[0] if found else None)


@blueprint.after_app_request
def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    for name, value in browsers.CAREFUL.items():
        response.headers.setdefault(name, value)  # a page that needs more says so itself
    if audit.finish(response.status_code):
        operation.count(response.status_code)
    return packing.pack(response)


@blueprint.teardown_app_request
def _end(_: BaseException | None) -> None:
    call_context.set({})


@blueprint.post("/cds-services/<service_id>")
def call(service_id: str) -> Response:
    """Run one hook."""
    trace = g.trace
    service = trace.service = named(service_id)
    trace.body = json_body()
    hook = trace.hook = parse_request(trace.body, service.hook)
    trace.body = b""  # understood: no longer needed to find out whose call it was
    engine = _engine_of(g.client)
    if hook.fhir_server is not None:
        engine.allowed_server(hook.fhir_server)  # also where it will not be asked
    trace.shadow = operation.in_shadow()
    answer = service.respond(hook, audit.watched(engine))
    trace.summary = answer.summary
    _log(service, hook.hook_instance, answer.summary)
    found = with_uuids(answer.body, g.request_id, service.id)
    body = encode(found)
    audit.answered(found, body)
    return _shown(body, shadow=trace.shadow)


def _shown(body: bytes, *, shadow: bool) -> Response:
    """The answer as it is sent. In shadow no card leaves; a refusal never comes here, and is sent as ever."""
    headers = {"Cache-Control": NO_STORE}
    if shadow:
        body, headers[operation.SHADOW] = EMPTY, "true"
    return Response(body, content_type="application/json", headers=headers)


def named(service_id: str) -> Service:
    """The service that a call is addressed to. Raises NotFound."""
    service = _engine().services.get(service_id)
    if service is None:
        raise NotFound("there is no such service: see /cds-services")  # a wrong address may hold anything
    return service


def json_body() -> bytes:
    """The body of a call. Raises UnsupportedMediaType, BadRequest or TooLarge."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("send the request as application/json")
    return packing.body()


def _log(service: Service, hook_instance: str, summary: Mapping[str, Any]) -> None:
    took = round((time.perf_counter() - g.started) * 1000, 1)
    shadow = {"shadow": True} if g.trace.shadow else {}
    named = {"service": service.id, "hook_instance": hook_instance, "client": audit.client_name()}
    logger.info("hook", **named, **summary, **shadow, duration_ms=took)
