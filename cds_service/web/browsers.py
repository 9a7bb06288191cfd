"""What browsers need, and what they must not be used for: CORS, and calls by a name that is not ours."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from flask import Flask, Response, request

from cds_service.errors import BadRequest
from cds_service.settings import Settings, is_loopback

SENT = "authorization, content-type, content-encoding, if-none-match"
"""Headers that a page may send; without Authorization no CDS client could call."""
READ = "ETag, Retry-After, X-Request-Id"
"""Headers that a page may read."""
CAREFUL = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""On every answer: none is a page, none is kept, and none is shown inside another."""
MAX_AGE_S = "600"


def register(app: Flask, settings: Settings) -> None:
    """The rules for browsers, on every answer: also on refusals, or a page could not read them."""
    if settings.auth == "none":
        app.before_request(_refuse_foreign_names)
    if settings.cors_origins:
        allowed = frozenset(settings.cors_origins)
        app.after_request(lambda answer: _share(answer, allowed))


def _refuse_foreign_names() -> None:
    """Without tokens this machine's own names are all that protects: a page can make its own point here."""
    if not _is_ours(request.environ.get("HTTP_HOST", "localhost")):
        raise BadRequest(
            "without client authentication this service is called as 127.0.0.1 or localhost only"
        )


@lru_cache(maxsize=64)
def _is_ours(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name is not None and is_loopback(name)


def _share(answer: Response, allowed: frozenset[str]) -> Response:
    answer.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin not in allowed:
        return answer
    answer.headers["Access-Control-Allow-Origin"] = origin
    answer.headers["Access-Control-Expose-Headers"] = READ
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        answer.headers["Access-Control-Allow-Methods"] = answer.headers.get(
            "Allow", "GET, HEAD, OPTIONS, POST"
        )
        answer.headers["Access-Control-Allow-Headers"] = SENT
        answer.headers["Access-Control-Max-Age"] = MAX_AGE_S
    return answer
