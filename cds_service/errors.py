"""The error tree: a stable code, an HTTP status, and a text that is safe to send out.

``text`` says what to do and never carries patient data, tokens or internals.
"""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """One more thing that is wrong with a request: what, and with which member."""

    text: str
    member: str


class ServiceError(Exception):
    """Any refusal that a caller sees as an OperationOutcome.

    ``expression`` names the parts of the request that the refusal is about;
    ``others`` is what else is wrong, so that all of it can be mended at once.
    """

    others: tuple[Fault, ...] = ()

    code = "processing"
    status = 500

    def __init__(self, text: str, expression: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.expression = expression


class BadRequest(ServiceError):
    code = "invalid"
    status = 400


class Forbidden(ServiceError):
    """Not for this caller, whatever it brings along."""

    code = "forbidden"
    status = 403


class Unauthorized(ServiceError):
    """No token that opens this. ``code`` is for logs and records; the caller gets the bare status."""

    status = 401

    def __init__(self, code: str) -> None:
        super().__init__("a token is needed that is valid for this address")
        self.code = code


class NotFound(ServiceError):
    code = "not-found"
    status = 404


class PreconditionFailed(ServiceError):
    """Data that is needed was not sent and cannot be had."""

    code = "processing"
    status = 412


class TooLarge(ServiceError):
    code = "too-long"
    status = 413


class UnsupportedMediaType(ServiceError):
    code = "not-supported"
    status = 415


class UpstreamUnavailable(ServiceError):
    """The FHIR server, the store or the keys of a client are out of reach; worth another try."""

    code = "transient"
    status = 503

    def __init__(self, text: str, expression: tuple[str, ...] = (), retry_after: int = 5) -> None:
        super().__init__(text, expression)
        self.retry_after = retry_after


class TooManyCalls(UpstreamUnavailable):
    """More calls than a client may make in a second, or have under way at once."""

    code = "throttled"
    status = 429


class ConfigurationError(Exception):
    """A setting, table or overlay that stops the start; the message names file and key."""
