"""The treatment vectors, TX-1 to TX-23: FHIR through the mapping and the engine to the card."""

from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

import cds_service
from cds_service.cards.document import assessment_document
from cds_service.cards.grading import delay_card, grading_card
from tests.builders import Json, at
from tests.spec.treatment.cases import EXPECTED, LEDGER, Vector, hours_of
from tests.spec.treatment.reading import GUIDELINE, VECTORS, assessed, facts_of, offers

CASES = list(VECTORS.values())
ROWS = {row.id: row for row in GUIDELINE.regimen.advice}
SCHEMA = msgspec.json.decode(
    (Path(cds_service.__file__).parent / "web" / "schema_files" / "assessment.json").read_bytes()
)


def card_of(vector: Vector) -> Json:
    card = grading_card(assessed(vector.id), GUIDELINE)
    assert card is not None, f"{vector.id}: no card"
    return card


def those_with(*keys: str) -> pytest.MarkDecorator:
    chosen = [v for v in CASES if any(key in v.expect for key in keys)]
    return pytest.mark.parametrize("vector", chosen, ids=lambda v: v.id)


@those_with("grade")
def test_the_grade_is_the_one_that_the_case_is_about(vector: Vector) -> None:
    grade = assessed(vector.id).grade
    assert grade is not None
    assert [grade.lowest, grade.highest] == list(vector.expect["grade"]), vector.says


@those_with("recommendations")
def test_what_is_recommended_is_there(vector: Vector) -> None:
    found = {(r.rule, r.id, r.strength) for r in assessed(vector.id).recommendations}
    assert set(vector.recommended) - found == set(), f"{vector.rule}: {vector.says}"


@those_with("absent")
def test_what_does_not_apply_is_not_there(vector: Vector) -> None:
    found = {r.id for r in assessed(vector.id).recommendations}
    assert found & set(vector.expect["absent"]) == set(), f"{vector.rule}: {vector.says}"


@those_with("tocilizumab")
def test_the_ledger_of_tocilizumab_is_as_expected(vector: Vector) -> None:
    document = assessment_document(assessed(vector.id), GUIDELINE)
    ledger, wanted = document["tocilizumab"], dict(vector.expect["tocilizumab"])
    for key in wanted.pop("lacks", ()):
        assert key not in ledger, f"{key}: {vector.says}"
    found = {
        **ledger,
        "flags": [flag for dose in ledger.get("doses", ()) for flag in dose.get("flags", ())],
        "otherRoutes": len(ledger.get("otherRoutes", ())),
    }
    if "nextPossible_h" in wanted:
        wanted["nextPossible"] = fhir_time(wanted.pop("nextPossible_h"))
    assert {key: found.get(key) for key in wanted} == wanted, f"{vector.rule}: {vector.says}"


def fhir_time(hours: Any) -> str:
    return at(hours_of(hours)).isoformat(timespec="seconds").replace("+00:00", "Z")


@those_with("offered")
def test_what_may_be_signed_is_offered(vector: Vector) -> None:
    assert set(vector.expect["offered"]) <= set(offers(card_of(vector))), vector.says


@those_with("not_offered")
def test_what_is_given_ordered_or_doubtful_is_not_offered(vector: Vector) -> None:
    offered = [offer.lower() for offer in offers(card_of(vector))]
    banned = tuple(vector.expect["not_offered"])
    assert [offer for offer in offered if offer.startswith(banned)] == [], f"{vector.rule}: {vector.says}"


@those_with("text", "not_text")
def test_the_card_says_so(vector: Vector) -> None:
    """Whether a sentence begins a line of the card does not matter: its first letter may be small."""
    detail = card_of(vector)["detail"].lower()
    assert [text for text in vector.expect.get("text", ()) if text.lower() not in detail] == [], detail
    assert [text for text in vector.expect.get("not_text", ()) if text.lower() in detail] == [], detail


@those_with("overrides")
def test_who_declines_finds_the_reason(vector: Vector) -> None:
    reasons = {reason["code"] for reason in card_of(vector)["overrideReasons"]}
    assert set(vector.expect["overrides"]) <= reasons, vector.says


@those_with("delay")
def test_a_card_of_its_own_says_that_cells_should_wait(vector: Vector) -> None:
    card = delay_card(assessed(vector.id), GUIDELINE)
    assert (card is not None) == vector.expect["delay"], f"{vector.rule}: {vector.says}"
    if card is not None:
        assert card["extension"]["org.crs-cds.rules"] == [vector.rule]


every_vector = pytest.mark.parametrize("vector", CASES, ids=lambda v: v.id)


@every_vector
def test_each_line_of_advice_names_its_rule_on_the_card_and_in_its_data(vector: Vector) -> None:
    assessment = assessed(vector.id)
    card = grading_card(assessment, GUIDELINE)
    if card is None:
        return
    rules = {r.rule for r in assessment.recommendations}
    assert rules <= set(card["extension"]["org.crs-cds.rules"])
    assert all(f"*({rule})*" in card["detail"] for rule in rules)


@every_vector
def test_the_assessment_keeps_its_schema(vector: Vector) -> None:
    document = assessment_document(assessed(vector.id), GUIDELINE)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


@every_vector
def test_mapping_loses_nothing_that_a_vector_charts(vector: Vector) -> None:
    """Otherwise a row that was lost on the way could make a case pass."""
    remarks = {"matched-by-text", "dose-text-only", "dose-missing"}
    refused = {i.code for i in facts_of(vector.id).issues} - remarks
    meant = {
        "not-given-does-not-count": {"entered-in-error", "not-done"},
        "V66": {"implausible"},
        "V48": {"entered-in-error"},
    }
    assert refused == meant.get(vector.id, set())


def test_every_treatment_requirement_has_vectors() -> None:
    counted = Counter(v.rule for v in CASES)
    assert {f"TX-{n}" for n in range(1, 24)} == set(counted)
    assert min(counted.values()) >= 2, counted


def test_every_row_of_advice_of_the_shipped_table_is_expected_somewhere_and_absent_elsewhere() -> None:
    wanted = {advised.id for v in CASES for advised in v.recommended}
    absent = {name for v in CASES for name in v.expect.get("absent", ())}
    assert set(ROWS) - wanted == set()
    assert (wanted | absent) - set(ROWS) <= {"proximity-short", "dexamethasone-early"}


def test_no_vector_has_a_key_that_nobody_reads() -> None:
    for vector in CASES:
        assert set(vector.expect) <= EXPECTED, vector.id
        assert set(vector.expect.get("tocilizumab", {})) <= LEDGER, vector.id
        assert vector.source in GUIDELINE.sources, vector.id
        for advised in vector.recommended:
            assert (ROWS[advised.id].rule, ROWS[advised.id].strength) == (advised.rule, advised.strength)


def test_every_vector_has_a_name_of_its_own() -> None:
    assert [name for name, times in Counter(v.id for v in CASES).items() if times > 1] == []
