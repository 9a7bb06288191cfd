"""``/smart/launch`` and ``/smart/app``: pages without a word of a patient, and what a browser may do."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, Response, render_template, request

from cds_service.acquire.queries import Query
from cds_service.cards.wording import companion as wording
from cds_service.smart.registration import APP, ASSESSMENT, LAUNCH, TOKEN, Registration, origin_of

MOST_PAGES = 40
"""Of one search: with 500 resources each far more than a chart has."""


def add_pages(blueprint: Blueprint, registered: Registration, queries: tuple[Query, ...]) -> None:
    blueprint.add_url_rule(LAUNCH, "launch", partial(_launch, registered, queries))
    blueprint.add_url_rule(APP, "app", partial(_app, registered, queries))


def _launch(registered: Registration, queries: tuple[Query, ...]) -> Response:
    """Begins the authorization at the EHR that launches; any other is refused."""
    base = request.args.get("iss")
    if base is None and len(registered.issuers) > 1:
        return _page(registered, None, "smart/choose.html", issuers=registered.issuers, launch_path=LAUNCH)
    place = 0 if base is None else registered.place_of(base)
    if place is None:
        return _refusal(registered, wording.NOT_AN_ISSUER, 403)
    return _page(
        registered,
        place,
        "smart/launch.html",
        configuration=_configuration(registered, place, queries),
        words=wording,
    )


def _app(registered: Registration, queries: tuple[Query, ...]) -> Response:
    """The page that the EHR comes back to. Its ``state`` tells whether it was the one that asked."""
    place = _place(registered)
    if place is None:
        return _refusal(registered, wording.NOT_LAUNCHED, 400)
    return _patient_page(registered, place, queries, "smart/app.html")


def _patient_page(
    registered: Registration, place: int, queries: tuple[Query, ...], template: str
) -> Response:
    configuration = _configuration(registered, place, queries)
    return _page(registered, place, template, configuration=configuration, words=wording)


def _place(registered: Registration) -> int | None:
    """Whose answer this is: the state begins with the place of the issuer, and a reload names it."""
    named = request.args.get("issuer") or request.args.get("state", "").partition("-")[0]
    if not named:
        return 0 if len(registered.issuers) == 1 else None
    known = named.isascii() and named.isdigit() and int(named) < len(registered.issuers)
    return int(named) if known else None


def _configuration(registered: Registration, place: int, queries: tuple[Query, ...]) -> dict[str, Any]:
    """What the scripts need to know; the secret is not among it."""
    issuer = registered.issuers[place]
    return {
        "issuer": issuer,
        "place": place,
        "clientId": registered.client_id,
        "redirectUri": registered.redirect_uri,
        "launch": request.args.get("launch", ""),
        "exchange": f"{registered.public_url}{TOKEN}?issuer={place}",
        "exchangeHere": bool(registered.secret),
        "assessment": f"{registered.public_url}{ASSESSMENT}",
        "types": sorted({"Medication", *(query.resource_type for query in queries)}),
        "searches": [{"key": q.key, "type": q.resource_type, "path": q.template} for q in queries],
        "mostPages": MOST_PAGES,
        "words": wording.FOR_SCRIPTS,
    }


def _refusal(registered: Registration, words: tuple[str, str], status: int) -> Response:
    return _page(registered, None, "smart/refused.html", status, title=words[0], text=words[1])


def _page(
    registered: Registration, place: int | None, template: str, status: int = 200, **values: Any
) -> Response:
    """A page that runs our scripts alone, and speaks to us and to the one EHR alone."""
    page = Response(render_template(template, base=registered.public_url, **values), status)
    page.headers["Content-Security-Policy"] = _policy(
        registered.issuers[place] if place is not None else None
    )
    page.headers["Referrer-Policy"] = "no-referrer"  # the address may carry a code
    page.headers["Cache-Control"] = "no-store"
    return page


def _policy(issuer: str | None) -> str:
    ehr = f" {origin_of(issuer)}" if issuer else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src 'self'{ehr}",
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors 'self'{ehr}",
        )
    )
