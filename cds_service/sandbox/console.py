"""The hook console at ``/``: a patient list and cards, drawn as a CDS Hooks client draws them.

The page itself does what an EHR does: it reads discovery, resolves prefetch
from /fhir and posts the hook, all from the browser over HTTP.
"""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from cds_service.sandbox import patients

POLICY = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
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
        return render_template("console.html", scenarios=list(patients.SCENARIOS.values()))

    @console.after_request
    def guard(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    return console
