"""Diagnoses: group, grade, and whether they are active at the time asked for."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fhir_mappings.facts import Condition, ConditionGroup, PatientFacts
from tests.unit.mapping.fhir_json import (
    ICD10CM,
    SNOMED,
    coded,
    condition,
    issue_codes,
    mapped,
)

CRS = coded(SNOMED, "710027002")


def only(facts: PatientFacts) -> Condition:
    (found,) = facts.conditions
    return found


def test_an_active_diagnosis_with_the_grade_its_code_names() -> None:
    facts = mapped(condition(coded(ICD10CM, "D89.832")))
    assert only(facts) == Condition(
        ConditionGroup.CRS,
        True,
        "Condition/c1",
        "Cytokine release syndrome, grade 2",
        datetime(2026, 3, 9, tzinfo=UTC),
        2,
    )
    assert facts.issues == ()


@pytest.mark.parametrize(
    ("system", "code", "group"),
    [
        (SNOMED, "710027002", ConditionGroup.CRS),
        ("https://www.meddra.org", "10052015", ConditionGroup.CRS),
        (ICD10CM, "G92.03", ConditionGroup.ICANS),
        (ICD10CM, "A41.51", ConditionGroup.INFECTION),
        (SNOMED, "84114007", ConditionGroup.COMORBIDITY),
        (SNOMED, "91175000", ConditionGroup.SEIZURE),
    ],
)
def test_diagnoses_go_by_group(system: str, code: str, group: ConditionGroup) -> None:
    assert only(mapped(condition(coded(system, code)))).group is group


@pytest.mark.parametrize(
    ("status", "active"),
    [
        ("active", True),
        ("recurrence", True),
        ("relapse", True),
        ("inactive", False),
        ("remission", False),
        ("resolved", False),
        ("Resolved ", False),
    ],
)
def test_the_clinical_status_decides(status: str, active: bool) -> None:
    facts = mapped(condition(CRS, clinicalStatus={"coding": [{"code": status}]}))
    assert only(facts).active is active
    assert facts.issues == ()


@pytest.mark.parametrize("status", [None, {"coding": [{"code": "sometimes"}]}, 3])
def test_a_missing_clinical_status_is_taken_as_active_and_said(status: Any) -> None:
    facts = mapped(condition(CRS, clinicalStatus=status))
    assert only(facts).active
    assert issue_codes(facts) == ["clinical-status-missing"]


def test_a_status_given_as_plain_text_is_read() -> None:
    assert not only(mapped(condition(CRS, clinicalStatus="resolved"))).active


@pytest.mark.parametrize(
    ("abatement", "active"),
    [
        ({"abatementDateTime": "2026-03-10T07:00:00Z"}, False),
        ({"abatementDateTime": "2026-03-10T10:00:00Z"}, True),
        ({"abatementPeriod": {"start": "2026-03-08", "end": "2026-03-09"}}, False),
        ({"abatementPeriod": {"start": "2026-03-08"}}, False),
        ({"abatementString": "last week"}, False),
        ({"abatementAge": {"value": 55}}, False),
        ({"abatementBoolean": True}, False),
        ({"abatementDateTime": "some day"}, False),
    ],
)
def test_an_end_in_the_past_ends_it_whatever_the_status_says(abatement: dict[str, Any], active: bool) -> None:
    assert only(mapped(condition(CRS, **abatement))).active is active


def test_a_diagnosis_resolved_later_was_active_then() -> None:
    resolved = {"clinicalStatus": {"coding": [{"code": "resolved"}]}, "abatementDateTime": "2026-03-12"}
    assert only(mapped(condition(CRS, **resolved))).active


@pytest.mark.parametrize("verification", ["refuted", "entered-in-error", "entered-in-error "])
def test_a_refuted_diagnosis_is_dropped(verification: str) -> None:
    facts = mapped(condition(CRS, verificationStatus={"coding": [{"code": verification}]}))
    assert (facts.conditions, issue_codes(facts)) == ((), [verification.strip()])


def test_a_diagnosis_not_made_yet_is_not_known() -> None:
    later = mapped(condition(CRS, onsetDateTime="2026-03-11"))
    recorded = mapped(condition(CRS, onsetDateTime=None, recordedDate="2026-03-11"))
    assert (later.conditions, later.issues) == ((), ())
    assert (recorded.conditions, recorded.issues) == ((), ())


def test_the_day_it_was_recorded_stands_in_for_the_onset_and_is_said() -> None:
    facts = mapped(condition(CRS, onsetDateTime=None, recordedDate="2026-03-08"))
    assert only(facts).onset == datetime(2026, 3, 8, tzinfo=UTC)
    assert issue_codes(facts) == ["time-from-recorded"]


def test_a_diagnosis_may_have_no_onset_or_a_coarse_one() -> None:
    assert only(mapped(condition(CRS, onsetDateTime=None))).onset is None
    assert only(mapped(condition(CRS, onsetDateTime="2025"))).onset == datetime(2025, 1, 1, tzinfo=UTC)


def test_codings_of_two_groups_are_an_issue() -> None:
    both = {"coding": [*CRS["coding"], *coded(ICD10CM, "A41.9")["coding"]]}
    facts = mapped(condition(both))
    assert (facts.conditions, issue_codes(facts)) == ((), ["conflicting-codes"])


def test_other_diagnoses_leave_no_trace() -> None:
    facts = mapped(condition(coded(ICD10CM, "C83.30")))
    assert (facts.conditions, facts.issues) == ((), ())
