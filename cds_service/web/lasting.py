"""Answers that stay the same while the service runs: discovery and schemas, with an ETag."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from flask import Response, request


def lasting(body: str, content_type: str) -> Response:
    """200 with the body, or 304 where the caller has it already."""
    answer = Response(body, content_type=content_type)
    # Weak: packed and plain are the same document in different bytes.
    answer.set_etag(_digest(body), weak=True)
    answer.headers["Cache-Control"] = "no-cache"  # keep it, but ask whether it still holds
    answer.headers["Vary"] = "Accept-Encoding"
    answer.make_conditional(request)
    return answer


@lru_cache(maxsize=64)
def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:32]
