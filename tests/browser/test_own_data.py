"""Charts that somebody brings along are assessed as `crs-cds grade` does it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from cds_service.sandbox import patients

THEN = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)


def open_own(page: Page, base: str) -> None:
    page.goto(base)
    page.get_by_role("link", name="Bring your own data").click()


def test_ndjson_of_last_spring_is_graded_as_of_its_newest_entry(
    page: Page, base: str, tmp_path: Path
) -> None:
    file = patients.write_ndjson(tmp_path, THEN)[3]
    open_own(page, base)
    page.get_by_label("FHIR as JSON or NDJSON").fill(file.read_text(encoding="utf-8"))
    page.get_by_role("button", name="Assess").click()
    expect(page.locator("#own-said")).to_contain_text("1 patient, as of 2026-03-01T10:1", timeout=15_000)
    expect(page.locator("#own .card h3")).to_contain_text("CRS grade 3")
    expect(page.locator("#own .offer")).to_have_count(0)


def test_a_bundle_in_a_file_is_assessed_when_it_is_chosen(page: Page, base: str, tmp_path: Path) -> None:
    entries = [{"resource": each} for who in ("demo-00", "demo-05") for each in patients.resources(who, THEN)]
    file = tmp_path / "bundle.json"
    file.write_text(
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}), encoding="utf-8"
    )
    open_own(page, base)
    page.get_by_label("or a file").set_input_files(file)
    expect(page.locator("#own-said")).to_contain_text("2 patients", timeout=15_000)
    results = page.locator(".own-result")
    expect(results.nth(0)).to_contain_text("no CRS is charted")
    expect(results.nth(1)).to_contain_text("CRS grade 4")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not FHIR", "not JSON"),
        ('{"resourceType": "Bundle",\n "entry": [}', "not JSON"),
        ('{"resourceType":"Patient","id":"a"}\n{broken', "input:2: not JSON"),
        ('{"a": 1}', "not a FHIR resource"),
        ('{"resourceType": "Medication"}', "no patient found"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(
    context: BrowserContext, base: str, text: str, said: str
) -> None:
    page = context.new_page()
    open_own(page, base)
    page.get_by_label("FHIR as JSON or NDJSON").fill(text)
    page.get_by_role("button", name="Assess").click()
    expect(page.locator("#own .card.error")).to_contain_text(said, timeout=15_000)
    expect(page.locator("#own")).not_to_contain_text("No card")
