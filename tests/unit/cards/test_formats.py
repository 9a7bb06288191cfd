"""How amounts, times and text from FHIR look on a card."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from cds_service.cards.formats import amount, charted, clock, escape, reference, rfc3339, span, when

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        ("39.40", "Cel", "39.4 °C"),
        ("39.388888", "Cel", "39.4 °C"),
        ("38", "Cel", "38.0 °C"),
        ("84.0", "mm[Hg]", "84 mmHg"),
        ("0.0500143840904", "ug/kg/min", "0.05 mcg/kg/min"),
        ("100", "%", "100 %"),
        ("1E+2", "mg", "100 mg"),
    ],
)
def test_amounts_are_shown_with_their_unit(value: str, unit: str, shown: str) -> None:
    assert amount(Decimal(value), unit) == shown


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [
        (0, "0 min"),
        (59, "59 min"),
        (60, "1 h"),
        (95, "1 h 35 min"),
        (719, "11 h 59 min"),
        (840, "14 h"),
        (2880, "2 d"),
    ],
)
def test_spans_are_never_rounded_up(minutes: int, shown: str) -> None:
    assert span(timedelta(minutes=minutes, seconds=59)) == shown


def test_times_are_in_the_sites_zone_with_a_date_where_it_is_not_today() -> None:
    assert when(NOW - timedelta(hours=4), NOW, None) == "05:00 (4 h ago)"
    assert clock(NOW - timedelta(hours=10), NOW, None) == "21 Nov 23:00"
    assert clock(NOW - timedelta(hours=10), NOW, ZoneInfo("Asia/Tokyo")) == "08:00"
    assert when(NOW, NOW, None) == "09:00 (now)"


def test_the_wire_has_utc_to_the_second() -> None:
    local = datetime(2026, 11, 22, 4, 0, 0, 1, tzinfo=ZoneInfo("America/New_York"))
    assert rfc3339(local) == "2026-11-22T09:00:00Z"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("<b>", "&lt;b&gt;"),
        ("a | b", r"a \| b"),
        ("[x](javascript:1)", r"\[x\]\(javascript:1\)"),
        ("**b**", r"\*\*b\*\*"),
        ("a\n# b", r"a \# b"),
        ("&lt;", r"\&lt;"),
        ("`x`", r"\`x\`"),
    ],
)
def test_text_from_outside_is_no_markup(hostile: str, shown: str) -> None:
    assert escape(hostile) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Observation/bp-1", "Observation/bp-1"),
        ("Observation/9fd8dc84-05f1-54be-b105-431402094642", "Observation/9fd8dc84…"),
        ("Observation/<b>", "Observation/&lt;b&gt;"),
    ],
)
def test_a_long_reference_is_shortened_for_reading(given: str, shown: str) -> None:
    assert reference(given) == shown


def test_a_charted_value_is_tidied_only_when_it_is_a_number() -> None:
    assert charted("-19.0") == "-19"
    assert charted("<x>") == "&lt;x&gt;"
