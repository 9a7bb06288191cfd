"""Searchset Bundles in pages, whose links remember the minute that the search was made in."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from cds_service.sandbox.elements import Json, whole_minute
from cds_service.sandbox.fhir_refusal import FhirRefusalError

Query = tuple[tuple[str, str], ...]

DEFAULT_COUNT = 50
LARGEST_COUNT = 500
LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of one search: its query, the minute whose charts it reads, and where it begins."""

    kind: str
    query: Query
    order: str
    count: int
    minute: datetime
    offset: int = 0

    def token(self) -> str:
        """The page as an opaque word."""
        parts = [self.kind, self.query, self.order, self.count, self.minute.isoformat(), self.offset]
        return (
            base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")
        )


def first_page(kind: str, parameters: Query, now: datetime) -> Page:
    """The first page of a search as sent. Raises FhirRefusalError 400 for a bad ``_count``."""
    query, order, count = [], "", DEFAULT_COUNT
    for name, value in parameters:
        if name == "_sort":
            order = value
        elif name == "_count":
            count = _count(value)
        elif name == "_format":
            _check_format(value)
        else:
            query.append((name, value))
    return Page(kind, tuple(query), order, count, whole_minute(now))


def _count(value: str) -> int:
    if not value.isascii() or not value.isdigit():
        raise FhirRefusalError(400, "value", f"_count={value}: not a number")
    return min(int(value), LARGEST_COUNT)


def _check_format(value: str) -> None:
    if value not in ("json", "application/json", "application/fhir+json"):
        raise FhirRefusalError(
            406, "not-supported", f"_format={value}: this server speaks application/fhir+json"
        )


def later_page(kind: str, token: str, now: datetime) -> Page:
    """The page of a ``next`` link. Raises FhirRefusalError: 400 if it is none of ours, 410 if it expired."""
    try:
        padded = token + "=" * (-len(token) % 4)
        found, query, order, count, minute, offset = json.loads(base64.urlsafe_b64decode(padded))
        pairs = tuple((str(name), str(value)) for name, value in query)
        page = Page(
            found, pairs, str(order), int(count), datetime.fromisoformat(minute).astimezone(UTC), offset
        )
    except (ValueError, TypeError, binascii.Error):
        raise FhirRefusalError(400, "value", "_page: not a link of this server") from None
    if page.kind != kind or not isinstance(offset, int) or offset < 0 or page.count < 1:
        raise FhirRefusalError(400, "value", "_page: not a link of this server")
    if not timedelta(0) <= now - page.minute <= LIFETIME:
        raise FhirRefusalError(410, "expired", "This page has expired: run the search again")
    return page


def bundle(base: str, page: Page, found: list[Json]) -> Json:
    """The searchset Bundle of one page of ``found``; ``base`` is the server's own base URL."""
    end = page.offset + page.count
    links = [{"relation": "self", "url": _self_url(base, page)}]
    if page.count and end < len(found):
        following = Page(page.kind, page.query, page.order, page.count, page.minute, end)
        links.append({"relation": "next", "url": f"{base}/{page.kind}?_page={following.token()}"})
    result: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": links}
    if shown := found[page.offset : end]:
        result["entry"] = [
            {
                "fullUrl": f"{base}/{resource['resourceType']}/{resource['id']}",
                "resource": resource,
                "search": {"mode": "match"},
            }
            for resource in shown
        ]
    return result


def _self_url(base: str, page: Page) -> str:
    if page.offset:
        return f"{base}/{page.kind}?_page={page.token()}"
    order = [("_sort", page.order)] if page.order else []
    return f"{base}/{page.kind}?{urlencode([*page.query, *order, ('_count', str(page.count))])}"
