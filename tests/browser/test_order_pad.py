"""The order pad: from a slip of the hand to a corrected order on the chart."""

import json
import re
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from tests.browser.demo import checked, open_patient, order

SELECT = "**/cds-services/crs-order-select"
SIGN = "**/cds-services/crs-order-sign"


def on_the_chart(base: str, query: str) -> list[dict[str, Any]]:
    """What the FHIR server finds."""
    with urllib.request.urlopen(f"{base}/fhir/{query}", timeout=30) as answer:
        return [entry["resource"] for entry in json.load(answer).get("entry", [])]


def test_a_slip_of_the_hand_is_corrected_and_signed(page: Page, base: str) -> None:
    """8000 mg for 560: a critical card, the corrected order, and no warning once it is taken."""
    open_patient(page, base, "demo-03")
    order(page, "toci", "8000")
    card = page.locator(".draft-cards article")
    expect(card.locator(".indicator")).to_contain_text("Critical", timeout=15_000)
    expect(card.locator("h3")).to_have_text("Tocilizumab 8000 mg is above the 800 mg limit for one dose")
    card.get_by_role("button", name="Take: Change to tocilizumab 560 mg IV over 60 min").click()
    expect(page.get_by_label("Dose")).to_have_value("560")
    expect(page.locator(".draft > .status")).to_contain_text("nothing to say", timeout=15_000)
    expect(page.locator(".draft-cards article")).to_have_count(0)
    with page.expect_response(SIGN) as signed:
        page.get_by_role("button", name="Sign order").click()
    assert signed.value.json() == {"cards": []}
    expect(page.locator("#sign-said")).to_contain_text("Signed: Tocilizumab 560 mg IV over 60 min.")
    expect(page.locator("#drafts li")).to_have_count(0)
    (made,) = [
        found
        for found in on_the_chart(base, "MedicationRequest?patient=demo-03&status=active")
        if "-new-" in found["id"]
    ]
    assert (made["status"], made["intent"]) == ("active", "order")
    assert made["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"] == 560
    expect(page.locator("#cards")).to_contain_text("Tocilizumab is ordered", timeout=15_000)


