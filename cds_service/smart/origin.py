"""Whether a call comes from our own page in a browser, and from nowhere else."""

from __future__ import annotations

from flask import request

from cds_service.errors import Forbidden
from cds_service.smart.registration import Registration


def require_own_page(registered: Registration) -> None:
    """Raises Forbidden for a page of another origin, and for what does not claim to be our own.

    A program can claim anything; what it would win is the answer to data that it sent itself.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site not in (None, "same-origin") or origin != registered.origin:
        raise Forbidden("this address is for the page of this service alone")
