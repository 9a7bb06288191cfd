"""The hook console in a real browser, against the real service over HTTP."""

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)
from werkzeug.serving import make_server

from cds_service import sandbox
from cds_service.app import create_app
from cds_service.sandbox import patients
from cds_service.settings import load_settings

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOOK = "**/cds-services/crs-patient-view"
FEEDBACK = "**/cds-services/crs-patient-view/feedback"
SILENT = ("no-episode", "not-considered")


def take_feedback(app: Flask) -> None:
    """An endpoint for feedback, where the service has none of its own."""
    if not any(rule.rule.endswith("/feedback") for rule in app.url_map.iter_rules()):
        app.add_url_rule(
            "/cds-services/<service>/feedback", "feedback", lambda service: service, methods=["POST"]
        )


@contextmanager
def demo(*, allowed: bool = True) -> Iterator[str]:
    """The demo on a free port; without ``allowed`` the service does not know the sandbox's FHIR server."""
    server = make_server("127.0.0.1", 0, Flask("pending"), threaded=True)
    base = f"http://127.0.0.1:{server.port}"
    fhir = f"{base}/fhir" if allowed else "http://127.0.0.1:1/fhir"
    app = create_app(load_settings(auth="none", fhir_servers=(fhir,)))
    sandbox.register(app)
    take_feedback(app)
    server.app = app
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield base
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with demo() as address:
        yield address


@pytest.fixture(scope="module")
def browser(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    downloads = tmp_path_factory.mktemp("chromium")
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=FLAGS, downloads_path=downloads)
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser, base: str) -> Iterator[BrowserContext]:
    """A fresh profile that may use the clipboard."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as made:
        made.grant_permissions(["clipboard-read", "clipboard-write"], origin=base)
        yield made


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that must raise no error, report nothing to its console and call no other host."""
    complaints: list[str] = []
    hosts: set[str] = set()

    def heard(message: ConsoleMessage) -> None:
        complaints.append(f"{message.type}: {message.text}")

    def asked(request: Request) -> None:
        hosts.add(request.url.split("/")[2].split(":")[0])

    opened = context.new_page()
    opened.on("console", heard)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", asked)
    yield opened
    assert complaints == []
    assert hosts <= {"127.0.0.1"}


def open_patient(page: Page, base: str, patient_id: str) -> None:
    """Opens a patient by address and waits until the answer and the chart are shown."""
    page.goto(f"{base}/#{patient_id}")
    expect(page.locator("#status")).to_contain_text("Answered", timeout=15_000)
    expect(page.locator(".tile").first).to_be_visible()


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


def feedback_of(call: Request) -> Any:
    (entry,) = json.loads(call.post_data or "")["feedback"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", entry.pop("outcomeTimestamp"))
    UUID(entry.pop("card"))
    return entry


def test_taking_a_suggestion_shows_the_draft_and_tells_the_service(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    offer = page.get_by_role("button", name="Take: Tocilizumab 560 mg IV over 60 min")
    expect(offer.locator("xpath=..")).to_contain_text("Recommended")
    with page.expect_request(FEEDBACK) as told:
        offer.click()
    draft = json.loads(page.locator(".drafts pre").first.inner_text())
    assert (draft["resourceType"], draft["status"]) == ("MedicationRequest", "draft")
    assert draft["subject"] == {"reference": "Patient/demo-03"}
    suggestions = json.loads(page.locator("#response").text_content() or "")["cards"][0]["suggestions"]
    accepted = [{"id": suggestions[0]["uuid"]}]
    assert feedback_of(told.value) == {"outcome": "accepted", "acceptedSuggestions": accepted}
    expect(page.locator(".done")).to_contain_text(
        "Taken: Tocilizumab 560 mg IV over 60 min. The service was told."
    )


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
            const report = async (entry) => { told.push(entry); return ""; };
            const card = renderCard({ summary: "x", indicator: "critical", suggestions,
                selectionBehavior: "at-most-one" }, report);
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


def test_the_keyboard_takes_a_suggestion(page: Page, base: str) -> None:
    open_patient(page, base, "demo-07")
    page.locator(".offer").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".offer").first).to_be_focused()
    expect(page.locator(".drafts summary").first).to_have_text("Taken. Draft order, to be signed")


def test_letting_the_service_fetch_gives_the_same_card(page: Page, base: str) -> None:
    open_patient(page, base, "demo-02")
    summary = page.locator("article.card h3").first.inner_text()
    with page.expect_request(HOOK) as called:
        page.get_by_text("Service fetches").click()
    assert "prefetch" not in json.loads(called.value.post_data or "")
    expect(page.locator("#status")).to_contain_text("Answered 200", timeout=15_000)
    expect(page.locator("article.card h3").first).to_have_text(summary)


