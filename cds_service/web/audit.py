"""The audit record of a call, gathered while it is answered and handed to the writer at its end.

Codes and counts only: patient data is in full records alone, where a site asks for them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Flask, Response, current_app, g, request

from cds_service.errors import ServiceError
from cds_service.hooks.replay import Watch
from cds_service.hooks.request import HookRequest
from cds_service.hooks.run import Engine, Service
from cds_service.observability import logger, where
from cds_service.records.entries import Call, Card, Full
from cds_service.records.writer import Writer
from cds_service.trust.clients import Client

EXTENSION = "crs_cds_audit"
UNDER = ("/cds-services/", "/smart/assessment")
RULES = "org.crs-cds.rules"
MEMBERS = frozenset(
    {"hook", "hookInstance", "fhirServer", "fhirAuthorization", "context", "prefetch", "feedback"}
)
_INSTANCE = re.compile(rb'"hookInstance"\s*:\s*"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"')


class Audit:
    """Where records of calls go, and how whole they are."""

    def __init__(self, writer: Writer, engine: Engine, version: str, *, full: bool) -> None:
        self.writer = writer
        self.engine = engine
        self.version = version
        self.full = full
        self.keys = frozenset(query.key for query in engine.queries)


class Trace:
    """What is known of the call that is being answered."""

    __slots__ = (
        "body", "cards", "claimed", "hook", "refusal", "response", "service", "shadow", "summary", "time",
        "watch",
    )  # fmt: skip

    def __init__(self, now: datetime) -> None:
        self.time = now
        self.claimed = ""  # whose token a refused call seemed to carry
        self.service: Service | None = None
        self.shadow = False
        self.body = b""
        self.hook: HookRequest | None = None
        self.summary: Mapping[str, Any] = {}
        self.cards: tuple[Card, ...] = ()
        self.refusal: ServiceError | None = None
        self.response = b""
        self.watch: Watch | None = None


def register(app: Flask, audit: Audit) -> None:
    app.extensions[EXTENSION] = audit


def the_audit() -> Audit:
    found: Audit = current_app.extensions[EXTENSION]
    return found


def begin() -> None:
    """Start the trace of a call."""
    g.trace = Trace(the_audit().engine.clock())


def client_name() -> str:
    """Who calls; empty without client authentication."""
    client: Client | None = g.client
    return client.name if client is not None else ""


def answered(body: Mapping[str, Any], response: bytes) -> None:
    """Note what was answered. The cards themselves are let go: only what is recorded of them is kept."""
    trace: Trace = g.trace
    trace.cards = tuple(
        Card(card["uuid"], card.get("extension", {}).get(RULES, ())) for card in body["cards"]
    )
    trace.response = response


def watched(engine: Engine) -> Engine:
    """The engine that answers this call: one that is watched, where full records are made."""
    if not the_audit().full:
        return engine
    watch = g.trace.watch = Watch(engine.clock())
    return watch.over(engine)


def is_call() -> bool:
    """Whether the request is a call of a service."""
    return request.method != "OPTIONS" and request.path.startswith(UNDER)


def finish(status: int) -> bool:
    """Hand the record of a call to the writer; never waits, and never spoils the answer.

    False for what is no call of a service.
    """
    trace: Trace | None = g.get("trace")
    if trace is None or not is_call():
        return False
    audit = the_audit()
    try:
        audit.writer.offer(_record(trace, audit, status))
    except Exception as error:  # noqa: BLE001 - the answer matters more than its record
        logger.error("audit-fault", error=type(error).__name__, where=where(error))
    return True


def _record(trace: Trace, audit: Audit, status: int) -> Call:
    hook, refusal = trace.hook, trace.refusal
    return Call(
        request_id=g.request_id,
        time=trace.time,
        service=trace.service.id if trace.service is not None else "",
        hook_instance=hook.hook_instance if hook is not None else _instance(trace.body),
        client=client_name() or trace.claimed,
        status=status,
        error=refusal.code if refusal is not None else "",
        lacking=_lacking(refusal, audit.keys) if refusal is not None else (),
        summary=trace.summary,
        cards=trace.cards,
        patient_id=hook.patient_id if hook is not None else "",
        duration_ms=round((time.perf_counter() - g.started) * 1000),
        full=_full(trace, audit) if trace.watch is not None else None,
        shadow=trace.shadow,
    )


def _instance(body: bytes) -> str:
    """The hook instance of a request that was refused before it was understood."""
    found = _INSTANCE.search(body)
    return found[1].decode() if found else ""


def _lacking(refusal: ServiceError, keys: frozenset[str]) -> tuple[str, ...]:
    """What a refusal was about: members and prefetch keys, and no name that a caller made up."""
    named = []
    for expression in refusal.expression:
        head, _, rest = expression.partition(".")
        if head == "prefetch" and rest in keys:
            named.append(expression)
        elif head.partition("[")[0] in MEMBERS:
            named.append(head.partition("[")[0])
    return tuple(dict.fromkeys(named))


def _full(trace: Trace, audit: Audit) -> Full | None:
    """All that was decided on; None for a refusal that looked at no chart, and for a fault of the service."""
    watch, hook, service = trace.watch, trace.hook, trace.service
    if watch is None or hook is None or service is None or not trace.response:
        return None
    if watch.acquired is None and trace.refusal is not None:
        return None
    try:
        return Full(watch.inputs(service.id, hook, audit.engine, audit.version), trace.response)
    except (TypeError, ValueError, ArithmeticError) as error:  # numbers or text that JSON cannot carry
        logger.error("audit-not-full", error=type(error).__name__)
        return None


def refused(error: ServiceError, response: Response) -> None:
    """Note why a call was refused, and with which bytes."""
    trace: Trace | None = g.get("trace")
    if trace is not None:
        trace.refusal = error
        trace.response = response.get_data()
