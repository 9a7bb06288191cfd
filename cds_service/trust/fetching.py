"""One GET of a key set: to the configured address alone, over TLS, in bounded time and size."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from time import monotonic
from urllib.parse import urlsplit

import certifi
from urllib3.exceptions import HTTPError

from cds_service.trust.addresses import AddressRule, Guarded, GuardedTls

SECONDS = 3.0
MOST_BYTES = 256 * 1024


class NotFetched(OSError):
    """Nothing usable came from the address."""


def fetch(url: str, rule: AddressRule, ca_file: str | None = None, seconds: float = SECONDS) -> bytes:
    """The body of a 200 answer. Follows no redirect and uses no proxy. Raises NotFetched."""
    connection = _connection(url, rule, ca_file, seconds)
    # Timeouts are renewed by every byte: only an end to the socket stops a server that drips.
    end = threading.Timer(seconds, _shut, (connection,))
    end.daemon = True
    end.start()
    try:
        return _body(connection, _target(url), monotonic() + seconds)
    except (OSError, HTTPError, ValueError) as error:
        raise NotFetched(type(error).__name__) from error
    finally:
        end.cancel()
        connection.close()


def _connection(url: str, rule: AddressRule, ca_file: str | None, seconds: float) -> Guarded:
    parts = urlsplit(url)
    host = parts.hostname or ""
    made: Guarded
    if parts.scheme == "http":
        made = Guarded(host, parts.port or 80, timeout=seconds)
    else:
        context = ssl.create_default_context(cafile=ca_file or certifi.where())
        made = GuardedTls(host, parts.port or 443, timeout=seconds, ssl_context=context)
    made.address_rule = rule
    return made


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _body(connection: Guarded, path: str, limit: float) -> bytes:
    headers = {"Accept": "application/json, application/jwk-set+json", "User-Agent": "crs-cds"}
    connection.request("GET", path, headers=headers, preload_content=False, decode_content=False)
    answer = connection.getresponse()
    if answer.status != 200:
        raise ValueError("not answered with 200")
    body = bytearray()
    while chunk := answer.read1(65_536, decode_content=False):
        body += chunk
        if len(body) > MOST_BYTES or monotonic() > limit:
            raise ValueError("too large or too slow")
    if monotonic() > limit:  # ended by our own hand
        raise ValueError("too slow")
    return bytes(body)


def _shut(connection: Guarded) -> None:
    if connection.sock is not None:
        with suppress(OSError):
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
