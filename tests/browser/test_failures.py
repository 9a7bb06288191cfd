"""What fails is shown, and is never taken for "no CRS" or "nothing against this order"."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.demo import checked, demo, open_patient, order

OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "diagnostics": "vitals are not there"}],
}


def test_a_refusal_is_shown_with_its_reason(browser: Browser, tmp_path: Path) -> None:
    with demo(tmp_path, allowed=False) as base, browser.new_context() as context:
        page = context.new_page()
        open_patient(page, base, "demo-03")
        error = page.locator(".card.error")
        expect(error).to_contain_text("Error 400")
        expect(error).to_contain_text("fhirServer is not a FHIR server this service may call")
        expect(page.locator("#cards")).not_to_contain_text("No card")


def test_a_service_that_is_gone_is_not_taken_for_no_card(browser: Browser, tmp_path: Path) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        with demo(tmp_path) as base:
            open_patient(page, base, "demo-00")
        page.get_by_role("button", name="Call again").click()
        expect(page.locator(".card.error")).to_contain_text("Is the service running?")
        expect(page.locator("#cards")).not_to_contain_text("No card")


def refuse(page: Page, hook: str) -> None:
    """From now on the service refuses a hook, as it does where data cannot be had."""

    def answer(route: Route) -> None:
        route.fulfill(status=412, content_type="application/fhir+json", body=json.dumps(OUTCOME))

    page.route(f"**/cds-services/{hook}", answer)


def test_an_order_that_could_not_be_checked_says_so(context: BrowserContext, base: str) -> None:
    page = context.new_page()
    open_patient(page, base, "demo-03")
    refuse(page, "crs-order-select")
    order(page, "toci", "8000")
    draft = page.locator(".draft")
    expect(draft.locator("> .status")).to_have_text("Not checked.", timeout=15_000)
    expect(draft.get_by_role("alert").filter(has_text="Error 412")).to_contain_text("vitals are not there")
    expect(draft).to_contain_text("nothing was graded or checked")
    expect(draft).not_to_contain_text("nothing to say")


def test_orders_are_not_signed_over_a_check_that_failed(context: BrowserContext, base: str) -> None:
    page = context.new_page()
    open_patient(page, base, "demo-03")
    order(page, "toci", "8000")
    checked(page)
    refuse(page, "crs-order-sign")
    page.get_by_role("button", name="Sign order").click()
    expect(page.locator("#sign-said")).to_have_text("Not signed: these orders could not be checked.")
    expect(page.locator("#sign-cards")).to_contain_text("Error 412")
    expect(page.locator("#standing")).not_to_contain_text("8000")
    page.get_by_role("button", name="Sign unchecked").click()
    expect(page.locator("#standing")).to_contain_text("8000 mg")


@pytest.mark.parametrize("body", ["", "<html>bad gateway</html>", "{}", '{"cards": null}', "[]"])
def test_an_answer_that_is_none_is_an_error(context: BrowserContext, base: str, body: str) -> None:
    page = context.new_page()
    page.route("**/cds-services/crs-patient-view", lambda route: route.fulfill(status=200, body=body))
    page.goto(f"{base}/#demo-00")
    expect(page.locator("#cards .card.error")).to_contain_text("did not answer with cards")
    expect(page.locator("#cards")).not_to_contain_text("No card:")


def test_a_sandbox_that_is_gone_is_told_at_every_button(browser: Browser, tmp_path: Path) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        with demo(tmp_path) as base:
            open_patient(page, base, "demo-00")
        page.get_by_role("button", name="Advance 1 h").click()
        expect(page.locator("#ward-said")).to_contain_text("Failed to fetch")
        page.get_by_label("Value to chart").fill("39")
        page.get_by_role("button", name="Chart", exact=True).click()
        expect(page.locator("#value-said")).to_contain_text("Failed to fetch")
