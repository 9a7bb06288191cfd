"""The ward moves: time is put ahead, values are charted, and several windows see the same charts."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.demo import checked, open_patient, order


def chart(page: Page, kind: str, value: str) -> None:
    """Charts a value as a nurse does."""
    page.get_by_label("Chart now").select_option(label=kind)
    if kind == "Oxygen":
        page.get_by_label("Oxygen device").select_option(label=value)
    else:
        page.get_by_label("Value to chart").fill(value)
    page.get_by_role("button", name="Chart", exact=True).click()
    expect(page.locator("#value-said")).to_contain_text("Charted")


def test_time_without_a_new_value_opens_the_grade(page: Page, base: str) -> None:
    """Six hours later pressure and saturation are stale, and the service says what it does not know."""
    open_patient(page, base, "demo-01")
    expect(page.locator("#grade")).to_contain_text("grade 1")
    page.get_by_role("button", name="Advance 6 h").click()
    expect(page.locator("#ahead")).to_have_text("6 h ahead")
    expect(page.locator("#grade")).to_contain_text("grade ≥ 1", timeout=15_000)
    expect(page.locator("#cards h3").first).to_have_text(re.compile("^CRS grade at least 1"))
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#grade .badge")).to_have_text("grade 1", timeout=15_000)
    expect(page.locator("#ahead")).to_have_text("")


def test_charted_values_move_the_grade_up_and_down(page: Page, base: str) -> None:
    open_patient(page, base, "demo-01")
    grade = page.locator("#grade .badge")
    title = page.locator("#cards h3").first
    chart(page, "Systolic pressure", "82")
    expect(grade).to_have_text("grade 2", timeout=15_000)
    chart(page, "Norepinephrine", "0.1")
    expect(grade).to_have_text("grade 3", timeout=15_000)
    expect(title).to_contain_text("norepinephrine", timeout=15_000)
    chart(page, "Norepinephrine", "0")
    chart(page, "Systolic pressure", "118")
    expect(grade).not_to_have_text("grade 3", timeout=15_000)
    chart(page, "Oxygen", "high-flow cannula, 40 L/min")
    expect(grade).to_have_text("grade 3", timeout=15_000)
    expect(title).to_contain_text("high-flow", timeout=15_000)
    expect(page.locator("#chart")).to_contain_text("high-flow nasal cannula")


@pytest.mark.parametrize("value", ["", "abc", "385", "38,5", "NaN"])
def test_a_value_that_nobody_would_chart_is_refused_in_words(
    context: BrowserContext, base: str, value: str
) -> None:
    page = context.new_page()
    open_patient(page, base, "demo-01")
    page.get_by_label("Value to chart").fill(value)
    page.get_by_role("button", name="Chart", exact=True).click()
    expect(page.locator("#value-said")).to_have_text(
        "Temperature: write a number from 30 to 44 °C, with a point"
    )
    expect(page.get_by_label("Value to chart")).to_have_attribute("aria-invalid", "true")


def test_a_reload_shows_the_ward_as_it_is(page: Page, base: str) -> None:
    open_patient(page, base, "demo-01")
    page.get_by_role("button", name="Advance 1 h").click()
    chart(page, "Temperature", "39.9")
    expect(page.locator("#chart")).to_contain_text("39.9 °C")
    page.reload()
    expect(page.locator("#chart")).to_contain_text("39.9 °C", timeout=15_000)
    expect(page.locator("#ahead")).to_have_text("1 h ahead")


def test_another_window_reads_the_charts_again(context: BrowserContext, page: Page, base: str) -> None:
    open_patient(page, base, "demo-01")
    other = context.new_page()
    open_patient(other, base, "demo-01")
    chart(page, "Norepinephrine", "0.1")
    expect(other.locator("#grade .badge")).to_have_text("grade 3", timeout=15_000)
    expect(other.locator("#ward-said")).to_contain_text("changed in another window")
    order(page, "dexa", "10")
    checked(page)
    expect(other.locator("#drafts li")).to_have_count(0)


def somewhere_else(base: str, patient_id: str, value: dict[str, str]) -> None:
    """Charts a value where no window of this browser hears of it."""
    address = f"{base}/ehr/patients/{patient_id}/values"
    sent = urllib.request.Request(address, json.dumps(value).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(sent, timeout=30) as answer:
        assert answer.status == 200


def test_orders_checked_against_an_older_chart_are_not_signed(context: BrowserContext, base: str) -> None:
    """Two windows that know nothing of each other: what was checked must be what is signed onto."""
    page = context.new_page()
    open_patient(page, base, "demo-03")
    order(page, "toci", "8000")
    checked(page)
    page.get_by_role("button", name="Sign order").click()
    cards = page.locator("#sign-cards")
    cards.get_by_label("Not following this card").select_option(index=1, timeout=15_000)
    cards.get_by_role("button", name="Do not follow").click()
    somewhere_else(base, "demo-03", {"kind": "weight", "value": "71"})
    page.get_by_role("button", name="Sign as it stands").click()
    expect(page.locator("#sign-said")).to_contain_text("Not signed: the chart changed in another window")
    expect(page.locator("#standing")).not_to_contain_text("8000 mg")


def test_call_again_knows_what_was_charted_elsewhere(page: Page, base: str) -> None:
    open_patient(page, base, "demo-01")
    expect(page.locator("#grade .badge")).to_have_text("grade 1", timeout=15_000)
    somewhere_else(base, "demo-01", {"kind": "norepinephrine", "value": "0.1"})
    page.get_by_role("button", name="Call again").click()
    expect(page.locator("#cards h3").first).to_contain_text("CRS grade 3", timeout=5_000)
    expect(page.locator("#grade .badge")).to_have_text("grade 3", timeout=15_000)
