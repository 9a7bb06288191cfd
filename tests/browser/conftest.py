"""One demo and one browser for all tests here; the ward begins anew for each test."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests.browser.demo import demo

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
BREACHES = (
    "document.addEventListener('securitypolicyviolation', (e) => console.error(`CSP ${e.blockedURI}`));"
)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the demo writes its records to."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def served(store: Path) -> Iterator[str]:
    with demo(store) as address:
        yield address


@pytest.fixture
def base(served: str) -> str:
    """The address of the demo, with the ward as it was in the beginning."""
    reset = urllib.request.Request(
        f"{served}/ehr/ward/reset", data=b"{}", headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(reset, timeout=30):
        return served


@pytest.fixture(scope="module")
def browser(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    downloads = tmp_path_factory.mktemp("chromium")
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=FLAGS, downloads_path=downloads)
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser, base: str) -> Iterator[BrowserContext]:
    """A fresh profile that may use the clipboard."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as made:
        made.grant_permissions(["clipboard-read", "clipboard-write"], origin=base)
        made.add_init_script(BREACHES)
        yield made


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that raises no error, breaks no policy, logs nothing and calls no other host."""
    complaints: list[str] = []
    hosts: set[str] = set()

    def heard(message: ConsoleMessage) -> None:
        complaints.append(f"{message.type}: {message.text}")

    def asked(request: Request) -> None:
        hosts.add(request.url.split("/")[2].split(":")[0])

    opened = context.new_page()
    opened.on("console", heard)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", asked)
    yield opened
    assert complaints == []
    assert hosts <= {"127.0.0.1"}
