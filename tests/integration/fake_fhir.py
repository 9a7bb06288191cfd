"""A FHIR server for tests: real HTTP on 127.0.0.1, a small store, and faults on demand.

    with FakeFhir([observation, ...]) as server:
        server.once("Observation", reset())       # the next call only
        server.always("Procedure", status(500))   # every call
        ... server.base, server.seen ...

What has no fault is answered from the store: reads, and searches by patient,
code, status, _id, _sort and _count, paged with opaque next links.
"""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import msgspec

Resource = dict[str, Any]
FHIR_JSON = "application/fhir+json"
_encode = msgspec.json.Encoder(decimal_format="number").encode  # a Decimal goes out digit by digit
_TIMES = (
    "effectiveDateTime",
    "performedDateTime",
    "occurrenceDateTime",
    "effectivePeriod",
    "performedPeriod",
)


@dataclass(slots=True)
class Seen:
    """One request as it arrived; ``params`` are those of the address and of a form together."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass(slots=True)
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Handler(BaseHTTPRequestHandler):
    """Hands each request to the first fault that waits for its resource type, or to the store."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement
    server: _Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:  # the client gave up, as some tests want it to
            self.close_connection = True

    def setup(self) -> None:
        self.server.fake.connections += 1
        super().setup()

    def do_GET(self) -> None:
        self._serve("")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())

    def _serve(self, form: str) -> None:
        parts = urlsplit(self.path)
        params = dict(parse_qsl(parts.query) + parse_qsl(form))
        seen = Seen(self.command, parts.path, params, {k.lower(): v for k, v in self.headers.items()})
        self.server.fake.react(seen)(self, seen)

    def reply(self, reply: Reply) -> None:
        self.head(reply.status, {"Content-Length": str(len(reply.body)), **reply.headers})
        self.wfile.write(reply.body)

    def head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": FHIR_JSON, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


Fault = Callable[[Handler, Seen], None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    fake: FakeFhir


class FakeFhir:
    """The server; use as a context manager."""

    def __init__(
        self, resources: Iterable[Resource] = (), path: str = "/fhir", tls: ssl.SSLContext | None = None
    ) -> None:
        self.resources = list(resources)
        self.seen: list[Seen] = []
        self.connections = 0
        self.page_limit = 1_000
        self.stopping = threading.Event()
        self._path = path
        self._faults: dict[str, deque[Iterator[Fault]]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), Handler)
        self._http.fake = self
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.origin = f"{'https' if tls else 'http'}://127.0.0.1:{self._http.server_port}"
        self.base = self.origin + path

    def once(self, resource_type: str, *faults: Fault) -> None:
        """The next calls for this type get these faults, one each."""
        self._faults[resource_type].append(iter(faults))

    def always(self, resource_type: str, fault: Fault) -> None:
        self._faults[resource_type].append(repeat(fault))

    def calls(self, resource_type: str) -> list[Seen]:
        return [seen for seen in self.seen if self._type(seen) == resource_type]

    def react(self, seen: Seen) -> Fault:
        with self._lock:
            self.seen.append(seen)
            waiting = self._faults[self._type(seen)]
            while waiting:
                fault = next(waiting[0], None)
                if fault is not None:
                    return fault
                waiting.popleft()
        return from_store

    def answer(self, seen: Seen) -> Resource | None:
        """What the store says: a Bundle, a resource, or None where there is none."""
        steps = seen.path.removeprefix(self._path).strip("/").split("/")
        if len(steps) == 2 and steps[1] != "_search":
            wanted = (steps[0], steps[1])
            return next((r for r in self.resources if (r["resourceType"], r.get("id")) == wanted), None)
        matches = self._sorted([r for r in self.resources if _matches(r, steps[0], seen.params)], seen)
        return self._page(steps[0], matches, seen.params)

    def _page(self, resource_type: str, matches: list[Resource], params: dict[str, str]) -> Resource:
        size = min(int(params.get("_count", "20")), self.page_limit)
        start = int(params.get("_start", "0"))
        entries = [{"resource": r, "search": {"mode": "match"}} for r in matches[start : start + size]]
        bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(matches)}
        if entries:
            bundle["entry"] = entries
        if start + size < len(matches):
            kept = {**params, "_start": str(start + size)}
            query = "&".join(f"{k}={v}" for k, v in kept.items()).replace("|", "%7C")
            bundle["link"] = [{"relation": "next", "url": f"{self.base}/{resource_type}?{query}"}]
        return bundle

    def _sorted(self, matches: list[Resource], seen: Seen) -> list[Resource]:
        descending = seen.params.get("_sort", "").startswith("-")
        return sorted(matches, key=_time, reverse=True) if descending else matches

    def _type(self, seen: Seen) -> str:
        return seen.path.removeprefix(self._path).strip("/").partition("/")[0]

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()


