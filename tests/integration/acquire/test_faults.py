"""The faults that FHIR servers show: each has its reason, and whether it is worth another try."""

from __future__ import annotations

import json
import socket
import threading
from datetime import timedelta

import pytest

from cds_service.acquire.deadline import Deadline
from cds_service.acquire.reasons import FhirTimeoutError
from cds_service.acquire.transport import Exchange, FhirAccess, Transport
from fhir_mappings.facts import COMPLETE, Source
from tests.integration import fake_fhir
from tests.integration.acquire.ward import VITALS, Ward, ids
from tests.integration.fake_fhir import Fault
from tests.unit.acquire.charts import (
    NOON,
    QUERIES,
    bundle,
    going_on,
    hourly,
    observation,
    outcome,
)


def unmeasured(body: bytes) -> Fault:
    """An answer whose end is the end of the connection."""

    def answer(handler: fake_fhir.Handler, _: fake_fhir.Seen) -> None:
        handler.head(200, {"Connection": "close"})
        handler.wfile.write(body)
        handler.close_connection = True

    return answer


PASSING = [
    pytest.param(fake_fhir.after(30), "timeout", None, id="latency beyond the budget"),
    pytest.param(fake_fhir.drip(0.02), "timeout", None, id="dripping body"),
    pytest.param(fake_fhir.drip(0.02, head_first=False), "timeout", None, id="dripping headers"),
    pytest.param(fake_fhir.reset(), "server-error", None, id="reset"),
    pytest.param(fake_fhir.cut(), "server-error", None, id="cut body"),
    pytest.param(fake_fhir.cut(chunked=True), "server-error", None, id="cut chunked body"),
    pytest.param(fake_fhir.status(429, {"Retry-After": "17"}), "rate-limited", 17, id="429, wait too long"),
    pytest.param(fake_fhir.status(429), "rate-limited", None, id="429"),
    pytest.param(fake_fhir.status(500), "server-error", None, id="500"),
    pytest.param(fake_fhir.status(503, {"Retry-After": "30"}), "server-error", 30, id="503"),
    pytest.param(fake_fhir.status(504), "server-error", None, id="504"),
    pytest.param(unmeasured(b'{"resourceType": "Bun'), "server-error", None, id="cut, of untold length"),
    pytest.param(unmeasured(b""), "server-error", None, id="cut in the head"),
]
LASTING = [
    pytest.param(fake_fhir.status(401), "refused", id="401"),
    pytest.param(fake_fhir.status(403), "refused", id="403"),
    pytest.param(fake_fhir.status(404), "error", id="404"),
    pytest.param(fake_fhir.status(410), "error", id="410"),
    pytest.param(fake_fhir.status(400, text="no such patient"), "error", id="400"),
    pytest.param(fake_fhir.status(204), "malformed", id="204"),
    pytest.param(
        fake_fhir.raw(b"<html>Sign in</html>", {"Content-Type": "text/html"}), "malformed", id="HTML"
    ),
    pytest.param(fake_fhir.raw(b""), "malformed", id="empty body"),
    pytest.param(unmeasured(b"<html>Sign in</html>"), "malformed", id="HTML of untold length"),
    pytest.param(fake_fhir.raw(b'{"resourceType": "Bundle"'), "malformed", id="half JSON"),
    pytest.param(fake_fhir.raw(b'{"a": "\xff"}'), "malformed", id="no UTF-8"),
    pytest.param(fake_fhir.raw(b"[" * 100_000), "malformed", id="deeply nested"),
    pytest.param(fake_fhir.raw(b"1e99999999999999999999"), "malformed", id="number beyond decimal"),
    pytest.param(fake_fhir.raw(b"{}", {"Content-Encoding": "gzip"}), "malformed", id="no gzip"),
    pytest.param(fake_fhir.document([]), "malformed", id="JSON list"),
    pytest.param(fake_fhir.document(outcome()), "error", id="OperationOutcome with 200"),
    pytest.param(fake_fhir.flood(60_000_000), "too-large", id="60 MB announced"),
    pytest.param(fake_fhir.promise({"Content-Length": "60000000"}), "too-large", id="60 MB only announced"),
    pytest.param(fake_fhir.promise({"Content-Length": "9" * 4000}), "too-large", id="absurd length"),
    pytest.param(fake_fhir.flood(60_000_000, announced=False), "too-large", id="60 MB"),
    pytest.param(fake_fhir.gzipped(" " * 60_000_000), "too-large", id="60 MB zipped to 60 kB"),
    pytest.param(
        fake_fhir.document(bundle(observation(1, 1, patient="p2"))), "wrong-patient", id="another's"
    ),
]


