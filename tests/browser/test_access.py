"""The page for everybody: by keyboard alone, for screen readers, light and dark, on a tablet."""

from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.demo import checked, open_patient, order, wait_for_answer

SERIOUS = ("serious", "critical")


def serious(page: Page) -> list[tuple[str, list[Any]]]:
    """What axe-core finds and calls serious or critical: the rule, and where."""
    found = Axe().run(page).response["violations"]
    return [
        (each["id"], [node["target"] for node in each["nodes"]])
        for each in found
        if each["impact"] in SERIOUS
    ]


def tab_to(page: Page, selector: str) -> None:
    """Presses Tab until the element has the focus."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"{selector} cannot be reached with Tab")


def test_the_keyboard_takes_a_suggestion(page: Page, base: str) -> None:
    open_patient(page, base, "demo-07")
    page.locator(".offer").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".offer").first).to_be_focused()
    expect(page.locator(".draft")).to_have_count(1)


def test_the_keyboard_alone_opens_a_chart(page: Page, base: str) -> None:
    page.goto(base)
    tab_to(page, "a[data-patient='demo-01']")
    focused = page.locator(":focus")
    assert focused.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("h1#name")).to_have_text("Demo 01 · fever alone")
    expect(page.locator("#status")).to_contain_text("Answered 200", timeout=15_000)
    expect(page.locator("[aria-current=page]")).to_have_count(1)


@pytest.mark.parametrize("width", [768, 820, 1024])
def test_a_tablet_needs_no_sideways_scrolling(context: BrowserContext, base: str, width: int) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 1024})
    open_patient(page, base, "demo-05")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [820, 1440])
def test_axe_finds_nothing_serious(
    browser: Browser, base: str, scheme: Literal["light", "dark"], width: int
) -> None:
    with browser.new_context(
        viewport={"width": width, "height": 1000}, color_scheme=scheme, bypass_csp=True
    ) as context:
        page = context.new_page()
        page.goto(base)
        expect(page.locator(".badge")).to_have_count(15, timeout=15_000)
        assert serious(page) == []
        open_patient(page, base, "demo-03")
        order(page, "toci", "8000")
        checked(page)
        page.get_by_role("button", name="Sign order").click()
        expect(page.get_by_role("button", name="Sign as it stands")).to_be_visible(timeout=15_000)
        page.get_by_role("button", name="New order").click()
        page.keyboard.type("de")
        page.locator("#wire > summary").click()
        page.locator("#compare > summary").click()
        assert serious(page) == []
        page.goto(f"{base}/#own")
        page.get_by_label("FHIR as JSON or NDJSON").fill("no FHIR")
        page.get_by_role("button", name="Assess").click()
        expect(page.locator("#own .card.error")).to_be_visible()
        assert serious(page) == []


def test_the_keyboard_alone_corrects_an_order_and_signs_it(page: Page, base: str) -> None:
    page.goto(base)
    tab_to(page, "a[data-patient='demo-03']")
    page.keyboard.press("Enter")
    wait_for_answer(page)
    tab_to(page, "#new-order")
    page.keyboard.press("Enter")
    page.keyboard.type("tocili")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("8000")
    checked(page)
    tab_to(page, ".draft-cards .offer")
    page.keyboard.press("Enter")
    expect(page.locator(".draft .words")).to_have_text("Tocilizumab 560 mg IV over 60 min")
    checked(page)
    tab_to(page, "#sign")
    page.keyboard.press("Enter")
    expect(page.locator("#sign-said")).to_contain_text("Signed: Tocilizumab 560 mg", timeout=15_000)
    expect(page.locator("#new-order")).to_be_focused()


def test_grades_are_told_in_words_beside_their_colour(page: Page, base: str) -> None:
    page.goto(base)
    entry = page.locator("a[data-patient='demo-03']")
    expect(entry).to_contain_text("grade 3", timeout=15_000)
    expect(entry).to_contain_text("Course: grade 1 from")
    expect(page.locator("a[data-patient='demo-12']")).to_contain_text("grade ≥ 2")
    expect(page.locator("a[data-patient='demo-00']")).to_contain_text("no CRS")
    assert entry.locator("svg").get_attribute("aria-hidden") == "true"


def test_on_a_tablet_the_order_pad_is_one_tap_away(context: BrowserContext, base: str) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 820, "height": 1180})
    open_patient(page, base, "demo-03")
    page.locator(".offer").first.click()
    jump = page.get_by_role("button", name="Order pad, 1 draft")
    expect(jump).to_be_in_viewport()
    jump.click()
    expect(page.locator("#orders-title")).to_be_focused()
    expect(page.get_by_role("button", name="New order")).to_be_in_viewport()
    page.get_by_role("button", name="Cards", exact=True).click()
    expect(page.locator("#cards-title")).to_be_focused()
    expect(page.locator("#cards h3").first).to_be_in_viewport()
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(jump).to_be_hidden()
