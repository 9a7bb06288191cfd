"""Why something could not be had: stable codes, and the errors of the FHIR client.

The codes travel in ``Coverage.reason`` and ``Failure.reason`` up to the card.
No text here holds patient data, an address or a token.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Reason(StrEnum):
    NOT_SUPPLIED = "not-supplied"  # no prefetch key, and no FHIR server to ask
    NULL = "null"
    ERROR = "error"  # an OperationOutcome, or a request that the server rejected
    TRUNCATED = "truncated"
    TIMEOUT = "timeout"
    REFUSED = "refused"  # 401, 403
    RATE_LIMITED = "rate-limited"  # 429
    SERVER_ERROR = "server-error"  # 5xx, or no usable connection
    MALFORMED = "malformed"
    WRONG_PATIENT = "wrong-patient"
    TOO_LARGE = "too-large"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one prefetch key is not wholly known.

    ``transient``: the same call may succeed later (503 with Retry-After);
    otherwise the data cannot be had (412). ``retry_after`` is in seconds where
    the FHIR server named a time. ``detail`` is a sentence safe for the outside.
    """

    reason: Reason
    transient: bool = False
    retry_after: int | None = None
    detail: str = ""


class FhirError(Exception):
    """A FHIR request that gave nothing usable."""

    reason: ClassVar[Reason] = Reason.ERROR
    transient: ClassVar[bool] = False

    def __init__(self, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after

    def failure(self) -> Failure:
        return Failure(self.reason, self.transient, self.retry_after, self.detail)


class FhirTimeoutError(FhirError):
    reason = Reason.TIMEOUT
    transient = True


class RefusedError(FhirError):
    """401 or 403: the token does not open this."""

    reason = Reason.REFUSED


class RateLimitedError(FhirError):
    reason = Reason.RATE_LIMITED
    transient = True


class ServerFaultError(FhirError):
    """A 5xx answer; ``is_passing`` where the server says that it is only busy (503)."""

    reason = Reason.SERVER_ERROR
    transient = True

    def __init__(self, detail: str, *, retry_after: int | None = None, is_passing: bool = False) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.is_passing = is_passing


class UnreachableError(FhirError):
    """No connection, one that was reset, or a body that was cut."""

    reason = Reason.SERVER_ERROR
    transient = True


class MalformedError(FhirError):
    """An answer that is no FHIR JSON, a redirect, or an address outside the base."""

    reason = Reason.MALFORMED


class TooLargeError(FhirError):
    reason = Reason.TOO_LARGE


class NotFoundError(FhirError):
    """404 or 410."""


class RejectedError(FhirError):
    """Another 4xx; ``body`` is kept to see which parameter was refused, never shown."""

    def __init__(self, detail: str, status: int, body: bytes | bytearray) -> None:
        super().__init__(detail)
        self.status = status
        self.body = body
