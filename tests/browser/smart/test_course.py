"""What the page shows: the whole chart, as the engine sees it, and honestly where a part is lacking."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.smart.fake_ehr import TOKEN, Eavesdropper, FakeEhr
from tests.browser.smart.service import Watched
from tests.integration.fake_fhir import Fault, document, raw, status


def assessed(watched: Watched, base: str, ehr: FakeEhr) -> dict[str, Any]:
    """Launches the page; the answer that it drew."""
    with watched.page.expect_response("**/smart/assessment") as answer:
        watched.launch(base, ehr)
    found: dict[str, Any] = answer.value.json()
    return found


def graded(ehr: FakeEhr, as_of: str, folder: Path) -> dict[str, Any]:
    """``crs-cds grade`` of the same resources, as of the same time."""
    file = folder / "stay.ndjson"
    file.write_text("".join(json.dumps(resource) + "\n" for resource in ehr.resources))
    command = [sys.executable, "-m", "cds_service.cli", "grade", "--as-of", as_of, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_all_pages_of_a_search_are_read(watched: Watched, base: str, ehr: FakeEhr) -> None:
    ehr.page_limit = 150
    watched.launch(base, ehr)
    vitals = [seen for seen in ehr.calls("Observation") if "8310-5" in seen.params["code"]]
    assert [seen.params.get("_start") for seen in vitals] == [None, "150", "300"]
    assert len(watched.table("spo2")) == 1 + 120, "the limit, and a reading an hour"
    expect(watched.page.locator(".gaps")).to_have_count(0)
    assert watched.complaints == []


def test_page_and_tables_say_what_the_engine_says(
    watched: Watched, base: str, ehr: FakeEhr, tmp_path: Path
) -> None:
    drawn = assessed(watched, base, ehr)
    told = graded(ehr, drawn["asOf"], tmp_path)
    assert in_numbers(drawn["assessment"]) == in_numbers(told)
    steps = [row for row in watched.table("grade") if row[1]]
    assert [row[2] for row in reversed(steps)] == [in_words(change["grade"]) for change in told["course"]]
    evidence = watched.page.get_by_role("table", name="Evidence").inner_text()
    for criterion in told["criteria"]:
        assert all(item["reference"] in evidence for item in criterion["evidence"])
    sums = {row[2].split(" mcg")[0] for row in watched.table("vasopressors")}
    assert sums == {step["value"] for step in told["norepinephrineEquivalent"]} - {"0"}
    advice = watched.page.locator(".advice li").all_inner_texts()
    assert [text.rsplit(" ", 1)[0] for text in advice] == [row["text"] for row in told["recommendations"]]
    assert "Tocilizumab: 1 of 4 given" in watched.page.locator(".next-dose").inner_text()


def in_words(grade: dict[str, int]) -> str:
    low, high = grade["lowest"], grade["highest"]
    if low == high:
        return f"grade {low}"
    return f"grade at least {low}" if low else f"grade 0 to {high}"


def in_numbers(value: Any) -> Any:
    """Amounts by value: a browser writes 38.0 as 38."""
    if isinstance(value, dict):
        return {key: in_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [in_numbers(item) for item in value]
    try:
        return Decimal(value) if isinstance(value, str) else value
    except ArithmeticError:
        return value


def test_a_link_to_another_server_never_gets_the_token(watched: Watched, base: str, ehr: FakeEhr) -> None:
    with Eavesdropper() as stranger:
        page = {"resourceType": "Bundle", "type": "searchset", "total": 900, "entry": []}
        page["link"] = [{"relation": "next", "url": f"{stranger.origin}/fhir/Observation?page=2"}]
        ehr.always("MedicationAdministration", document(page))
        watched.launch(base, ehr)
        assert stranger.heard == []
    gaps = watched.page.locator(".gaps").inner_text()
    assert (
        "Drugs given: only in part: the rest is at an address outside the EHR, which was not asked." in gaps
    )
    expect(watched.page.locator("h1")).to_contain_text("at least")
    assert watched.complaints == [], "the address was not even tried"


@pytest.mark.parametrize("elsewhere", ["/other", "/fhir/../admin", "/fhirx", "/fhir/%2e%2e/admin"])
def test_a_link_beside_the_fhir_base_is_not_followed(
    watched: Watched, base: str, ehr: FakeEhr, elsewhere: str
) -> None:
    page = {"resourceType": "Bundle", "type": "searchset", "total": 900, "entry": []}
    page["link"] = [{"relation": "next", "url": f"{ehr.origin}{elsewhere}?page=2"}]
    ehr.always("Condition", document(page))
    watched.launch(base, ehr)
    assert "Diagnoses: only in part" in watched.page.locator(".gaps").inner_text()
    assert not [seen for seen in ehr.seen if "page" in seen.params]


def test_a_redirect_takes_the_token_nowhere(watched: Watched, base: str, ehr: FakeEhr) -> None:
    with Eavesdropper() as stranger:
        ehr.always("Condition", status(302, {"Location": f"{stranger.origin}/fhir/Condition"}))
        watched.launch(base, ehr)
        assert stranger.heard == []
    assert "Diagnoses" in watched.page.locator(".gaps").inner_text()


def test_drugs_that_are_named_by_reference_are_read_too(watched: Watched, base: str, ehr: FakeEhr) -> None:
    given = next(r for r in ehr.resources if r["resourceType"] == "MedicationAdministration")
    code = given.pop("medicationCodeableConcept")
    given["medicationReference"] = {"reference": "Medication/drug-1"}
    ehr.resources.append({"resourceType": "Medication", "id": "drug-1", "code": code})
    watched.launch(base, ehr)
    expect(watched.page.locator(".gaps")).to_have_count(0)
    assert ehr.calls("Medication")[0].params["_id"] == "drug-1"


SAID: list[tuple[str, Fault, str]] = [
    ("Condition", status(403), "Diagnoses: the EHR did not allow it."),
    ("Condition", status(500), "Diagnoses: the EHR failed or could not be reached."),
    ("Condition", status(429), "Diagnoses: the EHR asked to wait."),
    ("Condition", raw(b"<html>"), "Diagnoses: the EHR's answer was no FHIR."),
    (
        "MedicationRequest",
        document({"resourceType": "OperationOutcome", "issue": []}),
        "Active orders: the EHR answered with an error.",
    ),
]


@pytest.mark.parametrize(("kind", "fault", "said"), SAID, ids=[said[:40] for _, _, said in SAID])
def test_a_search_that_fails_is_named_and_the_rest_is_shown(
    watched: Watched, base: str, ehr: FakeEhr, kind: str, fault: Fault, said: str
) -> None:
    ehr.always(kind, fault)
    watched.launch(base, ehr)
    expect(watched.page.locator(".gaps li")).to_have_text([said])
    expect(watched.page.locator("h1")).to_contain_text("CRS grade")


def test_what_the_scopes_leave_out_is_not_taken_for_nothing(
    watched: Watched, base: str, ehr: FakeEhr
) -> None:
    ehr.granted = {"scope": "launch patient/Observation.rs patient/Patient.rs patient/Procedure.rs"}
    watched.launch(base, ehr)
    gaps = watched.page.locator(".gaps").inner_text()
    assert "Drugs given: the EHR did not allow it." in gaps
    expect(watched.page.locator("h1")).to_contain_text("at least")
    expect(watched.page.get_by_text("None among what could be read")).to_have_count(0)


def every(ehr: FakeEhr, fault: Fault) -> None:
    for kind in {resource["resourceType"] for resource in ehr.resources} | {
        "Condition", "Immunization", "MedicationRequest",
    }:  # fmt: skip
        ehr.always(kind, fault)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda ehr: every(ehr, status(401)), "Your session has ended"),
        (lambda ehr: every(ehr, status(503)), "The chart could not be read"),
        (lambda ehr: every(ehr, status(429)), "The EHR asks to wait"),
        (lambda ehr: ehr.granted.update(patient=None), "did not say which patient"),
        (lambda ehr: ehr.resources.clear(), "No grade can be given"),
    ],
    ids=["expired", "down", "throttled", "no patient", "no data"],
)
def test_where_nothing_can_be_said_the_page_says_so(
    watched: Watched, base: str, ehr: FakeEhr, spoil: Callable[[FakeEhr], None], said: str
) -> None:
    spoil(ehr)
    watched.launch(base, ehr)
    assert said in watched.trouble()
    expect(watched.page.locator("h1")).to_have_count(1)


def test_a_session_that_ends_later_is_said_when_the_chart_is_read_again(
    watched: Watched, base: str, ehr: FakeEhr
) -> None:
    watched.launch(base, ehr)
    ehr.once("Observation", *[status(401)] * 3)
    watched.page.get_by_role("button", name="Read again").click()
    expect(watched.page.locator(".trouble h1")).to_have_text("Your session has ended")


def test_the_token_goes_to_the_ehr_and_nowhere_else(watched: Watched, base: str, ehr: FakeEhr) -> None:
    carried: set[str] = set()

    def note(request: Any) -> None:
        text = json.dumps(request.headers) + (request.post_data or "") + request.url
        if TOKEN in text:
            carried.add(request.url.split("/")[2])

    watched.page.on("request", note)
    watched.launch(base, ehr)
    assert carried == {ehr.origin.removeprefix("http://")}
