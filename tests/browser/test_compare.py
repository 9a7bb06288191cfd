"""The same call to another CDS service, from the browser and only where it was connected to."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.demo import open_patient
from tests.integration.serving import served as service


def connect(page: Page, base: str, address: str) -> None:
    open_patient(page, base, "demo-03")
    page.locator("#compare > summary").click()
    page.get_by_label("Base URL").fill(address)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("button", name="Compare", exact=True)).to_be_visible(timeout=15_000)
    expect(page.locator("#status")).to_contain_text("Answered", timeout=15_000)


def test_another_service_is_asked_the_same_and_shown_beside(page: Page, base: str, tmp_path: Path) -> None:
    with service(cors_origins=base, fhir_servers=f"{base}/fhir", data_dir=str(tmp_path)) as other:
        connect(page, base, other.base)
        with page.expect_request(f"{other.base}/cds-services/crs-patient-view") as called:
            page.get_by_role("button", name="Compare", exact=True).click()
        expect(page.locator("#compare-said")).to_have_text("Both say the same.", timeout=15_000)
        sent = called.value
        assert "authorization" not in sent.headers
        assert "cookie" not in sent.headers
        assert json.loads(sent.post_data or "")["context"]["patientId"] == "demo-03"
        expect(page.locator("#compare-results h3").filter(has_text="CRS grade 3")).to_have_count(2)
        page.get_by_role("button", name="Disconnect").click()
        expect(page.get_by_role("button", name="Compare", exact=True)).to_be_hidden()


def test_why_a_service_cannot_be_compared_is_said(context: BrowserContext, base: str, tmp_path: Path) -> None:
    page = context.new_page()
    with service(fhir_servers=f"{base}/fhir", data_dir=str(tmp_path)) as other:
        connect(page, base, other.base)
        page.get_by_role("button", name="Compare", exact=True).click()
        results = page.locator("#compare-results")
        expect(results).to_contain_text(f"CRS_CDS_CORS_ORIGINS={base}", timeout=15_000)
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(results).to_contain_text("Nobody answers there", timeout=15_000)
    expect(page.locator("#compare-said")).to_contain_text("cannot be compared")


def test_a_service_that_was_not_connected_is_not_called(context: BrowserContext, base: str) -> None:
    page = context.new_page()
    page.goto(base)
    blocked = page.evaluate(
        "() => fetch('http://127.0.0.1:1/cds-services').then(() => 'called', (e) => e.message)"
    )
    assert blocked == "Failed to fetch"


@pytest.mark.parametrize(
    "address", ["", "localhost:9000", "ftp://x", "http://user:pw@x", "javascript:alert(1)"]
)
def test_what_is_no_address_is_refused_in_words(page: Page, base: str, address: str) -> None:
    open_patient(page, base, "demo-03")
    page.locator("#compare > summary").click()
    page.get_by_label("Base URL").fill(address)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator("#compare-said")).to_contain_text("Write the base URL of a CDS service")
