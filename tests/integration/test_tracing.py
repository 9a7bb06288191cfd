"""Traces of a real server, as a collector gets them: which call, which requests, and never whose."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from cds_service.observability import tracing
from tests.contract.service import PATH, _encoder, request
from tests.integration.fake_fhir import FakeFhir
from tests.integration.serving import served

CANARY = "MRN-88140-Canary"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """The address of a collector, and what it was sent."""
    sent: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", sent
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def spans(sent: list[bytes]) -> list[Span]:
    found = [ExportTraceServiceRequest.FromString(body) for body in sent]
    return [span for each in found for r in each.resource_spans for s in r.scope_spans for span in s.spans]


def test_a_call_is_a_span_of_the_callers_trace_and_names_no_patient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collector() as (address, sent), FakeFhir([{"resourceType": "Patient", "id": CANARY}]) as fhir:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        context = {"userId": "Practitioner/1", "patientId": CANARY}
        body = _encoder.encode(request(prefetch=..., fhirServer=fhir.base, context=context))
        headers = {
            "Content-Type": "application/json",
            "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
            "tracestate": f"ehr={CANARY}",
            "baggage": f"patient={CANARY}",
            "User-Agent": CANARY,
        }
        with served(1, data_dir=str(tmp_path), fhir_servers=fhir.base) as server:
            answer = requests.post(
                f"{server.base}{PATH}?patient={CANARY}", data=body, headers=headers, timeout=30
            )
            requests.post(f"{server.base}/cds-services/{CANARY}", data=body, headers=headers, timeout=30)
            requests.get(f"{server.base}/livez", timeout=30)
            server.stop()
        called = len(fhir.seen)
    found = spans(sent)
    (call,) = [span for span in found if span.name == "hook crs-patient-view"]
    inside = [span for span in found if span.parent_span_id == call.span_id]
    assert call.trace_id.hex() == TRACE
    assert len(inside) == called
    assert {"FHIR Patient", "FHIR Observation"} <= {span.name for span in inside}
    assert answer.headers["X-Request-Id"] in str(call.attributes)
    assert len([span for span in found if span.name == "hook other"]) == 1
    assert len(found) == called + 2
    assert not any(CANARY.encode() in body for body in sent)


def test_without_being_asked_for_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tracing.ASKED_FOR:
        monkeypatch.delenv(name, raising=False)
    assert tracing.tracing() is None
