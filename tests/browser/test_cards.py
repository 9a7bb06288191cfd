"""Cards and charts of the console in a real browser, against the real service over HTTP."""

import json
import re
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from cds_service.sandbox import patients
from tests.browser.demo import open_patient

HOOK = "**/cds-services/crs-patient-view"
SILENT = ("no-episode", "not-considered")


def test_choosing_a_patient_calls_the_hook_with_prefetch(page: Page, base: str) -> None:
    page.goto(base)
    services = page.request.get(f"{base}/cds-services").json()["services"]
    keys = next(found["prefetch"] for found in services if found["id"] == "crs-patient-view").keys()
    with page.expect_request(HOOK) as called:
        page.get_by_role("link", name="Norepinephrine and cannula").first.click()
    sent = json.loads(called.value.post_data or "")
    UUID(sent["hookInstance"])
    assert sent["hook"] == "patient-view"
    assert sent["fhirServer"] == f"{base}/fhir"
    assert sent["context"] == {
        "userId": "Practitioner/demo",
        "patientId": "demo-03",
        "encounterId": "demo-03-stay",
    }
    assert sent["prefetch"].keys() == keys
    expect(page.locator("h1#name")).to_have_text("Demo 03 · norepinephrine and cannula")
    card = page.locator("article.card").first
    expect(card.locator("h3")).to_have_text(re.compile("^CRS grade 3"))
    expect(card.locator(".indicator")).to_contain_text("Critical")
    expect(card.locator("table").first).to_be_visible()
    expect(card.locator("footer")).to_contain_text("Source:")


@pytest.mark.parametrize("patient_id", patients.ids())
def test_each_patient_gets_what_the_scenario_says(page: Page, base: str, patient_id: str) -> None:
    open_patient(page, base, patient_id)
    expected = patients.expected(patient_id)
    cards = page.locator("article.card")
    if expected.status in SILENT:
        expect(page.locator("#cards")).to_have_text(
            "No card: the service has nothing to say about this patient."
        )
    elif expected.lowest is not None:
        grade = str(expected.lowest)
        at_least = "" if expected.lowest == expected.highest else "at least "
        expect(cards.first.locator("h3")).to_have_text(re.compile(f"^CRS grade {at_least}{grade}\\b"))
    expect(page.locator(".card.error")).to_have_count(0)


def test_the_chart_shows_the_newest_values(page: Page, base: str) -> None:
    open_patient(page, base, "demo-05")
    tiles = page.locator("#chart")
    expect(tiles).to_contain_text("94/55 mmHg")
    expect(tiles).to_contain_text("ventilator")
    expect(tiles).to_contain_text("norepinephrine0.26 mcg/kg/min")
    open_patient(page, base, "demo-13")
    expect(tiles).to_contain_text("88 %")
    expect(tiles).to_contain_text("room air")


def test_the_advice_is_a_numbered_list_with_its_rules(page: Page, base: str) -> None:
    """TX-9: what to do stands above the evidence."""
    open_patient(page, base, "demo-03")
    detail = page.locator("article.card .detail").first
    assert detail.evaluate("box => [...box.children].map((child) => child.tagName).slice(0, 4)") == [
        "P",
        "P",
        "OL",
        "DIV",
    ]
    expect(detail.locator("ol > li").first).to_contain_text("Intensive care; vasopressors as needed (TX-9)")
    expect(detail.locator("ol > li em").first).to_have_text("(TX-9)")
    assert detail.locator("ol > li").count() >= 4


def test_hostile_cards_and_outcomes_stay_text(page: Page, base: str) -> None:
    page.goto(base)
    made = page.evaluate(
        """async () => {
            const { renderCard, renderError } = await import("/console/cards.js");
            const bad = "<img src=x onerror=alert(1)>";
            const card = renderCard({ summary: bad, indicator: bad, detail: bad,
                suggestions: [{ label: bad, uuid: bad, actions: [{ type: bad, resource: { text: bad } }] }],
                overrideReasons: [{ code: bad, system: bad, display: bad }],
                links: [{ label: bad, url: "javascript:alert(1)", type: "absolute" }],
                source: { label: bad, url: "javascript:alert(1)", topic: { display: bad } } });
            const error = renderError({ ok: false, status: 500, body: { issue: [{ diagnostics: bad }] } });
            document.body.append(card, error);
            card.querySelector(".offer").click();
            return { images: document.images.length, anchors: card.querySelectorAll("a").length,
                     text: card.querySelector("h3").textContent };
        }"""
    )
    assert made == {"images": 0, "anchors": 0, "text": "<img src=x onerror=alert(1)>"}


def test_cards_are_sorted_by_what_is_worse_and_named_in_words(page: Page, base: str) -> None:
    page.goto(base)
    words = page.evaluate(
        """async () => {
            const { renderAnswer } = await import("/console/cards.js");
            const cards = ["info", "critical", "warning"].map((indicator) => ({ summary: "x", indicator }));
            const made = renderAnswer({ ok: true, status: 200, body: { cards } });
            return made.map((card) => card.querySelector(".indicator").lastChild.textContent.trim());
        }"""
    )
    assert words == ["Critical", "Warning", "Information"]
