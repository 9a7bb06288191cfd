"""Why a call was not let in: stable codes, for logs, records and metrics; the caller is told none of them."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    NO_TOKEN = "no-token"  # noqa: S105  (a code, no secret)
    MALFORMED = "malformed-token"
    TYPE = "wrong-type"
    ALGORITHM = "wrong-algorithm"
    KEY_IN_TOKEN = "key-in-token"  # noqa: S105  (the same)
    CRITICAL = "critical-header"
    ISSUER = "unknown-issuer"
    JKU = "foreign-jku"
    AUDIENCE = "wrong-audience"
    TIMES = "no-valid-times"
    LIFE = "too-long-a-life"
    EXPIRED = "expired"
    NOT_YET = "not-yet-valid"
    JTI = "no-jti"
    TENANT = "wrong-tenant"
    KEY = "unknown-key"
    SIGNATURE = "bad-signature"
    REPLAYED = "replayed"


class Refused(Exception):
    """A token that does not open anything. ``issuer``: of the configured client that it claims to be of."""

    def __init__(self, reason: Reason, issuer: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.issuer = issuer


class CannotTell(Exception):
    """Whether a token is good cannot be told now: its keys, or the record of used tokens, are out of reach.

    ``what`` is a stable code for logs; ``retry_after`` is in seconds.
    """

    def __init__(self, what: str, retry_after: int = 5) -> None:
        super().__init__(what)
        self.what = what
        self.retry_after = retry_after
