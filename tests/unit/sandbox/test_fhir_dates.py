"""Dates at the ends of the calendar: a range as far as it goes, never a failure."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from cds_service.sandbox.fhir_dates import FOREVER, NEVER, parse_range

ENDS = [
    "9999", "9999-12", "9999-12-31", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z",
    "9999-12-31T23:59:59-12:00", "0001", "0001-01", "0001-01-01", "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
]  # fmt: skip


@pytest.mark.parametrize("text", ENDS)
def test_the_range_of_a_date_at_an_end_of_the_calendar(text: str) -> None:
    found = parse_range(text)
    assert NEVER <= found.low <= found.high <= FOREVER


@pytest.mark.parametrize("text", ENDS)
@pytest.mark.parametrize("prefix", ["", "ge", "lt"])
def test_a_search_by_such_a_date_is_answered(client: FlaskClient, text: str, prefix: str) -> None:
    date = f"{prefix}{text}".replace("+", "%2B")
    answer = client.get(f"/fhir/Observation?patient=demo-03&date={date}&_count=1")
    assert answer.status_code == 200, answer.text