def test_what_is_given_is_a_dose_of_the_ledger(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    expect(page.locator("#cards")).to_contain_text("Tocilizumab 1 of 4")
    order(page, "toci", "560")
    checked(page)
    page.get_by_role("button", name="Sign order").click()
    page.get_by_role("button", name=re.compile("Give: tocilizumab")).click()
    expect(page.locator("#standing-said")).to_contain_text("Given now: tocilizumab")
    expect(page.locator("#cards")).to_contain_text("Tocilizumab 2 of 4", timeout=15_000)
    expect(page.get_by_role("button", name=re.compile("Give: tocilizumab"))).to_have_count(0)
    order(page, "toci", "560")
    expect(page.locator(".draft-cards .indicator")).to_contain_text("Critical", timeout=15_000)


def test_order_select_names_what_was_chosen_among_all_drafts(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    order(page, "dexa", "10")
    checked(page)
    with page.expect_request(SELECT) as called:
        order(page, "toci", "560")
        checked(page)
    context = json.loads(called.value.post_data or "")["context"]
    drafts = [entry["resource"] for entry in context["draftOrders"]["entry"]]
    names = [draft["medicationCodeableConcept"]["text"] for draft in drafts]
    assert names == ["dexamethasone", "tocilizumab"]
    assert context["selections"] == [f"MedicationRequest/{drafts[1]['id']}"]
    assert {draft["status"] for draft in drafts} == {"draft"}


def test_while_typing_only_the_last_state_is_asked_about(context: BrowserContext, base: str) -> None:
    """One call for a run of keys, and one that is overtaken is given up: its late answer is never shown."""
    page = context.new_page()
    open_patient(page, base, "demo-03")
    order(page, "toci", "")
    checked(page)
    asked: list[Route] = []
    given_up: list[Request] = []
    page.on("requestfailed", lambda request: given_up.append(request))  # noqa: PLW0108 - it marks what it is given

    def hold_the_first(route: Route) -> None:
        asked.append(route)
        if len(asked) > 1:
            route.continue_()

    page.route(SELECT, hold_the_first)
    page.keyboard.type("800", delay=20)
    expect(page.locator(".draft > .status")).to_have_text("Checking …")
    page.wait_for_timeout(1_000)
    assert len(asked) == 1
    page.keyboard.type("0")
    expect(page.locator(".draft-cards h3")).to_contain_text("8000 mg", timeout=15_000)
    assert len(asked) == 2
    assert asked[0].request in given_up


def test_a_critical_card_wants_an_answer_before_signing(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    order(page, "toci", "8000")
    checked(page)
    page.get_by_role("button", name="Sign order").click()
    anyway = page.get_by_role("button", name="Sign as it stands")
    expect(anyway).to_be_disabled(timeout=15_000)
    cards = page.locator("#sign-cards")
    cards.get_by_label("Not following this card").select_option(index=1)
    cards.get_by_role("button", name="Do not follow").click()
    expect(anyway).to_be_enabled()
    anyway.click()
    expect(page.locator("#standing")).to_contain_text("8000 mg")


def test_removing_is_what_the_card_says(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    order(page, "toci", "8000")
    checked(page)
    page.get_by_role("button", name="Take: Remove this order for tocilizumab").click()
    expect(page.locator("#drafts li")).to_have_count(0)
    expect(page.locator("#no-drafts")).to_be_visible()
    expect(page.get_by_role("button", name="Sign order")).to_be_disabled()


@pytest.mark.parametrize(
    ("typed", "said"), [("5,5", "with a point"), ("abc", "a number"), ("0", "a number"), ("1e3", "a number")]
)
def test_a_dose_that_cannot_be_read_is_neither_checked_nor_signed(
    page: Page, base: str, typed: str, said: str
) -> None:
    open_patient(page, base, "demo-03")
    order(page, "dexa", typed)
    expect(page.locator(".draft .problem")).to_contain_text(said)
    expect(page.locator(".draft > .status")).to_have_text("Not checked: the dose cannot be read.")
    page.get_by_role("button", name="Sign order").click()
    expect(page.locator("#sign-said")).to_contain_text("a dose that cannot be read")


def test_drafts_of_a_window_outlive_its_reload(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    order(page, "dexa", "10")
    checked(page)
    page.reload()
    expect(page.locator(".draft .words")).to_have_text("dexamethasone 10 mg intravenous once", timeout=15_000)
    expect(page.get_by_label("Dose")).to_have_value("10")
    open_patient(page, base, "demo-05")
    expect(page.locator("#no-drafts")).to_be_visible()


def test_a_draft_from_a_card_keeps_what_the_fields_do_not_show(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    page.get_by_role("button", name="Take: Tocilizumab 560 mg IV over 60 min").click()
    with page.expect_request(SELECT) as called:
        page.get_by_label("Dose").fill("600")
        page.wait_for_timeout(600)
    (entry,) = json.loads(called.value.post_data or "")["context"]["draftOrders"]["entry"]
    instruction = entry["resource"]["dosageInstruction"][0]
    assert instruction["doseAndRate"][0]["doseQuantity"]["value"] in (560, 600)
    assert instruction["timing"]["repeat"]["duration"] == 60
    assert entry["resource"]["reasonCode"]
    expect(page.locator(".draft .words")).to_have_text("tocilizumab 600 mg intravenous over 60 min once")


def test_two_clicks_give_one_dose(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    page.get_by_role("button", name=re.compile("Give: dexamethasone")).dblclick()
    expect(page.locator("#standing-said")).to_contain_text("Given now: dexamethasone")
    page.wait_for_timeout(500)
    given = on_the_chart(base, "MedicationAdministration?patient=demo-03&_count=500")
    assert sum("-new-" in each["id"] for each in given) == 1
    expect(page.get_by_role("button", name=re.compile("Give: dexamethasone"))).to_be_focused()


def test_two_clicks_sign_once_and_say_so(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    order(page, "toci", "8000")
    checked(page)
    page.get_by_role("button", name="Sign order").click()
    cards = page.locator("#sign-cards")
    cards.get_by_label("Not following this card").select_option(index=1, timeout=15_000)
    cards.get_by_role("button", name="Do not follow").click()
    page.get_by_role("button", name="Sign as it stands").dblclick()
    expect(page.locator("#sign-said")).to_contain_text("Signed:", timeout=15_000)
    page.wait_for_timeout(500)
    expect(page.locator("#sign-said")).to_have_text(re.compile("^Signed:"))


def test_a_drug_that_was_not_chosen_does_not_stand_in_the_field(page: Page, base: str) -> None:
    """The order is still for the drug that was chosen: the field says so."""
    open_patient(page, base, "demo-03")
    order(page, "toci", "560")
    page.get_by_label("Drug", exact=True).fill("dexa")
    page.keyboard.press("Tab")
    expect(page.locator(".draft .words")).to_contain_text("ocilizumab")
    expect(page.get_by_label("Drug", exact=True)).to_have_value("tocilizumab")
