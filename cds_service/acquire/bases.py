"""Whether an address is a FHIR base, or lies inside one.

A bearer token is sent wherever this module says "inside", so addresses are
compared part by part, and any that two programs could read differently
(userinfo, dot segments, encoded separators, control characters) are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(r"[!-~]+")
_AMBIGUOUS_IN_PATH = re.compile(r"%(?:2f|5c|00|25|3b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Address:
    scheme: str
    host: str
    port: int
    segments: tuple[str, ...]


def same_base(a: str, b: str) -> bool:
    """Whether two texts name the same FHIR base.

    Scheme, host, port (with defaults) and path without trailing slash must
    agree. An address with userinfo, query or fragment is never the same.
    """
    first, second = _base(a), _base(b)
    return first is not None and first == second


def is_inside(url: str, base: str) -> bool:
    """Whether an absolute URL lies at or below a FHIR base; its query is free."""
    inner, outer = _address(url), _base(base)
    if inner is None or outer is None:
        return False
    same_origin = (inner.scheme, inner.host, inner.port) == (outer.scheme, outer.host, outer.port)
    return same_origin and inner.segments[: len(outer.segments)] == outer.segments


def next_address(link: str, page_url: str, base: str) -> str | None:
    """The absolute address of a ``next`` link, or None where it leaves the base."""
    if not _PLAIN.fullmatch(link) or "\\" in link:
        return None
    try:
        url = urljoin(page_url, link)
    except ValueError:
        return None
    # urljoin resolves "..", so what was written must be looked at as well.
    written = link.partition("?")[0]
    return url if not _has_dots(written.split("/")) and is_inside(url, base) else None


def _base(text: str) -> _Address | None:
    address = _address(text)
    return None if address is None or "?" in text or "#" in text else address


def _address(text: str) -> _Address | None:
    if not _PLAIN.fullmatch(text) or "\\" in text:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if not _is_plain_http(parts) or port == 0:
        return None
    segments = _segments(parts.path)
    if segments is None:
        return None
    return _Address(parts.scheme, parts.hostname or "", port or _DEFAULT_PORTS[parts.scheme], segments)


def _is_plain_http(parts: SplitResult) -> bool:
    return (
        parts.scheme in _DEFAULT_PORTS
        and bool(parts.hostname)
        and "%" not in parts.netloc
        and "@" not in parts.netloc
        and not parts.fragment
    )


def _segments(path: str) -> tuple[str, ...] | None:
    """The parts of a path, unescaped; None where it could be read in two ways."""
    if _AMBIGUOUS_IN_PATH.search(path):
        return None
    trimmed = path.removeprefix("/").removesuffix("/")
    segments = tuple(unquote(part) for part in trimmed.split("/")) if trimmed else ()
    return None if _has_dots(segments) else segments


def _has_dots(segments: list[str] | tuple[str, ...]) -> bool:
    # "..;x" is a dot segment to servers that cut path parameters off.
    return any(unquote(part).partition(";")[0] in {".", ".."} for part in segments)
