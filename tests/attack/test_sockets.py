"""What can be done with a socket alone: requests that are read in two ways, and clients that are slow.

Over real sockets, against the service as it is run.
"""

from __future__ import annotations

import http.client
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from cds_service.commands.serve import THREADS
from tests.integration.serving import Served, served
from tests.trusted_ehr import PATH, Ehr

SECRET = "Bearer canary-in-a-header"
BODY = b'{"hook": "patient-view"}'
BEHIND = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
"""What is smuggled: were it taken for a request of its own, there would be a second answer."""


class Odd(NamedTuple):
    name: str
    head: str
    body: bytes = BODY


def post(*lines: str) -> str:
    return "\r\n".join([f"POST {PATH} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *lines])


CHUNKED = "Transfer-Encoding: chunked"
PIECE = b"5\r\nabcde\r\n0\r\n\r\n"
SMUGGLED = [
    Odd("length and chunks", post("Content-Length: 5", CHUNKED), PIECE + BEHIND),
    Odd("chunks and length", post(CHUNKED, "Content-Length: 5"), PIECE + BEHIND),
    Odd("two lengths", post("Content-Length: 5", "Content-Length: 50"), b"abcde" + BEHIND),
    Odd("two equal lengths", post("Content-Length: 5", "Content-Length: 5"), b"abcde" + BEHIND),
    Odd("a list of lengths", post("Content-Length: 5, 5"), b"abcde" + BEHIND),
    Odd("a signed length", post("Content-Length: +5"), b"abcde" + BEHIND),
    Odd("a negative length", post("Content-Length: -1"), BEHIND),
    Odd("a length in hexadecimal", post("Content-Length: 0x5"), b"abcde" + BEHIND),
    Odd("a length with an underscore", post("Content-Length: 1_0"), b"abcdeabcde" + BEHIND),
    Odd("a length in other digits", post("Content-Length: \u0665"), b"abcde" + BEHIND),
    Odd("chunked twice", post(CHUNKED, CHUNKED), PIECE + BEHIND),
    Odd("chunked, then identity", post("Transfer-Encoding: chunked, identity"), PIECE + BEHIND),
    Odd("nearly chunked", post("Transfer-Encoding: xchunked"), PIECE + BEHIND),
    Odd("chunked after a tab", post("Transfer-Encoding:\x0bchunked"), PIECE + BEHIND),
    Odd("a space before the colon", post("Transfer-Encoding : chunked"), PIECE + BEHIND),
    Odd("a folded header", post("Transfer-Encoding:\r\n chunked"), PIECE + BEHIND),
    Odd("a header that begins with a space", post(" X: y", "Content-Length: 0"), BEHIND),
    Odd("a header without a name", post(": x", "Content-Length: 0"), BEHIND),
    Odd("a header without a colon", post("nothing", "Content-Length: 0"), BEHIND),
    Odd("a zero byte in a header", post("X: a\x00b", "Content-Length: 0"), BEHIND),
    Odd("a lone line feed in a header", post("X: a\nTransfer-Encoding: chunked"), PIECE + BEHIND),
    Odd("a lone carriage return in a header", post("X: a\rTransfer-Encoding: chunked"), PIECE + BEHIND),
    Odd("a secret with a space before its colon", post(f"Authorization : {SECRET}"), BEHIND),
    Odd("a folded secret", post(f"Authorization:\r\n {SECRET}"), BEHIND),
    Odd("an unknown version", f"POST {PATH} HTTP/9.9\r\nHost: localhost", BEHIND),
    Odd("no version", f"POST {PATH}", BEHIND),
    Odd("a method in lower case", f"post {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0", BEHIND),
    Odd("a secret as the method", f"{SECRET.replace(' ', '_')}( {PATH} HTTP/1.1\r\nHost: localhost", BEHIND),
    Odd("an expectation of its own", post("Expect: 200-ok", "Content-Length: 0"), BEHIND),
    Odd("101 headers", post(*[f"X-{n}: y" for n in range(101)], "Content-Length: 0"), BEHIND),
    Odd("a header of 9 kB", post("X: " + "y" * 9000, "Content-Length: 0"), BEHIND),
    Odd("a path of 5 kB", f"POST /{'x' * 5000} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0", BEHIND),
    Odd("headers without an end", post("X: " + "y" * 70_000), b""),
]


@contextmanager
def connected(where: Served, timeout: float = 20) -> Iterator[socket.socket]:
    parts = urlsplit(where.base)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=timeout) as sock:
        yield sock


def answers(sock: socket.socket) -> bytes:
    """All that comes until the other end closes, or a little after what came last."""
    found = bytearray()
    try:
        while piece := sock.recv(65_536):
            found += piece
    except (TimeoutError, ConnectionResetError):
        pass
    return bytes(found)


def exchange(where: Served, sent: bytes, timeout: float = 20) -> bytes:
    with connected(where, timeout) as sock:
        with suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(sent)
        return answers(sock)


def test_a_body_that_is_announced_without_an_end_is_not_waited_for(jwt_service: Served) -> None:
    found = exchange(jwt_service, post("Content-Length: " + "9" * 30).encode() + b"\r\n\r\n" + BEHIND)
    assert (found.count(b"HTTP/1.1 "), status_of(found)) == (1, 401)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("odd", SMUGGLED, ids=[odd.name for odd in SMUGGLED])
def test_a_request_that_can_be_read_in_two_ways_is_refused_and_nothing_behind_it_is_read(
    jwt_service: Served, odd: Odd
) -> None:
    found = exchange(jwt_service, odd.head.encode() + b"\r\n\r\n" + odd.body)
    assert found.count(b"HTTP/1.1 ") == 1, found
    assert status_of(found) in (400, 414, 417, 431, 501), found
    assert b"canary" not in found


BAD_CHUNKS = [
    b"0x5\r\nabcde\r\n0\r\n\r\n",
    b"+5\r\nabcde\r\n0\r\n\r\n",
    b"-5\r\nabcde\r\n0\r\n\r\n",
    b"5 \r\nabcde\r\n0\r\n\r\n",
    b"5\nabcde\n0\n\n",
    b"5\r\nabcdefgh\r\n0\r\n\r\n",
    b"5\r\nabcde0\r\n\r\n",
    b"g\r\nabcde\r\n0\r\n\r\n",
    b"\r\nabcde\r\n0\r\n\r\n",
    b"5;x=\ny\r\nabcde\r\n0\r\n\r\n",
    b"5\r\nabcde\r\n0\r\nContent-Length : 5\r\n\r\n",
]


@pytest.mark.parametrize("chunks", BAD_CHUNKS)
def test_a_body_in_bad_chunks_is_refused_and_ends_the_connection(jwt_service: Served, chunks: bytes) -> None:
    head = post(CHUNKED, f"Authorization: Bearer {Ehr().token()}").encode()
    found = exchange(jwt_service, head + b"\r\n\r\n" + chunks + BEHIND, timeout=3)
    assert found.count(b"HTTP/1.1 ") == 1, found
    assert status_of(found) == 400


@pytest.mark.parametrize(
    "lines",
    [
        ("SCRIPT_NAME: /elsewhere",),
        ("PATH_INFO: /livez",),
        ("X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http", "X-Forwarded-Prefix: /evil"),
        ("Forwarded: host=evil.example;proto=http",),
        ("X-Original-URL: /livez", "X-Rewrite-URL: /livez"),
        ("X-HTTP-Method-Override: GET",),
    ],
)
def test_where_a_request_came_from_and_goes_is_not_a_headers_to_say(
    jwt_service: Served, lines: tuple[str, ...]
) -> None:
    """Without a token the hook stays closed; with one it opens: its address is the configured one."""
    length = f"Content-Length: {len(BODY)}"
    without = post(*lines, length, "Connection: close").encode() + b"\r\n\r\n" + BODY
    assert status_of(exchange(jwt_service, without)) == 401
    token = f"Authorization: Bearer {Ehr().token()}"
    within = post(*lines, token, length, "Connection: close").encode() + b"\r\n\r\n" + BODY
    assert status_of(exchange(jwt_service, within)) == 400  # let in: the body is no whole call


def tokens() -> list[tuple[str, list[str]]]:
    good = f"Authorization: Bearer {Ehr().token()}"
    return [
        ("two headers, the first good", [good, "Authorization: Bearer x"]),
        ("two headers, the second good", ["Authorization: Bearer x", good]),
        ("the same header twice", [good, good]),
        ("an underscore in the name", [good.replace("Authorization", "Authorization_")]),
        ("another header", [good.replace("Authorization", "X-Authorization")]),
        ("another scheme", [good.replace("Bearer", "Basic")]),
        ("no scheme", [good.replace("Bearer ", "")]),
        ("two spaces", [good.replace("Bearer ", "Bearer  ")]),
        ("a tab", [good.replace("Bearer ", "Bearer\t")]),
        ("something behind it", [good + " x"]),
        ("a comma behind it", [good + ","]),
        ("quoted", [good.replace("Bearer ", 'Bearer "') + '"']),
        ("in a cookie", [good.replace("Authorization: Bearer ", "Cookie: access_token=")]),
    ]


@pytest.mark.parametrize("number", range(len(tokens())), ids=[name for name, _ in tokens()])
def test_a_good_token_in_the_wrong_place_opens_nothing(jwt_service: Served, number: int) -> None:
    lines = tokens()[number][1]
    sent = post(*lines, f"Content-Length: {len(BODY)}", "Connection: close").encode() + b"\r\n\r\n" + BODY
    assert status_of(exchange(jwt_service, sent)) == 401


@pytest.mark.parametrize("where", ["query", "form", "body"])
def test_a_token_in_the_address_or_in_the_body_opens_nothing(jwt_service: Served, where: str) -> None:
    token = Ehr().token()
    path = f"{PATH}?access_token={token}" if where == "query" else PATH
    body = {"query": "{}", "form": f"access_token={token}", "body": f'{{"access_token": "{token}"}}'}[where]
    kind = "application/x-www-form-urlencoded" if where == "form" else "application/json"
    parts = urlsplit(jwt_service.base)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    connection.request("POST", path, body, {"Content-Type": kind})
    assert connection.getresponse().status == 401
    connection.close()


CROWD = 2 * THREADS
"""More connections than the worker has threads."""
SLOW = {
    "say nothing": b"",
    "begin a request line": b"POST /cds",
    "never end their headers": post("X: y").encode() + b"\r\n",
    "announce a body and send a byte of it": post("Content-Length: 100000").encode() + b"\r\n\r\n{",
    "announce chunks and send none": post(CHUNKED).encode() + b"\r\n\r\n",
    "ask beforehand whether they may send": post("Content-Length: 9", "Expect: 100-continue").encode()
    + b"\r\n\r\n",
    "never close after the answer": b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "never close after a refusal": b"nonsense\r\n\r\n",
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_clients_that_take_their_time_do_not_make_others_wait(jwt_service: Served, sent: bytes) -> None:
    """Twice as many as there are threads: a ward's call is answered all the same."""
    with ExitStack() as held:
        for _ in range(CROWD):
            held.enter_context(connected(jwt_service)).sendall(sent)
        time.sleep(0.5)
        began = time.monotonic()
        asked = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        assert status_of(exchange(jwt_service, asked)) == 200
        assert time.monotonic() - began < 4


def test_a_request_that_comes_in_single_bytes_ends_with_its_time(jwt_service: Served) -> None:
    """A timeout that each byte renews would never come."""
    with connected(jwt_service, timeout=1) as sock:
        began = time.monotonic()
        closed = False
        while not closed and time.monotonic() - began < 30:
            try:
                sock.sendall(b"x")
                time.sleep(0.2)
                sock.settimeout(0.01)
                closed = sock.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                closed = True
        assert 5 < time.monotonic() - began < 25


def test_honest_clients_may_send_in_pieces_and_keep_their_connection(jwt_service: Served) -> None:
    request = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connected(jwt_service) as sock:
        for _ in range(3):
            for at in range(0, len(request), 7):
                sock.sendall(request[at : at + 7])
                time.sleep(0.01)
            assert b"200 OK" in sock.recv(65_536)


def test_two_requests_at_once_get_two_answers(jwt_service: Served) -> None:
    last = BEHIND.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert exchange(jwt_service, BEHIND + last).count(b"HTTP/1.1 200 OK") == 2


def test_no_secret_of_a_refused_request_is_in_the_log(jwt_service: Served) -> None:
    for head in (f"X : {SECRET}", f"Authorization : {SECRET}", f"{SECRET}"):
        exchange(jwt_service, post(head).encode() + b"\r\n\r\n", timeout=2)
    exchange(jwt_service, f"GET {SECRET.replace(' ', '')}\x01 HTTP/1.1\r\n\r\n".encode(), timeout=2)
    assert "not-http" in jwt_service.said()
    assert "canary" not in jwt_service.said()


def workers_of(where: Served) -> list[int]:
    master = where.process.pid
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def test_more_connections_than_there_may_be_files_end_no_worker_and_no_call() -> None:
    with served() as service:
        before = workers_of(service)
        for pid in before:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (64, 64))
        with connected(service) as under_way:
            under_way.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n")
            with ExitStack() as crowd:
                for _ in range(100):
                    crowd.enter_context(connected(service))
                time.sleep(0.5)
                under_way.sendall(b"Connection: close\r\n\r\n")
                assert b"200 OK" in answers(under_way)
        with connected(service) as later:
            later.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert b"200 OK" in answers(later)
        assert workers_of(service) == before
        assert service.stop().count("connections-wait") == 1


def test_as_many_files_are_open_as_the_system_lets_it() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard - 1, hard))  # of the tests too, which have many open
    try:
        with served() as service:
            limits = [
                resource.prlimit(pid, resource.RLIMIT_NOFILE)
                for pid in (service.process.pid, *workers_of(service))
            ]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert set(limits) == {(hard, hard)}
