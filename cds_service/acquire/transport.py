"""One HTTP exchange with a FHIR server, that ends when its time is up.

Only the adapter of ``requests`` is used, not its Session: what follows
redirects, keeps cookies and reads proxies or netrc from the environment is
never reached. Each thread keeps its own connections.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from cds_service.acquire.bases import is_inside
from cds_service.acquire.deadline import Deadline
from cds_service.acquire.reasons import (
    FhirError,
    FhirTimeoutError,
    MalformedError,
    RefusedError,
    TooLargeError,
    UnreachableError,
)
from cds_service.trust.addresses import AddressRule, Guarded, GuardedTls

_CHUNK = 65_536
_ERROR_BODY_LIMIT = 65_536
_SENDABLE = re.compile(r"[!-~]+")
_FORM = "application/x-www-form-urlencoded"

_this_thread = threading.local()


@dataclass(frozen=True, slots=True)
class FhirAccess:
    """The configured base URL of a FHIR server, and the bearer token for it with its scopes."""

    base_url: str
    token: str | None = None
    scope: str | None = None
    addresses: AddressRule | None = None
    """Where the server may stand; None where nothing is said of that (``AUTH=none``)."""

    def __repr__(self) -> str:
        return f"FhirAccess(base_url={self.base_url!r})"


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: requests.structures.CaseInsensitiveDict[str]
    body: bytes | bytearray

    @property
    def is_measured(self) -> bool:
        """Whether the end of the body was told, and not only seen in the end of the connection."""
        return "Content-Length" in self.headers or "Transfer-Encoding" in self.headers


class Exchange:
    """The time that one worker has, and a handle by which another thread can end its waiting.

    A read timeout is renewed by every byte; a server that drips can only be
    stopped by shutting its socket.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._aborted = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def remaining(self) -> float:
        """Seconds left; raises FhirTimeoutError when there are none."""
        left = self._deadline.remaining()
        if left <= 0 or self._aborted.is_set():
            raise FhirTimeoutError("the FHIR server did not answer in time")
        return left

    def pause(self, seconds: float) -> None:
        self._aborted.wait(min(seconds, self.remaining()))

    def watch(self, sock: socket.socket | None) -> None:
        with self._lock:
            self._socket = sock
            if self._aborted.is_set():
                self._shut()

    def abort(self) -> None:
        with self._lock:
            self._aborted.set()
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            # Past SSLSocket.shutdown, which would pull the TLS state from under the reading thread.
            with suppress(OSError):  # already closed
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Transport:
    """Sends requests on connections that each thread keeps for itself."""

    def __init__(self, ca_file: str | None = None) -> None:
        self._verify = True if ca_file is None else ca_file
        self._local = threading.local()
        self._adapters: list[HTTPAdapter] = []

    def send(
        self, exchange: Exchange, access: FhirAccess, url: str, limit: int, form: str | None = None
    ) -> Reply:
        """GET an address, or POST a form to it; the body is at most ``limit`` bytes.

        Raises FhirTimeoutError, UnreachableError, MalformedError, RefusedError or TooLargeError.
        An answer of any status is returned.
        """
        request = _prepare(access, url, form)
        _this_thread.exchange, _this_thread.addresses = exchange, access.addresses
        try:
            return self._perform(exchange, access, request, limit)
        finally:
            _this_thread.exchange = _this_thread.addresses = None
            exchange.watch(None)

    def _perform(
        self, exchange: Exchange, access: FhirAccess, request: requests.PreparedRequest, limit: int
    ) -> Reply:
        left = exchange.remaining()
        try:
            response = self._adapter(access.addresses).send(
                request, stream=True, timeout=(left, left), verify=self._verify, proxies={}
            )
            try:
                return Reply(response.status_code, response.headers, _body(exchange, response, limit))
            finally:
                response.close()
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _translated(exchange, error) from error

    def close(self) -> None:
        for adapter in self._adapters:
            adapter.close()

    def _adapter(self, rule: AddressRule | None) -> HTTPAdapter:
        """One for each rule: a connection that one client may use is not lent to another that may not."""
        adapters: dict[AddressRule | None, HTTPAdapter] = self._local.__dict__.setdefault("adapters", {})
        adapter = adapters.get(rule)
        if adapter is None:
            adapter = adapters[rule] = _Adapter(pool_connections=8, pool_maxsize=1)
            self._adapters.append(adapter)
        return adapter


def _prepare(access: FhirAccess, url: str, form: str | None) -> requests.PreparedRequest:
    method = "GET" if form is None else "POST"
    headers = {"Accept": "application/fhir+json", "Accept-Encoding": "gzip", "User-Agent": "crs-cds"}
    if form is not None:
        headers["Content-Type"] = _FORM
    if access.token is not None:
        if not _SENDABLE.fullmatch(access.token):
            raise RefusedError("the access token cannot be sent in a header")
        headers["Authorization"] = f"Bearer {access.token}"
    try:
        request = requests.Request(method, url, headers=headers, data=form).prepare()
    except (requests.RequestException, UnicodeError) as error:
        raise MalformedError("the request to the FHIR server cannot be written") from error
    # Looked at as it was written and as it will be sent: preparing resolves "..".
    if not (is_inside(url, access.base_url) and is_inside(request.url or "", access.base_url)):
        raise MalformedError("the address lies outside the configured FHIR base")
    return request


def _translated(exchange: Exchange, error: Exception) -> FhirError:
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return FhirTimeoutError("the FHIR server did not answer in time")
    if isinstance(error, urllib3.exceptions.DecodeError):
        return MalformedError("the answer of the FHIR server cannot be unpacked")
    try:
        exchange.remaining()
    except FhirTimeoutError as late:  # the failure is our own doing
        return late
    return UnreachableError("the connection to the FHIR server failed")


def _body(exchange: Exchange, response: requests.Response, limit: int) -> bytes | bytearray:
    if response.status_code != requests.codes.ok:
        limit = min(limit, _ERROR_BODY_LIMIT)
    try:
        return _read(exchange, response.raw.read1, response.headers.get("Content-Length", ""), limit)
    except TooLargeError:
        if response.status_code != requests.codes.ok:
            return b""  # the status says enough
        raise


def _read(exchange: Exchange, read1: Callable[..., bytes], announced: str, limit: int) -> bytearray:
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > limit):
        raise TooLargeError("the answer of the FHIR server is too large")
    body = bytearray()  # one block that grows: a large one goes back to the system once it is read
    # read1 gives what has arrived; read would wait for a full chunk and never look at the clock.
    while chunk := read1(_CHUNK, decode_content=True):
        exchange.remaining()
        body += chunk
        if len(body) > limit:
            raise TooLargeError("the answer of the FHIR server is too large")
    exchange.remaining()  # a body ended by our own abort is no body
    return body


class _Watched(Guarded):
    """Tells the exchange of this thread which socket it waits on."""

    def rule(self) -> AddressRule | None:
        found: AddressRule | None = getattr(_this_thread, "addresses", None)
        return found

    def request(self, *args: Any, **kwargs: Any) -> None:
        super().request(*args, **kwargs)
        exchange: Exchange | None = getattr(_this_thread, "exchange", None)
        if exchange is not None:
            exchange.watch(self.sock)


class _WatchedTls(_Watched, GuardedTls):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
