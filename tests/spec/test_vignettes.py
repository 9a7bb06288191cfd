"""Short cases with a known answer, each written in FHIR in two ways, through the mapping and the engine."""

from collections.abc import Callable, Iterator

import pytest

from cds_service.crs.assess import assess
from cds_service.tables import load_guideline
from fhir_mappings import CodeBook, map_resources
from fhir_mappings.facts import PatientFacts
from tests.builders import EVERYTHING, NOW, Json, at
from tests.oracle.oracle import judge
from tests.spec.vignettes import coding_a, coding_b
from tests.spec.vignettes.cases import Case, cases

CASES = list(cases())
CODINGS: dict[str, Callable[[Case], Iterator[Json]]] = {
    "coding A": coding_a.resources,
    "coding B": coding_b.resources,
}


GUIDELINE = load_guideline("astct-2019")
CODEBOOK = CodeBook.load()


def facts_of(case: Case, coding: str) -> PatientFacts:
    chart = CODINGS[coding](case)
    return map_resources(chart, CODEBOOK, as_of=NOW, patient_id="p", coverage=EVERYTHING)


every_case = pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
every_coding = pytest.mark.parametrize("coding", CODINGS)


@every_case
@every_coding
def test_engine_grades_the_case_as_expected(case: Case, coding: str) -> None:
    found = assess(facts_of(case, coding), GUIDELINE, NOW)
    grade = (found.grade.lowest, found.grade.highest) if found.grade else (None, None)
    expected = (case.expect["status"], case.expect.get("lowest"), case.expect.get("highest"))
    assert (str(found.status), *grade) == expected, f"{case.rule}: {case.says}"


@every_case
@every_coding
def test_oracle_grades_the_case_as_expected(case: Case, coding: str) -> None:
    expected = (case.expect["status"], case.expect.get("lowest"), case.expect.get("highest"))
    assert judge(facts_of(case, coding), NOW)[:3] == expected, f"{case.rule}: {case.says}"


@pytest.mark.parametrize("case", [c for c in CASES if "onset_h" in c.expect], ids=lambda c: c.id)
@every_coding
def test_episode_begins_with_its_first_fever(case: Case, coding: str) -> None:
    found = assess(facts_of(case, coding), GUIDELINE, NOW)
    assert found.onset == at(case.expect["onset_h"])


@pytest.mark.parametrize("case", [c for c in CASES if "peak" in c.expect], ids=lambda c: c.id)
@every_coding
def test_peak_of_the_episode_is_remembered(case: Case, coding: str) -> None:
    found = assess(facts_of(case, coding), GUIDELINE, NOW)
    assert found.peak is not None
    assert found.peak.grade == case.expect["peak"]


@pytest.mark.parametrize("case", [c for c in CASES if "notes" in c.expect], ids=lambda c: c.id)
@every_coding
def test_what_was_left_out_or_is_doubtful_is_said(case: Case, coding: str) -> None:
    found = assess(facts_of(case, coding), GUIDELINE, NOW)
    assert {n.code for n in found.notes} >= set(case.expect["notes"])


@every_case
@every_coding
def test_mapping_refuses_only_what_the_case_means_to_be_refused(case: Case, coding: str) -> None:
    """Otherwise a row that was lost on the way could pass unseen."""
    remarks = {"matched-by-text", "dose-text-only"}
    refused = {i.code for i in facts_of(case, coding).issues} - remarks
    assert refused == {"V66": {"implausible"}, "V48": {"entered-in-error"}}.get(case.id, set())
