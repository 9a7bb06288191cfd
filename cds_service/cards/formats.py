"""How amounts, times and FHIR text look on a card."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal

UNITS = {
    "Cel": "°C",
    "mm[Hg]": "mmHg",
    "1": "",
    "10*9/L": "×10⁹/L",
    "ug/L": "µg/L",
    "ug/kg/min": "mcg/kg/min",
}
ESCAPES = str.maketrans({**{mark: f"\\{mark}" for mark in "\\`*_{}[]()#+!|~&"}, "<": "&lt;", ">": "&gt;"})
LINKED = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)
"""Where GitHub's Markdown makes a link of plain text. No escape keeps it from that, a word joiner does."""
MARKUP = re.compile(f"[{re.escape(''.join(map(chr, ESCAPES)))}@]|//|www", re.IGNORECASE)
TENTH = Decimal("0.1")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ID_LIMIT = 24
ID_SHOWN = 8
SECONDS = len("2026-11-25T06:07:31")


def number(value: Decimal | str) -> str:
    """A decimal without trailing zeros, at most three digits after the point (display only)."""
    amount = Decimal(value)
    if amount != amount.quantize(Decimal("0.001"), ROUND_HALF_UP):
        amount = amount.quantize(Decimal("0.001"), ROUND_HALF_UP)
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def unit(code: str) -> str:
    return UNITS.get(code, escape(code))


def amount(value: Decimal | str, code: str) -> str:
    """``39.4 °C``; a percent sign keeps its space. Temperatures to a tenth, as thermometers show them."""
    if code == "Cel":
        return f"{Decimal(value).quantize(TENTH, ROUND_HALF_UP)} {unit(code)}"
    return f"{number(value)} {unit(code)}".strip()


def charted(value: str) -> str:
    """A value as charted: tidy where it is a number, else escaped text."""
    try:
        return number(value)
    except ArithmeticError:
        return escape(value)


def escape(text: str) -> str:
    """Text from outside as plain Markdown: nothing in it is markup or a link, and it stays on one line."""
    line = " ".join(text.split())
    return LINKED.sub("\u2060", line).translate(ESCAPES) if MARKUP.search(line) else line


def plain(text: str) -> str:
    """Markdown as ``escape`` writes it, back as the text that it shows."""
    return re.sub(r"\\([\\`*_{}\[\]()#+!|~&])", r"\1", text).replace("&lt;", "<").replace("&gt;", ">")


def reference(text: str) -> str:
    """``Observation/bp-1``; of a long id the first part, enough to find it (the assessment has it whole)."""
    kind, slash, identity = text.partition("/")
    short = f"{identity[:ID_SHOWN]}…" if len(identity) > ID_LIMIT else identity
    return escape(f"{kind}{slash}{short}")


def span(delta: timedelta) -> str:
    """``25 min``, ``14 h``, ``3 d``: rounded down, so that nothing looks older than it is."""
    minutes = int(delta.total_seconds() // 60)
    if minutes < 60:
        return f"{max(minutes, 0)} min"
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if hours < 12 and rest else f"{hours} h"
    return f"{minutes // (24 * 60)} d"


def clock(time: datetime, as_of: datetime, zone: tzinfo | None) -> str:
    """``02:10``, with the date where it is not today's, in the site's zone."""
    local, today = time.astimezone(zone or UTC), as_of.astimezone(zone or UTC).date()
    clock_time = f"{local.hour:02}:{local.minute:02}"
    return clock_time if local.date() == today else f"{local.day} {MONTHS[local.month - 1]} {clock_time}"


def when(time: datetime, as_of: datetime, zone: tzinfo | None) -> str:
    """``02:10 (4 h ago)``, or ``02:10 (now)``."""
    ago = as_of - time
    passed = "now" if ago < timedelta(minutes=1) else f"{span(ago)} ago"
    return f"{clock(time, as_of, zone)} ({passed})"


def rfc3339(time: datetime) -> str:
    """UTC to the second, as the wire carries it."""
    utc = time if time.tzinfo is UTC else time.astimezone(UTC)
    return f"{utc.isoformat()[:SECONDS]}Z"
