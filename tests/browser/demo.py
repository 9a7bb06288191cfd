"""The demo as `crs-cds demo` runs it, with its store in a folder of the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Page, expect

from cds_service.commands.demo import assemble, settings_of
from tests.browser.serving import on_a_free_port


@contextmanager
def demo(store: Path, *, allowed: bool = True, **settings: Any) -> Iterator[str]:
    """The demo on a free port; without ``allowed`` the service does not know the sandbox's FHIR server."""

    def make(base: str) -> Flask:
        fhir = f"{base}/fhir" if allowed else "http://127.0.0.1:1/fhir"
        return assemble(
            settings_of(base, fhir_servers=(fhir,), smart_issuers=(fhir,), data_dir=store, **settings)
        )

    with on_a_free_port(make) as base:
        yield base


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