def test_the_panel_shows_what_went_over_the_wire(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    expect(page.locator("#request")).to_be_hidden()
    page.locator("#wire > summary").click()
    shown = json.loads(page.locator("#request").inner_text())
    assert shown["context"]["patientId"] == "demo-03"
    assert "cards" in json.loads(page.locator("#response").inner_text())
    expect(page.locator("#timing")).to_have_text(re.compile(r"Service \d+ ms, status 200"))
    expect(page.locator("#prefetch")).to_contain_text("Patient/demo-03")


def test_the_curl_command_gives_the_same_answer(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    page.locator("#wire > summary").click()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#copied")).to_have_text("Copied")
    command = page.evaluate("navigator.clipboard.readText()")
    ran = subprocess.run(["bash"], input=command.encode(), capture_output=True, check=True, timeout=30)
    summaries = [card["summary"] for card in json.loads(ran.stdout)["cards"]]
    assert summaries == page.locator("article.card h3").all_inner_texts()


def test_a_refusal_is_shown_with_its_reason(browser: Browser) -> None:
    with demo(allowed=False) as base, browser.new_context() as context:
        page = context.new_page()
        open_patient(page, base, "demo-03")
        error = page.locator(".card.error")
        expect(error).to_contain_text("Error 400")
        expect(error).to_contain_text("fhirServer is not a FHIR server this service may call")
        expect(page.locator("#cards")).not_to_contain_text("No card")


def test_a_service_that_is_gone_is_not_taken_for_no_card(browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        with demo() as base:
            open_patient(page, base, "demo-00")
        page.get_by_role("button", name="Call again").click()
        expect(page.locator(".card.error")).to_contain_text("Is the service running?")
        expect(page.locator("#cards")).not_to_contain_text("No card")


def test_the_keyboard_alone_opens_a_chart(page: Page, base: str) -> None:
    page.goto(base)
    for _ in range(3):
        page.keyboard.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_attribute("data-patient", "demo-01")
    assert focused.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("h1#name")).to_have_text("Demo 01 · fever alone")
    expect(page.locator("#status")).to_contain_text("Answered 200", timeout=15_000)
    expect(page.locator("[aria-current=page]")).to_have_count(1)


@pytest.mark.parametrize("width", [768, 1024])
def test_a_tablet_needs_no_sideways_scrolling(context: BrowserContext, base: str, width: int) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 1024})
    open_patient(page, base, "demo-05")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture(scope="module")
def render(browser: Browser, base: str) -> Iterator[Callable[[str], str]]:
    """``render(markdown)`` gives the HTML that the page makes of a card's detail."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(base)

        def made(markdown: str) -> str:
            html: str = page.evaluate(RENDER, markdown)
            return html

        yield made


RENDER = """async (text) => {
    const { renderMarkdown } = await import("/console/markdown.js");
    const box = document.createElement("div");
    box.append(renderMarkdown(text));
    return box.innerHTML;
}"""

MARKDOWN = {
    "one\ntwo\n\nthree": "<p>one two</p><p>three</p>",
    "**Now:** grade *3*, ***both***": "<p><strong>Now:</strong> grade <em>3</em>, "
    "<strong><em>both</em></strong></p>",
    "a  \nb\\\nc": "<p>a<br>b<br>c</p>",
    "`code **x**` __b__ _i_ snake_case_name 2 * 3 * 4": "<p><code>code **x**</code> <strong>b</strong> "
    "<em>i</em> snake_case_name 2 * 3 * 4</p>",
    "**Do**\n1. a *(TX-9)*; b *(TX-19)*\n2. c": "<p><strong>Do</strong></p>"
    "<ol><li>a <em>(TX-9)</em>; b <em>(TX-19)</em></li><li>c</li></ol>",
    "1. a\n2. b *(TX-9)*\n\n- c\n- d": "<ol><li>a</li><li>b <em>(TX-9)</em></li></ol>"
    "<ul><li>c</li><li>d</li></ul>",
    "- a\n  - b\n- c": "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>",
    "text\n- item": "<p>text</p><ul><li>item</li></ul>",
    r"38\.5 \*not bold\* \| \_x\_ \<i>": "<p>38.5 *not bold* | _x_ &lt;i&gt;</p>",
    "&lt;b&gt; &#38; &amp;lt;": "<p>&lt;b&gt; &amp; &amp;lt;</p>",
    "### Do": "<h4>Do</h4>",
    "> said": "<blockquote><p>said</p></blockquote>",
    "[guide](https://example.org/a)": '<p><a href="https://example.org/a" target="_blank" '
    'rel="noopener noreferrer">guide</a></p>',
    "*open and **open": "<p>*open and **open</p>",
    "a | b": "<p>a | b</p>",
}


@pytest.mark.parametrize("markdown", MARKDOWN)
def test_markdown_becomes_what_github_makes_of_it(render: Callable[[str], str], markdown: str) -> None:
    assert render(markdown) == MARKDOWN[markdown]


def test_a_table_keeps_escaped_bars_and_short_rows(render: Callable[[str], str]) -> None:
    text = "| why | value |\n| --- | ---: |\n| a\\|b | **1** |\n| only |\n\nafter"
    made = re.sub(r' scope="col"', "", render(text))
    assert made == (
        '<div class="scroll"><table><thead><tr><th>why</th><th class="align-right">value</th></tr></thead>'
        "<tbody>"
        '<tr><td>a|b</td><td class="align-right"><strong>1</strong></td></tr>'
        '<tr><td>only</td><td class="align-right"></td></tr></tbody></table></div><p>after</p>'
    )


@pytest.mark.parametrize(
    "hostile",
    [
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "| <img src=x onerror=alert(1)> | b |\n| --- | --- |\n| <iframe src=/> | </table><script> |",
        "- <svg onload=alert(1)>\n1. <a href=javascript:alert(1)>x</a>",
        "[x](javascript:alert(1)) ![y](https://example.org/y.png)",
        '[x](https://example.org/"onmouseover="alert(1))',
        "`</code><img src=x onerror=alert(1)>`",
        "&lt;img src=x onerror=alert(1)&gt; &#60;script&#62;",
        "**<b onclick=alert(1)>**",
    ],
)
def test_hostile_text_stays_text(render: Callable[[str], str], hostile: str) -> None:
    made = render(hostile)
    tags = set(re.findall(r"<\s*([a-zA-Z0-9]+)", made))
    assert tags <= {
        "p",
        "ul",
        "ol",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "div",
        "strong",
        "code",
        "a",
    }
    for attributes in re.findall(r"<[a-z]+\s([^>]*)>", made):
        assert re.fullmatch(
            r'(class="scroll"|scope="col"|href="https://[^"]*" target="_blank" rel="noopener noreferrer")',
            attributes,
        )


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