@pytest.mark.parametrize(("fault", "reason", "retry_after"), PASSING)
def test_a_passing_fault_is_worth_another_try(
    ward: Ward, fault: Fault, reason: str, retry_after: int | None
) -> None:
    ward.fhir.always("Observation", fault)
    failure = ward.chart(queries=VITALS).failures["vitals"]
    assert (failure.reason, failure.transient, failure.retry_after) == (reason, True, retry_after)
    assert len(ward.fhir.seen) <= 2


@pytest.mark.parametrize(("fault", "reason"), LASTING)
def test_a_lasting_fault_means_that_the_data_cannot_be_had(ward: Ward, fault: Fault, reason: str) -> None:
    ward.fhir.always("Observation", fault)
    acquired = ward.chart(queries=VITALS)
    assert acquired.coverage[Source.VITALS].since is None
    assert acquired.coverage[Source.VITALS].reason == reason
    assert (acquired.failures["vitals"].reason, acquired.failures["vitals"].transient) == (reason, False)
    assert len(ward.fhir.seen) == 1


def test_a_server_that_is_not_there(ward: Ward) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}/fhir"
        failures = ward.chart(base=base).failures
    assert {failure.reason for failure in failures.values()} == {"server-error"}
    assert len(failures) == len(QUERIES)


RECOVERING = [
    pytest.param(fake_fhir.status(503), id="503"),
    pytest.param(fake_fhir.status(429, {"Retry-After": "0"}), id="429"),
    pytest.param(fake_fhir.reset(), id="reset"),
    pytest.param(fake_fhir.cut(), id="cut body"),
]


@pytest.mark.parametrize("fault", RECOVERING)
def test_one_more_try_is_made_within_the_time(ward: Ward, fault: Fault) -> None:
    ward.fhir.once("Observation", fault)
    acquired = ward.chart(queries=VITALS)
    assert acquired.coverage[Source.VITALS] == COMPLETE
    assert len(ids(acquired)) == 5


def test_a_500_is_not_repeated(ward: Ward) -> None:
    ward.fhir.once("Observation", fake_fhir.status(500))
    assert ward.chart(queries=VITALS).failures["vitals"].reason == "server-error"


def test_a_failed_read_leaves_prefetched_data_in_use(ward: Ward) -> None:
    ward.fhir.always("Observation", fake_fhir.status(500))
    acquired = ward.chart({"vitals": going_on(*hourly(4))}, VITALS)
    assert ids(acquired) == ["o0", "o1", "o2", "o3"]
    assert acquired.coverage[Source.VITALS].reaches(NOON - timedelta(hours=2))
    assert acquired.failures["vitals"].transient


def test_the_server_replaces_prefetched_data_of_another_patient(ward: Ward) -> None:
    acquired = ward.chart({"vitals": bundle(observation(99, 1, patient="p2"))}, VITALS)
    assert ids(acquired) == ["o0", "o1", "o2", "o3", "o4"]
    assert acquired.coverage[Source.VITALS] == COMPLETE


def test_a_body_that_was_ended_by_its_reader_is_a_timeout_and_no_answer(ward: Ward) -> None:
    ward.fhir.once("Observation", fake_fhir.promise({"Connection": "close"}))
    exchange = Exchange(Deadline(30))
    threading.Timer(0.2, exchange.abort).start()
    transport = Transport()
    with pytest.raises(FhirTimeoutError):
        transport.send(exchange, FhirAccess(ward.fhir.base), f"{ward.fhir.base}/Observation", 1_000)
    transport.close()


def test_a_byte_order_mark_does_no_harm(ward: Ward) -> None:
    ward.fhir.once("Observation", fake_fhir.raw(b"\xef\xbb\xbf" + json.dumps(bundle()).encode()))
    assert ward.chart(queries=VITALS).coverage[Source.VITALS] == COMPLETE


def test_gzip_is_read(ward: Ward) -> None:
    ward.fhir.once("Observation", fake_fhir.gzipped(bundle(*hourly(3))))
    assert ids(ward.chart(queries=VITALS)) == ["o0", "o1", "o2"]
