"""The console at ``/``: a small EHR whose cards are drawn as a CDS Hooks client draws them.

The page itself does what an EHR does: it reads discovery, resolves prefetch
from /fhir and posts the hook, all from the browser over HTTP.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, g, render_template, request

from cds_service.sandbox import bedside, patients
from cds_service.settings import ORIGIN

POLICY = (
    "default-src 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
OXYGEN = {
    "room-air": "room air",
    "cannula-2": "nasal cannula, 2 L/min",
    "cannula-6": "nasal cannula, 6 L/min",
    "high-flow-40": "high-flow cannula, 40 L/min",
    "bipap": "BiPAP",
}


def create_blueprint() -> Blueprint:
    """The page at ``/`` and its scripts and styles under ``/console``."""
    console = Blueprint(
        "sandbox_console",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/console",
    )

    @console.get("/")
    def page() -> str:
        """With ``?compare=URL`` the page may call that one other service too, until it is left."""
        other = compared(request.args.get("compare", ""))
        g.connect = other[1] if other else ""
        return render_template(
            "console.html",
            scenarios=list(patients.SCENARIOS.values()),
            compare=other[0] if other else "",
            kinds=bedside.KINDS,
            oxygen=OXYGEN,
        )

    @console.after_request
    def guard(response: Response) -> Response:
        response.headers.update(HEADERS)
        response.headers["Content-Security-Policy"] = policy(g.get("connect", ""))
        return response

    return console


def policy(origin: str = "") -> str:
    """The content security policy; ``origin`` may be called besides the page's own."""
    return "; ".join([*POLICY, *([f"connect-src 'self' {origin}"] if origin else [])])


def compared(url: str) -> tuple[str, str] | None:
    """The base URL of another service and its origin, or None where the text is no such URL."""
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
    except ValueError:
        return None
    if not ORIGIN.fullmatch(origin) or parts.query or parts.fragment or not url.isascii():
        return None
    return f"{origin}{parts.path.rstrip('/')}", origin
