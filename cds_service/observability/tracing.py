"""Traces for sites that collect them, asked for by the usual ``OTEL_`` variables (``crs-cds[tracing]``).

The spans are made here and not by instrumented libraries, which would take the
addresses of FHIR searches along: those hold patient ids.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from cds_service.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

ASKED_FOR = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SERVICE = "crs-cds"


class _Call(NamedTuple):
    span: Span
    token: Any


_call: ContextVar[_Call | None] = ContextVar("traced_call", default=None)


class Tracing:
    """Spans of hook calls, and of the requests to FHIR servers within them. Of types and outcomes only."""

    def __init__(self, make_exporter: Callable[[], SpanExporter]) -> None:
        self._make_exporter = make_exporter
        self._provider: Any = None

    def start(self) -> None:
        """To be called by the process that answers: what sends the spans is a thread."""
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - installed where asked for
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        named = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": SERVICE}
        self._provider = TracerProvider(resource=Resource.create(named))
        self._provider.add_span_processor(BatchSpanProcessor(self._make_exporter()))
        self._tracer = self._provider.get_tracer(SERVICE)

    def stop(self) -> None:
        """Send what is left."""
        if self._provider is not None:
            self._provider.shutdown()
            self._provider = None

    def begin(self, traceparent: str | None) -> None:
        """A call begins; ``traceparent`` is well-formed. Nothing else of the caller's trace is taken."""
        if self._provider is None:
            return
        from opentelemetry import context, trace  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
            TraceContextTextMapPropagator,
        )

        parent = TraceContextTextMapPropagator().extract({"traceparent": traceparent} if traceparent else {})
        span = self._tracer.start_span("call", context=parent, kind=trace.SpanKind.SERVER)
        _call.set(_Call(span, context.attach(trace.set_span_in_context(span))))

    def end(self, name: str, status: int, request_id: str) -> None:
        """The call is answered. ``name`` is of ours: a service, and no address that was called."""
        found = _call.get()
        if found is None:
            return
        from opentelemetry import context  # noqa: PLC0415

        context.detach(found.token)
        _call.set(None)
        found.span.update_name(name)
        found.span.set_attributes({"http.response.status_code": status, "crs_cds.request_id": request_id})
        found.span.end()

    def fhir(self, resource_type: str, outcome: str, seconds: float) -> None:
        """A request to a FHIR server has just ended."""
        if self._provider is None:
            return
        from opentelemetry import trace  # noqa: PLC0415

        end = time.time_ns()
        span = self._tracer.start_span(
            f"FHIR {resource_type}",
            kind=trace.SpanKind.CLIENT,
            attributes={"fhir.outcome": outcome},
            start_time=end - int(seconds * 1e9),
        )
        span.end(end)


def tracing() -> Tracing | None:
    """Where traces are asked for. Raises ConfigurationError where they cannot be made."""
    if not any(os.environ.get(name) for name in ASKED_FOR):
        return None
    try:
        import opentelemetry.sdk  # noqa: F401, PLC0415
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
    except ImportError:
        text = "traces are asked for, and what makes them is not installed: pip install 'crs-cds[tracing]'"
        raise ConfigurationError(f"{' or '.join(ASKED_FOR)}: {text}") from None
    return Tracing(OTLPSpanExporter)