def _matches(resource: Resource, resource_type: str, params: dict[str, str]) -> bool:
    if resource["resourceType"] != resource_type:
        return False
    subject = resource.get("subject") or resource.get("patient") or {}
    if "patient" in params and subject.get("reference") != f"Patient/{params['patient']}":
        return False
    if "_id" in params and resource.get("id") not in params["_id"].split(","):
        return False
    if "status" in params and resource.get("status") not in params["status"].split(","):
        return False
    codes = {f"{c.get('system')}|{c.get('code')}" for c in resource.get("code", {}).get("coding", [])}
    return "code" not in params or bool(codes & set(params["code"].split(",")))


def _time(resource: Resource) -> str:
    value: Any = next((resource[name] for name in _TIMES if name in resource), "")
    return str(value.get("start", "")) if isinstance(value, dict) else str(value)


# --- faults -----------------------------------------------------------------


def from_store(handler: Handler, seen: Seen) -> None:
    found = handler.server.fake.answer(seen)
    if found is None:
        status(404)(handler, seen)
    else:
        document(found)(handler, seen)


def document(value: object, headers: dict[str, str] | None = None) -> Fault:
    """This JSON, with 200."""
    body = _encode(value)
    return lambda handler, _: handler.reply(Reply(200, body, headers or {}))


def status(code: int, headers: dict[str, str] | None = None, text: str = "") -> Fault:
    """This status with an OperationOutcome."""
    issue = {"severity": "error", "code": "processing", "diagnostics": text or f"status {code}"}
    body = _encode({"resourceType": "OperationOutcome", "issue": [issue]})
    return lambda handler, _: handler.reply(Reply(code, body, headers or {}))


def raw(body: bytes, headers: dict[str, str] | None = None) -> Fault:
    """These bytes, with 200."""
    return lambda handler, _: handler.reply(Reply(200, body, headers or {}))


def after(seconds: float, then: Fault = from_store) -> Fault:
    def slow(handler: Handler, seen: Seen) -> None:
        if not handler.server.fake.stopping.wait(seconds):
            then(handler, seen)

    return slow


def drip(gap: float, head_first: bool = True) -> Fault:
    """One byte every ``gap`` seconds without end, in the body or already in the headers."""

    def dripping(handler: Handler, _: Seen) -> None:
        if head_first:
            handler.head(200, {"Content-Length": "1000000"})
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Padding: ")
        while not handler.server.fake.stopping.wait(gap):
            handler.wfile.write(b" " if head_first else b"x")

    return dripping


def reset() -> Fault:
    """The connection is reset before any answer."""

    def resetting(handler: Handler, _: Seen) -> None:
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.close_connection = True
        handler.connection.close()
        handler.rfile.close()  # the last reference: now the reset goes out

    return resetting


def cut(chunked: bool = False) -> Fault:
    """Half of a good answer, then the end of the connection."""

    def cutting(handler: Handler, seen: Seen) -> None:
        body = _encode(handler.server.fake.answer(seen))
        half = body[: len(body) // 2]
        if chunked:
            handler.head(200, {"Transfer-Encoding": "chunked"})
            half = b"%x\r\n%s\r\n" % (len(half), half)
        else:
            handler.head(200, {"Content-Length": str(len(body))})
        handler.wfile.write(half)
        handler.close_connection = True

    return cutting


def promise(headers: dict[str, str]) -> Fault:
    """A head with these headers and a few bytes, then silence on an open connection."""

    def promising(handler: Handler, _: Seen) -> None:
        handler.head(200, headers)
        handler.wfile.write(b'{"resourceType": ')
        handler.server.fake.stopping.wait()

    return promising


def flood(size: int, announced: bool = True) -> Fault:
    """A body of ``size`` bytes, announced or ended by closing."""

    def flooding(handler: Handler, _: Seen) -> None:
        handler.head(200, {"Content-Length": str(size)} if announced else {"Connection": "close"})
        handler.close_connection = True
        for _step in range(size // 65_536):
            handler.wfile.write(b" " * 65_536)

    return flooding


def gzipped(value: object) -> Fault:
    body = gzip.compress(_encode(value))
    return raw(body, {"Content-Encoding": "gzip"})
