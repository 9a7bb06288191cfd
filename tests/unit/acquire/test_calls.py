"""What a server's Retry-After means."""

from __future__ import annotations

import pytest

from cds_service.acquire.calls import retry_after

DATE = "Fri, 20 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("0", 0),
        (" 7 ", 7),
        ("1.5", 1),
        ("999999", 3600),
        ("-3", None),
        ("soon", None),
        ("", None),
        ("1" * 5000, None),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0),
        ("Sat, 20 Nov 2027 12:00:00 GMT", 3600),
        ("Fri, 99 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_retry_after(text: str | None, seconds: int | None) -> None:
    headers = {"Date": DATE} | ({} if text is None else {"Retry-After": text})
    assert retry_after(headers.get) == seconds


@pytest.mark.parametrize("date", [None, "now", "Fri, 20 Nov 2026 12:00:00"])
def test_a_date_to_wait_for_means_nothing_without_the_servers_own_clock(date: str | None) -> None:
    headers = {"Retry-After": "Fri, 20 Nov 2026 12:00:30 GMT"} | ({"Date": date} if date else {})
    assert retry_after(headers.get) is None
