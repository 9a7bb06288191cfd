"""What the page shows of the calls behind it."""

import json
import re
import subprocess

from playwright.sync_api import Page, expect

from tests.browser.demo import checked, open_patient, order

HOOK = "**/cds-services/crs-patient-view"


def test_the_panel_shows_what_went_over_the_wire(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    expect(page.locator("#request")).to_be_hidden()
    page.locator("#wire > summary").click()
    shown = json.loads(page.locator("#request").inner_text())
    assert shown["context"]["patientId"] == "demo-03"
    assert "cards" in json.loads(page.locator("#response").inner_text())
    expect(page.locator("#timing")).to_have_text(re.compile(r"Service \d+ ms, status 200"))
    expect(page.locator("#prefetch")).to_contain_text("Patient/demo-03")


def test_the_curl_command_gives_the_same_answer(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    page.locator("#wire > summary").click()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#copied")).to_have_text("Copied")
    command = page.evaluate("navigator.clipboard.readText()")
    ran = subprocess.run(["bash"], input=command.encode(), capture_output=True, check=True, timeout=30)
    summaries = [card["summary"] for card in json.loads(ran.stdout)["cards"]]
    assert summaries == page.locator("#cards article.card h3").all_inner_texts()


def test_letting_the_service_fetch_gives_the_same_card(page: Page, base: str) -> None:
    open_patient(page, base, "demo-02")
    summary = page.locator("article.card h3").first.inner_text()
    with page.expect_request(HOOK) as called:
        page.get_by_text("Service fetches").click()
    assert "prefetch" not in json.loads(called.value.post_data or "")
    expect(page.locator("#status")).to_contain_text("Answered 200", timeout=15_000)
    expect(page.locator("article.card h3").first).to_have_text(summary)


def test_the_curl_command_of_an_order_check_gives_the_same_answer(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    order(page, "toci", "8000")
    checked(page)
    page.locator("#wire > summary").click()
    page.get_by_role("button", name="order-select 200").first.click()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#copied")).to_have_text("Copied")
    command = page.evaluate("navigator.clipboard.readText()")
    ran = subprocess.run(["bash"], input=command.encode(), capture_output=True, check=True, timeout=30)
    summaries = [card["summary"] for card in json.loads(ran.stdout)["cards"]]
    assert summaries == page.locator(".draft-cards h3").all_inner_texts()


def test_an_earlier_call_can_be_looked_at_again(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    order(page, "toci", "560")
    checked(page)
    page.locator("#wire > summary").click()
    expect(page.locator("#calls button").first).to_contain_text("order-select 200")
    page.get_by_role("button", name="patient-view 200").click()
    assert json.loads(page.locator("#request").inner_text())["hook"] == "patient-view"
    expect(page.locator("#calls [aria-pressed=true]")).to_contain_text("patient-view")
