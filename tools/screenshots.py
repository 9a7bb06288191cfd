"""Pictures for the README, taken from the real demo: `make screenshots`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
PICTURES = {"cards": ("demo-03", "body"), "grade-4": ("demo-05", ".card"), "missing": ("demo-12", ".card")}
"""Whose chart, and what of the page."""
SIZE = {"width": 1180, "height": 1000}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def take(browser: Browser, base: str, picture: tuple[str, str], file: Path) -> None:
    """The whole of what is asked for, however long: a card that is cut off cannot be read."""
    patient, part = picture
    page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]  # its type is private
    page.goto(f"{base}/#{patient}")
    page.wait_for_selector("article.card table")
    page.wait_for_selector(".tile")
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": SIZE["width"], "height": height})
    page.locator(part).first.screenshot(path=str(file))
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
                for name, picture in PICTURES.items():
                    take(browser, f"http://127.0.0.1:{port}", picture, IMAGES / f"{name}.png")
                browser.close()
        finally:
            demo.terminate()


def await_port(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the demo did not start")


if __name__ == "__main__":
    main()
