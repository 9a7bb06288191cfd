"""From one chart to the next on a slow network: nothing of the former patient is shown or done there."""

import json

from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.demo import checked, open_patient, order, wait_for_answer

VIEW = "**/cds-services/crs-patient-view"


def hold(page: Page, address: str, most: int = 9) -> list[Route]:
    """The first calls to the address wait in the list until they are continued."""
    held: list[Route] = []

    def answer(route: Route) -> None:
        if len(held) < most:
            held.append(route)
        else:
            route.continue_()

    page.route(address, answer)
    return held


def wait_for(page: Page, held: list[Route], count: int = 1) -> None:
    for _ in range(100):
        if len(held) >= count:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{len(held)} calls instead of {count}")


def test_a_card_of_the_former_patient_is_gone_before_the_next_answers(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    held = hold(page, VIEW)
    page.locator("a[data-patient='demo-05']").click()
    expect(page.locator("h1#name")).to_contain_text("Demo 05")
    wait_for(page, held)
    assert page.locator("#cards article").count() == 0
    held[0].continue_()
    wait_for_answer(page)
    expect(page.locator("#cards h3").first).to_contain_text("CRS grade 4")


def test_orders_that_are_signed_late_leave_the_next_patients_drafts_alone(page: Page, base: str) -> None:
    open_patient(page, base, "demo-05")
    order(page, "dexa", "10")
    checked(page)
    open_patient(page, base, "demo-03")
    order(page, "toci", "560")
    checked(page)
    held = hold(page, "**/ehr/patients/demo-03/orders")
    page.get_by_role("button", name="Sign order").click()
    wait_for(page, held)
    page.locator("a[data-patient='demo-05']").click()
    checked(page)
    held[0].continue_()
    expect(page.locator("#ward-said")).to_contain_text("Demo 03", timeout=15_000)
    expect(page.locator("#ward-said")).to_contain_text("Signed: tocilizumab 560 mg")
    expect(page.locator(".draft .words")).to_have_text("dexamethasone 10 mg intravenous once")
    expect(page.locator("#sign-said")).to_have_text("")
    open_patient(page, base, "demo-03")
    expect(page.locator("#drafts li")).to_have_count(0)


def test_what_was_charted_late_is_said_with_its_patient(page: Page, base: str) -> None:
    open_patient(page, base, "demo-03")
    held = hold(page, "**/ehr/patients/demo-03/values")
    page.get_by_label("Value to chart").fill("39.9")
    page.get_by_role("button", name="Chart", exact=True).click()
    wait_for(page, held)
    page.locator("a[data-patient='demo-05']").click()
    wait_for_answer(page)
    held[0].continue_()
    expect(page.locator("#ward-said")).to_contain_text("Demo 03", timeout=15_000)
    expect(page.locator("#ward-said")).to_contain_text("Charted: 39.9 °C")
    expect(page.locator("#value-said")).to_have_text("")


def test_a_late_comparison_is_not_shown_at_the_next_patient(page: Page, base: str) -> None:
    page.goto(f"{base}/?compare={base}#demo-03")
    wait_for_answer(page)
    held = hold(page, VIEW, most=2)
    page.get_by_role("button", name="Compare", exact=True).click()
    wait_for(page, held, 2)
    page.locator("a[data-patient='demo-05']").click()
    wait_for_answer(page)
    for route in held:
        route.continue_()
    page.wait_for_timeout(1_500)
    expect(page.locator("#compare-results h3")).to_have_count(0)


def test_late_grades_do_not_replace_newer_ones(page: Page, base: str) -> None:
    open_patient(page, base, "demo-01")
    expect(page.locator("#grade .badge")).to_have_text("grade 1", timeout=15_000)
    with page.expect_response("**/ehr/grades") as old:
        page.reload()
    body = old.value.body()
    wait_for_answer(page)
    held = hold(page, "**/ehr/grades", most=1)
    page.get_by_role("button", name="Advance 6 h").click()
    wait_for(page, held)
    page.get_by_label("Chart now").select_option(label="Norepinephrine")
    page.get_by_label("Value to chart").fill("0.1")
    page.get_by_role("button", name="Chart", exact=True).click()
    expect(page.locator("#grade .badge")).to_have_text("grade 3", timeout=15_000)
    held[0].fulfill(status=200, content_type="application/json", body=body)
    page.wait_for_timeout(500)
    expect(page.locator("#grade .badge")).to_have_text("grade 3")


def test_grades_that_cannot_be_had_are_not_shown_as_they_were(context: BrowserContext, base: str) -> None:
    page = context.new_page()
    open_patient(page, base, "demo-03")
    expect(page.locator("#grade .badge")).to_have_text("grade 3", timeout=15_000)
    page.route("**/ehr/grades", lambda route: route.fulfill(status=500, body="{}"))
    page.get_by_role("button", name="Advance 1 h").click()
    expect(page.locator("#grade .badge")).to_have_text("grade not known", timeout=15_000)
    expect(page.locator(".patients .badge").first).to_have_text("not known")
    expect(page.locator("#ward-said")).to_contain_text("The grades of the list are not known")


def test_a_late_assessment_is_not_shown_for_what_was_pasted_after_it(page: Page, base: str) -> None:
    page.goto(f"{base}/#own")
    text = page.get_by_label("FHIR as JSON or NDJSON")
    held = hold(page, "**/ehr/assess*", most=1)
    text.fill(json.dumps({"resourceType": "Patient", "id": "first"}))
    page.get_by_role("button", name="Assess").click()
    wait_for(page, held)
    text.fill(json.dumps({"resourceType": "Patient", "id": "second"}))
    page.get_by_role("button", name="Assess").click()
    expect(page.locator(".own-result")).to_contain_text("Patient second", timeout=15_000)
    held[0].continue_()
    page.wait_for_timeout(500)
    expect(page.locator(".own-result")).to_contain_text("Patient second")
