"""Why a card may be declined."""

from __future__ import annotations

import pytest
from fhir.resources.R4B import get_fhir_model_class

from cds_service.cards.overrides import (
    GRADING,
    ORDER,
    SYSTEM,
    ReasonList,
    code_system,
    override_reasons,
    value_set,
)

BOTH = pytest.mark.parametrize("reasons", [GRADING, ORDER], ids=lambda r: r.id)


@BOTH
def test_the_reasons_are_few_and_each_has_code_system_and_words(reasons: ReasonList) -> None:
    shown = override_reasons(reasons)
    assert len(shown) == 6
    assert all(set(reason) == {"code", "system", "display"} and all(reason.values()) for reason in shown)
    assert len({reason["code"] for reason in shown}) == len({reason["display"] for reason in shown}) == 6


@BOTH
def test_already_acting_and_another_cause_can_always_be_said(reasons: ReasonList) -> None:
    assert {"already-acting", "another-cause"} <= set(reasons.codes)


def test_who_fears_for_the_cells_reads_that_short_courses_impair_them_little() -> None:
    """TX-21."""
    (reason,) = [r for r in override_reasons(GRADING) if r["code"] == "efficacy-concern"]
    assert "short courses of tocilizumab and steroids impair it little" in reason["display"]


def test_the_codes_stay_as_they_are() -> None:
    """A code that was answered once must stay readable: add, never rename or remove."""
    assert SYSTEM == "urn:uuid:5c109f21-4083-4d70-b3b2-cac7cb616200"
    assert {concept["code"] for concept in code_system()["concept"]} >= {
        "already-acting", "another-cause", "chart-wrong", "efficacy-concern", "specialist-plan",
        "not-for-this-patient", "pharmacy-agreed", "weight-wrong", "earlier-dose-wrong", "other-indication",
    }  # fmt: skip


def test_the_code_system_is_valid_and_defines_every_reason() -> None:
    system = code_system()
    get_fhir_model_class("CodeSystem").model_validate(system)
    defined = {concept["code"]: concept["display"] for concept in system["concept"]}
    for reason in override_reasons(GRADING) + override_reasons(ORDER):
        assert defined[reason["code"]] == reason["display"]
    assert system["count"] == len(defined) == len(system["concept"])


@BOTH
def test_each_list_is_a_valid_value_set_over_the_one_code_system(reasons: ReasonList) -> None:
    listed = value_set(reasons)
    get_fhir_model_class("ValueSet").model_validate(listed)
    (include,) = listed["compose"]["include"]
    assert include["system"] == SYSTEM
    assert tuple(concept["code"] for concept in include["concept"]) == reasons.codes
