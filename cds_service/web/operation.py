"""What whoever runs the service may ask of it: whether it lives, is ready, in shadow, and what it counts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, request

from cds_service.errors import NotFound
from cds_service.observability import logger, where
from cds_service.observability.metrics import CONTENT_TYPE_LATEST, Metrics
from cds_service.observability.tracing import Tracing
from cds_service.records.entries import Tables
from cds_service.records.writer import Writer
from cds_service.trust.clients import Client
from cds_service.web import audit

EXTENSION = "crs_cds_operation"
NO_STORE = {"Cache-Control": "no-store"}
SHADOW = "CRS-CDS-Shadow"
"""On answers in shadow, so that whoever reads one does not take it for a statement about the patient."""
OTHER = "other"
"""Calls to services that there are not."""

blueprint = Blueprint("operation", __name__)


@dataclass(slots=True)
class Operation:
    """One for an app."""

    metrics: Metrics
    tables: Tables
    writer: Writer
    shadow: bool = False
    """No client is shown a card."""
    shadow_clients: int = 0
    """How many clients are shown none."""
    show_metrics: bool = True
    tracing: Tracing | None = None
    needs: dict[str, Callable[[], bool]] = field(default_factory=dict)
    """What no call can do without, and whether it answers."""
    reload_refused: datetime | None = None
    """Since when the tables or clients on disk are refused, and the ones from before are used."""

    def begin(self) -> None:
        """This process takes calls from now on."""
        self.metrics.serving(self.tables, shadow=self.shadow)
        self.writer.start()
        if self.tracing is not None:
            self.tracing.start()

    def end(self) -> None:
        """It takes none any more; what is left of records and spans is written."""
        self.writer.stop()
        if self.tracing is not None:
            self.tracing.stop()


def register(app: Flask, operation: Operation) -> None:
    app.extensions[EXTENSION] = operation
    app.register_blueprint(blueprint)


def of(app: Flask) -> Operation:
    found: Operation = app.extensions[EXTENSION]
    return found


def in_shadow() -> bool:
    """Whether whoever calls is shown no card."""
    client: Client | None = g.client
    return of(current_app).shadow or (client is not None and client.shadow)


def begin_call(traceparent: str | None) -> None:
    """A request came in, perhaps within a trace of the caller."""
    traces = of(current_app).tracing
    if traces is not None and audit.is_call():
        traces.begin(traceparent)


def count(status: int) -> None:
    """Count an answered call of a service. What cannot be counted is answered all the same."""
    try:
        _count(status)
    except Exception as error:  # noqa: BLE001 - a full disk under the metrics costs no ward its grade
        logger.error("not-counted", error=type(error).__name__, where=where(error))


def _count(status: int) -> None:
    operation, trace = of(current_app), g.trace
    metrics = operation.metrics
    service = trace.service.id if trace.service is not None else OTHER
    kind = "feedback" if request.path.endswith("/feedback") else "hook"
    metrics.calls(service, kind, status, audit.client_name()).inc()
    if operation.tracing is not None:
        operation.tracing.end(f"{kind} {service}", status, g.request_id)
    if "refused_for" in g:
        metrics.refused(str(g.refused_for)).inc()
    if kind == "hook" and service != OTHER:
        metrics.seconds(service).observe(time.perf_counter() - g.started)
    summary = trace.summary
    if "episode" in summary:
        metrics.assessed(summary["episode"], summary["grade"], summary["rules"])
        metrics.lacking(summary["missing"], summary["failures"])
    if trace.cards:
        metrics.cards(service, str(trace.shadow).lower()).inc(len(trace.cards))


@blueprint.get("/livez")
def alive() -> Response:
    return Response("ok\n", content_type="text/plain", headers=NO_STORE)


@blueprint.get("/readyz")
def ready() -> Response:
    """503 where calls would be refused for want of something.

    Records that cannot be written, and tables on disk that are refused, are said and no reason: a ward needs
    the grade more than the record of it, and the tables that were good before still are.
    """
    operation = of(current_app)
    needs = {
        name: {"state": "answering" if answers() else "failing"} for name, answers in operation.needs.items()
    }
    good = all(found["state"] == "answering" for found in needs.values())
    tables = {"guideline": operation.tables.guideline, "sha256": operation.tables.guideline_sha256}
    body = {
        "status": "ready" if good else "not ready",
        "version": operation.tables.version,
        **tables,
        "codebook_sha256": operation.tables.codebook_sha256,
        **_shadow(operation),
        "records": _records(operation),
        **needs,
        "reload": _reload(operation),
    }
    return Response(json.dumps(body), 200 if good else 503, content_type="application/json", headers=NO_STORE)


def _shadow(operation: Operation) -> dict[str, Any]:
    """Said only where it is so: nobody is to take a service in shadow for a live one."""
    if operation.shadow:
        return {"shadow": "no client is shown a card"}
    if operation.shadow_clients:
        return {"shadow": f"clients that are shown no card: {operation.shadow_clients}"}
    return {}


def _records(operation: Operation) -> dict[str, Any]:
    """How the store does, as seen by this worker."""
    health = operation.writer.health()
    state = "writing" if health.writing else "failing"
    return {"state": state, "queued": health.queued, "dropped": health.dropped}


def _reload(operation: Operation) -> dict[str, str]:
    since = operation.reload_refused
    if since is None:
        return {"state": "good"}
    return {"state": "refused", "since": since.astimezone(UTC).isoformat(timespec="seconds")}


@blueprint.get("/metrics")
def metrics() -> Response:
    operation = of(current_app)
    if not operation.show_metrics:
        raise NotFound("metrics are not shown here: see CRS_CDS_METRICS")
    return Response(operation.metrics.text(), content_type=CONTENT_TYPE_LATEST, headers=NO_STORE)
