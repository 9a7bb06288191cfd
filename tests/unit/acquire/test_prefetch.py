"""The states of a prefetch key: only an empty, complete Bundle means none."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from cds_service.acquire.answer import Answer
from cds_service.acquire.prefetch import read_prefetch
from cds_service.acquire.queries import PAGE_SIZE
from fhir_mappings.facts import COMPLETE
from fhir_mappings.searchset import decode_searchset
from tests.unit.acquire.charts import (
    BY_KEY,
    NOON,
    PATIENT,
    QUERIES,
    at,
    bundle,
    going_on,
    hourly,
    observation,
    outcome,
    patient,
    whole_prefetch,
)


def read(value: object, key: str = "vitals") -> Answer:
    return read_prefetch({key: value}, [BY_KEY[key]], PATIENT)[key]


def ids(answer: Answer) -> list[str]:
    return [resource["id"] for resource in answer.resources]


def entries(*listed: object) -> dict[str, object]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": list(listed)}


HIT = observation(1, 0)
FOREIGN = observation(2, 0, patient="someone-else")
INCLUDED = {"resourceType": "Provenance", "id": "x"}
COMPANIONS = [
    "Medication",
    "Provenance",
    "Practitioner",
    "PractitionerRole",
    "Organization",
    "Location",
    "Encounter",
]
CONDITION = {"resourceType": "Condition", "id": "c", "subject": {"reference": f"Patient/{PATIENT}"}}


def included(resource: object) -> dict[str, object]:
    return {"resource": resource, "search": {"mode": "include"}}


def bare(kind: str) -> dict[str, object]:
    return {"resource": {"resourceType": kind, "id": kind}}


COMPLETE_STATES = [
    pytest.param(bundle(), [], id="empty"),
    pytest.param(bundle(total=0), [], id="empty with total"),
    pytest.param(entries(), [], id="empty list"),
    pytest.param({"resourceType": "Bundle"}, [], id="no type, no entry"),
    pytest.param(bundle(HIT), ["o1"], id="results"),
    pytest.param(bundle(HIT, total=1), ["o1"], id="results with total"),
    pytest.param(entries({"resource": HIT}), ["o1"], id="entry without search"),
    pytest.param(bundle(HIT, HIT), ["o1", "o1"], id="duplicates are the mapper's"),
    pytest.param(bundle(HIT, INCLUDED), ["o1", "x"], id="included resource"),
    pytest.param(bundle(HIT, INCLUDED, total=1), ["o1", "x"], id="total counts matches"),
    pytest.param(bundle(HIT, outcome("information"), total=1), ["o1"], id="total counts no outcome"),
    pytest.param(bundle(HIT, total=Decimal("1.0")), ["o1"], id="total written as 1.0"),
    pytest.param(bundle(HIT, total=None), ["o1"], id="total null"),
    pytest.param(bundle(HIT, meta={"tag": [{"code": "other"}]}), ["o1"], id="tagged, not as cut"),
    pytest.param(bundle(HIT, issues=outcome("information")), ["o1"], id="issues: mere information"),
    pytest.param(
        entries({"resource": HIT}, included(observation(3, 0))), ["o1", "o3"], id="included Observation"
    ),
    pytest.param(
        entries({"resource": HIT}, included({"resourceType": "Flag", "id": "f"})),
        ["o1", "f"],
        id="included Flag",
    ),
    pytest.param(entries({"resource": HIT}, *map(bare, COMPANIONS)), ["o1", *COMPANIONS], id="companions"),
    pytest.param(entries(included({"resourceType": "Location", "id": "l"})), ["l"], id="included alone"),
    pytest.param(
        entries(
            included({"resourceType": "Location", "id": "l"}),
            {"resource": outcome("information"), "search": {"mode": "outcome"}},
        ),
        ["l"],
        id="included alone, with mere information",
    ),
    pytest.param(bundle(HIT, outcome("information", "informational")), ["o1"], id="mere information"),
    pytest.param(bundle(*hourly(100), total=100), [f"o{n}" for n in range(100)], id="a cap with total"),
    pytest.param(bundle(HIT, link=[{"relation": "self", "url": "x"}]), ["o1"], id="self link"),
    pytest.param(
        bundle({**HIT, "subject": {"reference": f"https://ehr.example/fhir/Patient/{PATIENT}"}}),
        ["o1"],
        id="absolute reference to the patient",
    ),
    pytest.param(
        bundle({**HIT, "subject": {"reference": f"Patient/{PATIENT}/_history/3"}}), ["o1"], id="versioned"
    ),
    pytest.param(bundle({**HIT, "subject": {"display": "as is"}}), ["o1"], id="subject without reference"),
    pytest.param(bundle({k: v for k, v in HIT.items() if k != "id"}), [None], id="no id"),
]


@pytest.mark.parametrize(("value", "expected"), COMPLETE_STATES)
def test_a_complete_bundle_proves_what_it_lacks(value: object, expected: list[str]) -> None:
    answer = read(value)
    assert [resource.get("id") for resource in answer.resources] == expected
    assert answer.coverage == COMPLETE
    assert answer.failure is None
    assert answer.rubbish == 0


SUBSETTED = {
    "tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}]
}
UNKNOWN_STATES = [
    pytest.param(None, "null", [], 0, id="null"),
    pytest.param(outcome(), "error", [], 0, id="OperationOutcome"),
    pytest.param(outcome("information"), "error", [], 0, id="informing OperationOutcome in place of results"),
    pytest.param(bundle(HIT, outcome("error")), "error", ["o1"], 0, id="outcome entry: error"),
    pytest.param(bundle(HIT, outcome("warning")), "error", ["o1"], 0, id="outcome entry: warning"),
    pytest.param(bundle(*hourly(100)), "truncated", [f"o{n}" for n in range(100)], 0, id="a usual cap"),
    pytest.param(
        bundle(outcome("information", "suppressed")), "error", [], 0, id="outcome entry: suppressed"
    ),
    pytest.param(bundle({"resourceType": "OperationOutcome"}), "error", [], 0, id="outcome without issue"),
    pytest.param(bundle(link=[{"relation": "next", "url": "x"}]), "truncated", [], 0, id="empty, next"),
    pytest.param(bundle(link=[{"relation": "next"}]), "truncated", [], 0, id="next without url"),
    pytest.param(going_on(HIT), "truncated", ["o1"], 0, id="next"),
    pytest.param(bundle(HIT, total=2), "truncated", ["o1"], 0, id="total above what came"),
    pytest.param(bundle(total=7), "truncated", [], 0, id="count only"),
    pytest.param(
        bundle(HIT, INCLUDED, total=2), "truncated", ["o1", "x"], 0, id="an included one is no match"
    ),
    pytest.param(
        bundle(HIT, outcome("information"), total=2), "truncated", ["o1"], 0, id="an outcome is no match"
    ),
    pytest.param(bundle(HIT, total="1"), "malformed", ["o1"], 0, id="total is text"),
    pytest.param(bundle(HIT, total=Decimal("1.5")), "malformed", ["o1"], 0, id="total is no whole number"),
    pytest.param(bundle(HIT, total=Decimal("1e999999")), "malformed", ["o1"], 0, id="total is absurd"),
    pytest.param(bundle(HIT, total=True), "malformed", ["o1"], 0, id="total is true"),
    pytest.param(bundle(HIT, total=-1), "malformed", ["o1"], 0, id="total below zero"),
    pytest.param(bundle(HIT, meta=SUBSETTED), "truncated", ["o1"], 0, id="tagged as a part"),
    pytest.param(bundle(meta=SUBSETTED), "truncated", [], 0, id="tagged as a part, empty"),
    pytest.param(bundle(HIT, issues=outcome("error")), "error", ["o1"], 0, id="issues: error"),
    pytest.param(bundle(HIT, issues=[]), "error", ["o1"], 0, id="issues: no outcome"),
    pytest.param(bundle(CONDITION), "malformed", ["c"], 0, id="a Bundle of another search"),
    pytest.param(
        bundle(HIT, CONDITION), "malformed", ["o1", "c"], 0, id="another search's result among them"
    ),
    pytest.param(entries(bare("Encounter")), "malformed", ["Encounter"], 0, id="companions of nothing"),
    pytest.param(
        bundle({**CONDITION, "subject": {"reference": "Patient/someone-else"}}),
        "wrong-patient",
        ["c"],
        0,
        id="a Bundle of another search and patient",
    ),
    pytest.param(
        entries({"resource": HIT}, included(FOREIGN)),
        "wrong-patient",
        ["o1", "o2"],
        0,
        id="another's included",
    ),
    pytest.param(
        bundle(HIT, patient("someone-else")), "wrong-patient", ["o1", "someone-else"], 0, id="another Patient"
    ),
    pytest.param(bundle(*hourly(30)), "truncated", [f"o{n}" for n in range(30)], 0, id="a small cap"),
    pytest.param(bundle(HIT, FOREIGN), "wrong-patient", ["o1", "o2"], 0, id="another patient among them"),
    pytest.param(bundle(FOREIGN), "wrong-patient", ["o2"], 0, id="another patient"),
    pytest.param(going_on(FOREIGN), "wrong-patient", ["o2"], 0, id="another patient, next"),
    pytest.param(entries({"resource": HIT}, None, 7, "x", []), "malformed", ["o1"], 4, id="no objects"),
    pytest.param(entries({}, {"fullUrl": "urn:x"}), "malformed", [], 2, id="entries without resource"),
    pytest.param(entries({"resource": []}, {"resource": {"id": "x"}}), "malformed", [], 2, id="no type"),
    pytest.param(entries({"resource": {"resourceType": 7}}), "malformed", [], 1, id="type is a number"),
    pytest.param({"resourceType": "Bundle", "entry": None}, "malformed", [], 0, id="entry null"),
    pytest.param({"resourceType": "Bundle", "entry": {}}, "malformed", [], 0, id="entry object"),
    pytest.param(bundle(type="transaction-response"), "malformed", [], 0, id="another kind of Bundle"),
    pytest.param(bundle(type=["searchset"]), "malformed", [], 0, id="type is a list"),
    pytest.param(bundle(link="x"), "malformed", [], 0, id="link is text"),
    pytest.param(HIT, "malformed", [], 0, id="a bare resource"),
    pytest.param({}, "malformed", [], 0, id="empty object"),
    pytest.param([], "malformed", [], 0, id="list"),
    pytest.param("", "malformed", [], 0, id="text"),
    pytest.param(False, "malformed", [], 0, id="false"),
]


@pytest.mark.parametrize(("value", "reason", "expected", "rubbish"), UNKNOWN_STATES)
def test_anything_else_proves_nothing_but_its_resources_are_kept(
    value: object, reason: str, expected: list[str], rubbish: int
) -> None:
    answer = read(value)
    assert ids(answer) == expected
    assert (answer.coverage.since is None) is (len(expected) < 3)  # a page that falls proves its own span
    assert answer.coverage.reason == reason
    assert answer.failure is not None
    assert answer.failure.reason == reason
    assert not answer.failure.transient
    assert answer.rubbish == rubbish


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "null"),
        (outcome(), "error"),
        (patient("someone-else"), "wrong-patient"),
        (patient("P1"), "wrong-patient"),
        ({"resourceType": "Practitioner", "id": PATIENT}, "malformed"),
        (bundle(patient()), "malformed"),
        ({"resourceType": "Patient", "id": None}, "wrong-patient"),
    ],
)
def test_a_read_of_anything_but_the_patient_is_refused(value: object, reason: str) -> None:
    answer = read(value, "patient")
    assert answer.resources == ()
    assert answer.coverage.since is None
    assert answer.coverage.reason == reason


@pytest.mark.parametrize("value", [patient(), {"resourceType": "Patient", "birthDate": "1961-04-02"}])
def test_a_read_of_the_patient_with_or_without_id(value: dict[str, Any]) -> None:
    answer = read(value, "patient")
    assert answer.resources == (value,)
    assert answer.coverage == COMPLETE


@pytest.mark.parametrize("prefetch", [None, {}, [], "x", {"unasked": bundle(HIT)}])
def test_without_prefetch_nothing_is_known(prefetch: object) -> None:
    answers = read_prefetch(prefetch, QUERIES, PATIENT)
    assert set(answers) == {query.key for query in QUERIES}
    for answer in answers.values():
        assert answer.resources == ()
        assert answer.coverage.since is None
        assert answer.coverage.reason == "not-supplied"


def test_a_whole_prefetch_is_wholly_known() -> None:
    answers = read_prefetch(whole_prefetch(), QUERIES, PATIENT)
    assert {key: answer.coverage for key, answer in answers.items()} == {q.key: COMPLETE for q in QUERIES}


def test_a_cut_page_newest_first_is_complete_back_to_its_oldest_item_and_no_further() -> None:
    coverage = read(going_on(*hourly(6))).coverage
    oldest = NOON - timedelta(hours=5)
    assert coverage.reason == "truncated"
    assert coverage.reaches(oldest + timedelta(seconds=1))
    assert not coverage.reaches(oldest)  # others of that very time may be on the next page


@pytest.mark.parametrize("cap", [10, 20, 25, 30, 50, 100, 200, 250, 500, 1_000])
def test_a_page_exactly_as_full_as_a_usual_cap_may_be_cut(cap: int) -> None:
    assert read(bundle(*hourly(cap))).coverage.reason == "truncated"
    assert read(bundle(*hourly(cap - 1))).coverage == COMPLETE
    assert read(bundle(*hourly(cap), total=cap)).coverage == COMPLETE


def test_a_page_as_full_as_asked_for_without_links_or_total_counts_as_cut() -> None:
    full = read(bundle(*hourly(PAGE_SIZE)))
    assert full.coverage.reason == "truncated"
    assert full.coverage.reaches(NOON)
    assert read(bundle(*hourly(PAGE_SIZE), total=PAGE_SIZE)).coverage == COMPLETE
    assert read(bundle(*hourly(PAGE_SIZE + 1))).coverage == COMPLETE


@pytest.mark.parametrize("order", [[5, 4, 3, 2, 1, 0], [0, 1, 2, 4, 3, 5], [0, 2, 1, 3, 4, 5]])
def test_a_cut_page_in_another_order_proves_nothing(order: list[int]) -> None:
    page = hourly(6)
    assert read(going_on(*[page[index] for index in order])).coverage.since is None


def test_conditions_are_not_sorted_so_a_cut_page_of_them_proves_nothing() -> None:
    conditions = [
        {"resourceType": "Condition", "id": f"c{n}", "recordedDate": at(n), "onsetDateTime": at(n)}
        for n in range(6)
    ]
    assert read(going_on(*conditions), "conditions").coverage.since is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"meta": SUBSETTED}, "truncated"),
        ({"issues": outcome("error")}, "error"),
        ({"total": Decimal("2.0")}, "truncated"),
        ({"total": "1"}, "malformed"),
    ],
)
def test_what_a_bundle_says_of_itself_is_heard_however_it_is_decoded(
    said: dict[str, Any], reason: str
) -> None:
    sent = msgspec.json.Encoder(decimal_format="number").encode(bundle(HIT, **said))
    decoded = decode_searchset(sent) or msgspec.json.Decoder(float_hook=Decimal).decode(sent)
    assert read(decoded).coverage.reason == reason


def test_a_bundle_that_says_when_it_was_made_is_still_read_the_quick_way() -> None:
    decoded = decode_searchset(msgspec.json.encode(bundle(HIT, meta={"lastUpdated": at(0)})))
    assert decoded is not None
    assert read(decoded).coverage == COMPLETE
