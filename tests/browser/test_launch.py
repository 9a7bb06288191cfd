"""The SMART link of a card opens the page through the sandbox's authorization server."""

import json

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.demo import open_patient


def test_a_smart_link_launches_the_page_for_this_patient(
    context: BrowserContext, page: Page, base: str
) -> None:
    open_patient(page, base, "demo-03")
    with context.expect_page() as opened, page.expect_request("**/auth/launch") as asked:
        page.locator("#cards .launch").first.click()
    sent = json.loads(asked.value.post_data or "")
    assert sent["patient"] == "demo-03"
    assert sent["appContext"]
    course = opened.value
    expect(course.locator("body")).to_contain_text("Demo 03", timeout=20_000)
    assert course.evaluate("window.opener") is None


def test_a_launch_that_fails_is_told(context: BrowserContext, base: str) -> None:
    page = context.new_page()
    open_patient(page, base, "demo-03")
    page.route("**/auth/launch", lambda route: route.fulfill(status=503, body="busy"))
    page.locator("#cards .launch").first.click()
    expect(page.locator("#cards .links [role=status]")).to_contain_text("The app could not be launched.")
