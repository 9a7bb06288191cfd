"""The service with its SMART page, against the sandbox or a fake EHR; what a page must not do on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from cds_service import sandbox
from cds_service.app import create_app
from cds_service.settings import load_settings
from tests.browser.serving import on_a_free_port
from tests.browser.smart.fake_ehr import FakeEhr

WAIT_MS = 15_000


@contextmanager
def serving(*issuers: str, with_sandbox: bool = False, **settings: Any) -> Iterator[str]:
    """The service on a free port, its page registered at these issuers (the sandbox beside them)."""

    def make(base: str) -> Flask:
        own = (f"{base}/fhir",) if with_sandbox else ()
        app = create_app(
            load_settings(
                auth="none", fhir_servers=own, public_url=base, smart_issuers=(*own, *issuers), **settings
            )
        )
        if with_sandbox:
            sandbox.register(app)
        return app

    with on_a_free_port(make) as base:
        yield base


class Watched:
    """A page that notes what its console, its errors and its security policy complain about."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.add_init_script(
            "addEventListener('securitypolicyviolation', (event) =>"
            " console.error(`violated ${event.violatedDirective}: ${event.blockedURI}`))"
        )
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def launch(self, base: str, ehr: FakeEhr, launch: str = "launch-1") -> None:
        """As the EHR opens the page; returns when it shows the course, or why not."""
        self.page.goto(f"{base}/smart/launch?iss={ehr.base}&launch={launch}")
        self.settle()

    def settle(self) -> None:
        expect(self.page.locator("body[data-state=shown], .trouble").first).to_be_visible(timeout=WAIT_MS)

    def trouble(self) -> str:
        return self.page.locator(".trouble").inner_text()

    def table(self, lane: str) -> list[list[str]]:
        """The rows of a lane's table; opens it."""
        details = self.page.locator(f"#table-{lane}")
        if details.get_attribute("open") is None:
            details.locator("summary").click()
        expect(details.locator("table")).to_be_visible()
        script = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        found: list[list[str]] = details.locator("tbody tr").evaluate_all(script)
        return found
