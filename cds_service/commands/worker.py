"""gunicorn's threaded worker, for callers that mean no good.

As it is, a connection that says nothing, or begins a request and goes silent, keeps a thread; one that is
not closed at the other end keeps the loop that accepts all others; and what is wrong with a request is
written to the log word for word. Here a thread is taken once the whole head of a request has come, reading
and sending have their time, and the log says what kind of fault it was.
"""

from __future__ import annotations

import selectors
import socket
from collections import deque
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

from gunicorn.http import errors
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from cds_service.observability import logger, where

HEAD_S = 10.0
"""For the head of a request, from the beginning of the connection or its first byte; no thread waits."""
REQUEST_S = 30.0
"""For the rest: some 10 Mbit/s for the largest body that there may be."""
SEND_S = 30.0
DRAIN_S = 0.2
"""For what is left of a body that was answered unread; a connection is not worth more of a thread's time."""
LINGER_S = 1.0
"""For the other end to close; a reset could take the answer away from who is still reading."""
MOST_HEAD = 64 * 1024
MOST_DRAINED = 256 * 1024
STATUS = {
    errors.LimitRequestLine: b"414 URI Too Long",
    errors.LimitRequestHeaders: b"431 Request Header Fields Too Large",
    errors.UnsupportedTransferCoding: b"501 Not Implemented",
    errors.ExpectationFailed: b"417 Expectation Failed",
    errors.ParseException: b"400 Bad Request",
}


class Connection(TConn):  # type: ignore[misc]
    """What has come of a request before a thread takes it, and until when the thread waits for more."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.received = b""
        self.drained = 0
        self.ends = 0.0

    def init(self) -> None:
        super().init()
        if not isinstance(self.parser.unreader, Timed):
            self.parser.unreader = Timed(self)
        self.parser.unreader.unread(self.received)
        self.received = b""


class Timed(SocketUnreader):  # type: ignore[misc]
    """Reads until the time of the request is up: a timeout alone is renewed by every byte."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.sock)
        self._connection = connection

    def chunk(self, size_hint: int | None = None) -> bytes:
        left = self._connection.ends - monotonic()
        if left <= 0:
            raise errors.NoMoreData
        self.sock.settimeout(left)
        try:
            found: bytes = super().chunk(size_hint)
        except TimeoutError:
            raise errors.NoMoreData from None
        finally:
            self.sock.settimeout(SEND_S)  # of the answer
        return found


class Worker(ThreadWorker):  # type: ignore[misc]
    """See above; ``pending_conns`` are those whose head has not come yet."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.lingering: deque[Connection] = deque()

    def accept(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError, ConnectionAbortedError):
            sock, address = listener.accept()
            self.nr_conns += 1
            self._await_head(Connection(self.cfg, sock, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """A kept connection begins another request."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_head(conn)

    def _await_head(self, conn: Connection) -> None:
        conn.sock.setblocking(False)
        conn.timeout = monotonic() + HEAD_S
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._read_head, conn))

    def _read_head(self, conn: Connection, sock: socket.socket) -> None:
        read = _receive(sock, MOST_HEAD)
        if read is None:
            return
        conn.received += read
        whole = b"\r\n\r\n" in conn.received
        if read and not whole and len(conn.received) < MOST_HEAD:
            return
        self.poller.unregister(sock)
        self.pending_conns.remove(conn)
        if whole:
            conn.data_ready = True
            self.enqueue_req(conn)
            return
        if read:
            _answer(sock, STATUS[errors.LimitRequestHeaders])
        self._linger(conn)

    def handle(self, conn: Connection) -> Any:
        conn.ends = monotonic() + REQUEST_S
        return super().handle(conn)

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        conn.ends = monotonic() + DRAIN_S
        return bool(super()._keepalive_after(conn, keepalive))

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """On the loop that serves all connections: here nothing may wait."""
        if fs.cancelled() or fs.exception() is not None or fs.result():
            super().finish_request(conn, fs)
        else:
            self._linger(conn)

    def _linger(self, conn: Connection) -> None:
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError, KeyError):  # closed already
            self.nr_conns -= 1
            conn.close()
        else:
            conn.timeout = monotonic() + LINGER_S
            self.lingering.append(conn)

    def _drain(self, conn: Connection, sock: socket.socket) -> None:
        read = _receive(sock, MOST_HEAD)
        if read is None:
            return
        conn.drained += len(read)
        if not read or conn.drained > MOST_DRAINED:
            self._end(conn)

    def _end(self, conn: Connection) -> None:
        self.lingering.remove(conn)
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        super().murder_pending()
        now = monotonic()
        while self.lingering and self.lingering[0].timeout <= now:
            self._end(self.lingering[0])

    def _cap_keepalive(self, deadline: float) -> None:
        """At the end of the worker, requests that have not come do not hold it up either."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Say what kind of fault it was, and not a word of the request: it may hold a token."""
        del req, addr
        status = next((text for kind, text in STATUS.items() if isinstance(exc, kind)), None)
        found = {"error": type(exc).__name__, "where": where(exc)}
        if status is None:
            logger.error("unexpected", **found)
        else:
            logger.info("not-http", **found)
        _answer(client, status or b"500 Internal Server Error")


def _receive(sock: socket.socket, most: int) -> bytes | None:
    """What is there; empty at the end, None where nothing has come yet."""
    try:
        return sock.recv(most)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b""


def _answer(sock: socket.socket, status: bytes) -> None:
    with suppress(OSError):
        sock.send(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
