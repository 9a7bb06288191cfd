"""Pictures for the README and the tutorial, taken from the real demo at a fixed time: `make screenshots`.

The charts end at one instant: a picture changes only where the page or the cards do, and in its timings.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, FloatRect, Page, expect, sync_playwright

from cds_service.commands.demo import assemble, settings_of
from tests.browser.serving import on_a_free_port

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
WIDTH, HEIGHT = 1280, 860
MOST_BYTES = 1_500_000
"""Of all pictures together: a checkout is not an album."""

Scene = Callable[[Page], None]


@contextmanager
def demo() -> Iterator[str]:
    """The demo on a free port, its clock standing at ``NOW`` until a scene puts it ahead."""
    with (
        tempfile.TemporaryDirectory() as folder,
        on_a_free_port(lambda base: assemble(settings_of(base, data_dir=Path(folder)), lambda: NOW)) as base,
    ):
        yield base


def order(page: Page, drug: str, dose: str) -> None:
    page.get_by_role("button", name="New order").click()
    page.keyboard.type(drug)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type(dose)
    expect(page.locator(".draft > .status")).to_contain_text("Checked in", timeout=15_000)


def chart(page: Page, kind: str, value: str) -> None:
    page.get_by_label("Chart now").select_option(label=kind)
    page.get_by_label("Value to chart").fill(value)
    page.get_by_role("button", name="Chart", exact=True).click()
    expect(page.locator("#value-said")).to_contain_text("Charted")


def a_slip(page: Page) -> None:
    """8000 mg of tocilizumab, and what the service says."""
    order(page, "tocilizumab", "8000")


def corrected(page: Page) -> None:
    """The corrected order, signed and given."""
    order(page, "tocilizumab", "8000")
    page.get_by_role("button", name="Take: Change to tocilizumab 560 mg").click()
    expect(page.locator(".draft > .status")).to_contain_text("nothing to say", timeout=15_000)
    page.get_by_role("button", name="Sign order").click()
    expect(page.locator("#sign-said")).to_contain_text("Signed", timeout=15_000)
    page.get_by_role("button", name="Give: Tocilizumab").click()
    expect(page.locator("#cards")).to_contain_text("Tocilizumab 2 of 4", timeout=15_000)


def moving(page: Page) -> None:
    """A fever alone, an hour later on norepinephrine."""
    page.get_by_role("button", name="Advance 1 h").click()
    expect(page.locator("#ahead")).to_have_text("1 h ahead")
    chart(page, "Systolic pressure", "78")
    chart(page, "Norepinephrine", "0.08")
    expect(page.locator("#cards h3").first).to_contain_text("norepinephrine", timeout=15_000)


def as_it_is(page: Page) -> None:
    """The page as it opens."""


class View(NamedTuple):
    """Whose chart, what is done, and which part of the window is taken, in which light."""

    patient: str
    scene: Scene = as_it_is
    part: str = ""
    scheme: str = "light"


VIEWS = {
    "ehr": View("demo-03"),
    "ehr-dark": View("demo-03", scheme="dark"),
    "order-slip": View("demo-03", a_slip, ".orders"),
    "order-signed": View("demo-03", corrected, ".orders"),
    "grade-moves": View("demo-01", moving, ".banner, .banner + section"),
    "grade-4": View("demo-05", part="#cards .card"),
    "missing": View("demo-12", part="#cards .card"),
}
"""A card is taken in whole, however long: one that is cut off cannot be read."""


def opened(browser: Browser, base: str, patient: str, scheme: str) -> Page:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)  # type: ignore[arg-type]  # a literal of its own
    page.request.post(f"{base}/ehr/ward/reset", data={})
    page.goto(f"{base}/#{patient}")
    expect(page.locator("#cards .card").first).to_be_visible(timeout=15_000)
    expect(page.locator(".tile").first).to_be_visible()
    expect(page.locator(".patients .badge")).to_have_count(15, timeout=15_000)
    return page


def take(browser: Browser, base: str, name: str) -> None:
    view = VIEWS[name]
    page = opened(browser, base, view.patient, view.scheme)
    view.scene(page)
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)
    file = str(IMAGES / f"{name}.png")
    if view.part:
        page.set_viewport_size({"width": WIDTH, "height": page.evaluate("document.body.scrollHeight")})
        page.screenshot(path=file, clip=around(page, view.part))
    else:
        page.screenshot(path=file)
    page.close()


def around(page: Page, part: str) -> FloatRect:
    """The box that holds every element of a selector."""
    boxes = [box for box in (each.bounding_box() for each in page.locator(part).all()) if box]
    left, top = min(box["x"] for box in boxes), min(box["y"] for box in boxes)
    right = max(box["x"] + box["width"] for box in boxes)
    bottom = max(box["y"] + box["height"] for box in boxes)
    return {"x": left - 12, "y": top - 12, "width": right - left + 24, "height": bottom - top + 24}


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with demo() as base, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name in VIEWS:
            take(browser, base, name)
        browser.close()
    total = sum(path.stat().st_size for path in IMAGES.glob("*.png"))
    if total > MOST_BYTES:
        raise SystemExit(f"the pictures have {total} bytes, more than {MOST_BYTES}")


if __name__ == "__main__":
    main()
