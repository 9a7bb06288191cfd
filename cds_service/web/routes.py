"""The routes of the services, and whether the process lives and is ready."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, g, request

from cds_service.errors import NotFound, UnsupportedMediaType
from cds_service.hooks.identity import encode, with_uuids
from cds_service.hooks.run import Engine, Service
from cds_service.observability import logger
from cds_service.trust.clients import Client
from cds_service.web import audit, authentication, packing
from cds_service.web.authentication import Gate
from cds_service.web.wire import parse_request

blueprint = Blueprint("cds_services", __name__)
EXTENSION = "crs_cds"
NO_STORE = "no-store"


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
    audit.begin()


@blueprint.after_app_request
def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    audit.finish(response.status_code)
    return packing.pack(response)


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
    answer = service.respond(hook, audit.watched(engine))
    trace.summary = answer.summary
    _log(service, hook.hook_instance, answer.summary)
    found = with_uuids(answer.body, g.request_id, service.id)
    body = encode(found)
    audit.answered(found, body)
    return Response(body, content_type="application/json", headers={"Cache-Control": NO_STORE})


def named(service_id: str) -> Service:
    """The service that a call is addressed to. Raises NotFound."""
    service = _engine().services.get(service_id)
    if service is None:
        raise NotFound(f"there is no service {service_id!r}: see /cds-services")
    return service


def json_body() -> bytes:
    """The body of a call. Raises UnsupportedMediaType, BadRequest or TooLarge."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("send the request as application/json")
    return packing.body()


def _log(service: Service, hook_instance: str, summary: Mapping[str, Any]) -> None:
    took = round((time.perf_counter() - g.started) * 1000, 1)
    fields = {"request_id": g.request_id, "service": service.id, "hook_instance": hook_instance}
    logger.info("hook", extra={**fields, **summary, "duration_ms": took})


@blueprint.get("/livez")
def alive() -> Response:
    return Response("ok\n", content_type="text/plain")


@blueprint.get("/readyz")
def ready() -> Response:
    """Tables are read before the app exists: an app that answers is ready.

    Also where the store is out of order: a ward needs the grade more than the record of it.
    """
    engine = _engine()
    tables = {"guideline": engine.guideline.id, "sha256": engine.guideline.sha256}
    body = {"status": "ready", **tables, "records": _records()}
    return Response(json.dumps(body), content_type="application/json")


def _records() -> dict[str, Any]:
    """How the store does, as seen by this worker."""
    health = audit.the_audit().writer.health()
    state = "writing" if health.writing else "failing"
    return {"state": state, "queued": health.queued, "dropped": health.dropped}
