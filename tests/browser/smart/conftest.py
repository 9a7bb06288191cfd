"""A browser, and pages of it that are watched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.smart.fake_ehr import FakeEhr
from tests.browser.smart.service import Watched, serving
from tests.browser.smart.stay import long_stay

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as made:
        yield made


@pytest.fixture
def watched(context: BrowserContext) -> Watched:
    return Watched(context)


@pytest.fixture
def ehr() -> Iterator[FakeEhr]:
    """An EHR with one stay of five days."""
    with FakeEhr(long_stay(datetime.now(UTC), per_hour=1)) as server:
        yield server


@pytest.fixture
def base(ehr: FakeEhr) -> Iterator[str]:
    """The service, registered at that EHR as a public client."""
    with serving(ehr.base) as address:
        yield address


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """The service with its sandbox."""
    with serving(with_sandbox=True) as address:
        yield address
