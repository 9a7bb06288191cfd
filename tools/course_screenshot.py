"""The picture of the SMART page for the README, taken from the real demo: `make screenshots`."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request

from playwright.sync_api import Browser, sync_playwright
from screenshots import CHROMIUM, FLAGS, IMAGES, ROOT, await_port, free_port

SIZE = {"width": 1400, "height": 1020}
PATIENT = "demo-05"


def take(browser: Browser, base: str) -> None:
    """The page as the EHR opens it."""
    body = json.dumps({"patient": PATIENT}).encode()
    request = urllib.request.Request(f"{base}/auth/launch", body, {"Content-Type": "application/json"})  # noqa: S310 - our own demo
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        launch = json.load(answer)["launch"]
    page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]  # its type is private
    page.goto(f"{base}/smart/launch?iss={base}/fhir&launch={launch}")
    page.wait_for_selector("body[data-state=shown]")
    page.screenshot(path=str(IMAGES / "course.png"))
    page.close()


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = (sys.executable, "-m", "cds_service.cli", "demo", "--port", str(port))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as demo:
        try:
            await_port(port)
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                take(browser, f"http://127.0.0.1:{port}")
                browser.close()
        finally:
            demo.terminate()


if __name__ == "__main__":
    main()
