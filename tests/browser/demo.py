"""The demo as `crs-cds demo` runs it, with its store in a folder of the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from cds_service.app import the_writer
from cds_service.commands.demo import assemble, settings_of


@contextmanager
def demo(store: Path, *, allowed: bool = True, **settings: Any) -> Iterator[str]:
    """The demo on a free port; without ``allowed`` the service does not know the sandbox's FHIR server."""
    server = make_server("127.0.0.1", 0, Flask("pending"), threaded=True)
    base = f"http://127.0.0.1:{server.port}"
    fhir = f"{base}/fhir" if allowed else "http://127.0.0.1:1/fhir"
    app = assemble(settings_of(base, fhir_servers=(fhir,), smart_issuers=(fhir,), data_dir=store, **settings))
    the_writer(app).start()
    server.app = app
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield base
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        the_writer(app).stop()


def open_patient(page: Page, base: str, patient_id: str) -> None:
    """Opens a patient by address and waits until the answer and the chart are shown."""
    page.goto(f"{base}/#{patient_id}")
    wait_for_answer(page)
    expect(page.locator(".tile").first).to_be_visible()


def wait_for_answer(page: Page) -> None:
    expect(page.locator("#status")).to_contain_text("Answered", timeout=15_000)


def order(page: Page, drug: str, dose: str) -> None:
    """Writes a new order into the pad, as somebody with both hands on the keyboard does."""
    page.get_by_role("button", name="New order").click()
    expect(page.locator("[role=combobox]:focus")).to_have_count(1)
    page.keyboard.type(drug)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type(dose)


def checked(page: Page) -> None:
    """Waits until order-select has answered for the newest draft."""
    expect(page.locator(".draft").last.locator("> .status")).to_contain_text("Checked in", timeout=15_000)
