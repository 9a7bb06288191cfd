"""One call to a FHIR server, as JSON or as a typed error; tried twice where that may help."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import perf_counter

import msgspec

from cds_service.acquire.reasons import (
    FhirError,
    MalformedError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    RejectedError,
    ServerFaultError,
    UnreachableError,
)
from cds_service.acquire.transport import Exchange, FhirAccess, Reply, Transport

_PAUSE = 0.1
"""Seconds before the second try where the server names none."""
_LONGEST_WAIT = 3600
_DELAY = re.compile(r"\s*(\d{1,9})(?:\.\d+)?\s*")

_MARK = b"\xef\xbb\xbf"
_STATUSES = frozenset(status.value for status in HTTPStatus)
_NO_JSON = "the answer of the FHIR server is not JSON"
_TRUNCATED = "truncated"
"""How msgspec says that JSON ends too early."""

_decoder = msgspec.json.Decoder(float_hook=Decimal)


Tell = Callable[[str, str, float], None]
"""Is told of a request: its resource type, its status or why there was none, its seconds; never for whom."""


def unheard(_resource_type: str, _outcome: str, _seconds: float) -> None:
    """Where nobody counts."""


@dataclass(frozen=True, slots=True)
class Call:
    """What to ask: an address, and a form for a search by POST."""

    url: str
    form: str | None = None


class Caller:
    """Makes the calls of one query, within its time and its bytes."""

    def __init__(
        self,
        transport: Transport,
        exchange: Exchange,
        access: FhirAccess,
        byte_limit: int,
        tell: Callable[[str, float], None],
    ) -> None:
        self._tell = tell
        self._transport = transport
        self._exchange = exchange
        self._access = access
        self._bytes_left = byte_limit

    def ask(self, call: Call) -> object:
        """The decoded answer, numbers as Decimal or int.

        Every call here reads, by POST as well, so that it may be repeated: once,
        after a failed connection, 429 or 503, and if the wait fits into the time
        that is left. Raises FhirError.
        """
        try:
            return self._ask(call)
        except UnreachableError:
            return self._ask(call)
        except (RateLimitedError, ServerFaultError) as busy:
            if not self._waited(busy):
                raise
            return self._ask(call)

    def _waited(self, busy: RateLimitedError | ServerFaultError) -> bool:
        if isinstance(busy, ServerFaultError) and not busy.is_passing:
            return False
        pause = _PAUSE if busy.retry_after is None else busy.retry_after
        if pause >= self._exchange.remaining():
            return False
        self._exchange.pause(pause)
        return True

    def _ask(self, call: Call) -> object:
        reply = self._send(call)
        self._bytes_left -= len(reply.body)
        if reply.status != 200:
            raise _refusal(reply)
        try:
            return _decoded(reply.body)
        except msgspec.DecodeError as error:
            if reply.is_measured or _TRUNCATED not in str(error):
                raise MalformedError(_NO_JSON) from error
            # Cut in the head, before the length was told, or in a body of untold length.
            raise UnreachableError("the connection to the FHIR server ended within the answer") from error

    def _send(self, call: Call) -> Reply:
        began = perf_counter()
        try:
            reply = self._transport.send(self._exchange, self._access, call.url, self._bytes_left, call.form)
        except FhirError as error:
            self._tell(str(error.reason), perf_counter() - began)
            raise
        status = reply.status if reply.status in _STATUSES else "other"
        self._tell(str(status), perf_counter() - began)
        return reply


def _decoded(body: bytes | bytearray) -> object:
    """Raises MalformedError, and msgspec's own DecodeError where the syntax is wrong."""
    try:
        return _decoder.decode(body[len(_MARK) :] if body.startswith(_MARK) else body)
    except (UnicodeDecodeError, InvalidOperation, RecursionError) as error:
        raise MalformedError(_NO_JSON) from error


def _refusal(reply: Reply) -> FhirError:
    status = reply.status
    detail = f"the FHIR server answered {status}"
    if status == 429:
        return RateLimitedError(detail, retry_after=retry_after(reply.headers.get))
    if status >= 500 or status == 408:
        wait = retry_after(reply.headers.get)
        return ServerFaultError(detail, retry_after=wait, is_passing=status == 503)
    if status in {401, 403}:
        return RefusedError(detail)
    if status in {404, 410}:
        return NotFoundError(detail)
    if status >= 400:
        return RejectedError(detail, status, reply.body)
    return MalformedError(f"{detail}, which is no answer to a read")


def retry_after(header: Callable[[str], str | None]) -> int | None:
    """Seconds that a server asks to wait: a number, or a date counted from its own Date."""
    text = header("Retry-After")
    if text is None:
        return None
    number = _DELAY.fullmatch(text)
    if number is not None:
        return min(int(number[1]), _LONGEST_WAIT)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(header("Date") or "")
    except (ValueError, TypeError):
        return None
    return max(0, min(int(wait.total_seconds()), _LONGEST_WAIT))
