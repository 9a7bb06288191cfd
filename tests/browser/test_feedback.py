"""What a clinician does with a card reaches the service, and its store."""

import json
import re
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.browser.demo import checked, open_patient, order
from tests.stored import rows

HOOK = "**/cds-services/crs-patient-view"
FEEDBACK = "**/cds-services/crs-patient-view/feedback"


def feedback_of(call: Request) -> Any:
    (entry,) = json.loads(call.post_data or "")["feedback"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", entry.pop("outcomeTimestamp"))
    UUID(entry.pop("card"))
    return entry


def test_taking_a_suggestion_puts_the_draft_into_the_pad_and_tells_the_service(page: Page, base: str) -> None:
    with page.expect_response(HOOK) as seen:
        open_patient(page, base, "demo-03")
    suggestions = seen.value.json()["cards"][0]["suggestions"]
    offer = page.get_by_role("button", name="Take: Tocilizumab 560 mg IV over 60 min")
    expect(offer.locator("xpath=..")).to_contain_text("Recommended")
    with page.expect_request(FEEDBACK) as told:
        offer.click()
    draft = json.loads(page.locator(".drafts pre").first.text_content() or "")
    assert (draft["resourceType"], draft["status"]) == ("MedicationRequest", "draft")
    assert draft["subject"] == {"reference": "Patient/demo-03"}
    accepted = [{"id": suggestions[0]["uuid"]}]
    assert feedback_of(told.value) == {"outcome": "accepted", "acceptedSuggestions": accepted}
    expect(page.locator(".done")).to_contain_text(
        "Taken: Tocilizumab 560 mg IV over 60 min. The service was told."
    )
    expect(page.locator("#drafts")).to_contain_text("Tocilizumab 560 mg IV over 60 min")


def test_a_second_suggestion_is_told_with_the_first_and_none_is_taken_twice(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    with page.expect_request(FEEDBACK):
        page.locator(".offer").first.click()
    page.locator(".offer").first.dispatch_event("click")
    with page.expect_request(FEEDBACK) as told:
        page.locator(".offer").nth(1).click()
    assert len(feedback_of(told.value)["acceptedSuggestions"]) == 2
    expect(page.locator(".drafts")).to_have_count(2)
    expect(page.locator(".offer.taken")).to_have_count(2)


def test_of_suggestions_that_exclude_each_other_one_is_taken(page: Page, base: str) -> None:
    page.goto(base)
    states = page.evaluate(
        """async () => {
            const { renderCard } = await import("/console/cards.js");
            const offered = (label) => ({ label, uuid: label, actions: [] });
            const suggestions = ["Change to 800 mg", "Remove"].map(offered);
            const told = [];
            const tools = { report: async (entry) => { told.push(entry); return ""; } };
            const card = renderCard({ summary: "x", indicator: "critical", suggestions,
                selectionBehavior: "at-most-one" }, tools);
            document.body.append(card);
            const buttons = [...card.querySelectorAll(".offer")];
            for (const button of buttons) button.click();
            return [told.length, ...buttons.map((button) => button.getAttribute("aria-disabled"))];
        }"""
    )
    assert states == [1, "true", "true"]


def test_declining_a_card_sends_its_reason(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    decline = page.get_by_role("button", name="Do not follow")
    expect(decline).to_be_disabled()
    page.get_by_label("Not following this card").select_option(label="Already acting on it")
    with page.expect_request(FEEDBACK) as told:
        decline.click()
    sent = feedback_of(told.value)
    assert sent["outcome"] == "overridden"
    assert sent["overrideReason"]["reason"]["code"] == "already-acting"
    expect(page.locator(".done")).to_have_text("Not followed: Already acting on it. The service was told.")
    expect(decline).to_be_disabled()


def test_a_service_without_feedback_is_no_fault_of_the_page(context: BrowserContext, base: str) -> None:
    page = context.new_page()
    page.goto(base)
    said = page.evaluate(
        """async () => {
            const { reporter } = await import("/console/feedback.js");
            return reporter({ id: "no-such/service" })({ card: "c", outcome: "overridden" });
        }"""
    )
    assert said == "Marked on this page only: the service takes no feedback."


def stored(store: Path, card: str) -> dict[str, Any]:
    """What the store holds about a card; acknowledged feedback is there at once."""
    for _ in range(50):
        found = [row for row in rows(store, "feedback") if row["card"] == card]
        if found:
            return found[-1]
        time.sleep(0.1)
    raise AssertionError("the feedback did not arrive")


def test_an_override_arrives_in_the_store_with_its_reason(page: Page, base: str, store: Path) -> None:
    open_patient(page, base, "demo-03")
    with page.expect_response("**/cds-services/crs-order-select") as seen:
        order(page, "toci", "8000")
        checked(page)
    card = seen.value.json()["cards"][0]
    place = page.locator(".draft-cards")
    place.get_by_label("Not following this card").select_option(index=1)
    place.get_by_role("button", name="Do not follow").click()
    expect(page.locator("#pad-said")).to_have_text("Card overridden. The service was told.")
    kept = stored(store, card["uuid"])
    assert kept["service"] == "crs-order-select"
    assert kept["outcome"] == "overridden"
    assert kept["reason_code"] == card["overrideReasons"][0]["code"]


def test_an_accepted_correction_arrives_in_the_store_with_its_suggestion(
    page: Page, base: str, store: Path
) -> None:
    open_patient(page, base, "demo-03")
    with page.expect_response("**/cds-services/crs-order-select") as seen:
        order(page, "toci", "8000")
        checked(page)
    card = seen.value.json()["cards"][0]
    page.locator(".draft-cards .offer").first.click()
    expect(page.locator("#pad-said")).to_have_text("Suggestion taken. The service was told.")
    kept = stored(store, card["uuid"])
    assert kept["outcome"] == "accepted"
    assert card["suggestions"][0]["uuid"] in str(kept)
