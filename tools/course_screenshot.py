"""The picture of the SMART page for the README, taken from the real demo: `make screenshots`."""

from __future__ import annotations

import logging

from playwright.sync_api import Browser, sync_playwright

from tools.screenshots import CHROMIUM, FLAGS, IMAGES, demo

WIDTH, HEIGHT = 1400, 1020
PATIENT = "demo-05"


def take(browser: Browser, base: str) -> None:
    """The page as the EHR opens it."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    launch = page.request.post(f"{base}/auth/launch", data={"patient": PATIENT}).json()["launch"]
    page.goto(f"{base}/smart/launch?iss={base}/fhir&launch={launch}")
    page.wait_for_selector("body[data-state=shown]")
    page.screenshot(path=str(IMAGES / "course.png"))
    page.close()


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with demo() as base, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        take(browser, base)
        browser.close()


if __name__ == "__main__":
    main()
