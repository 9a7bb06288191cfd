"""Cell products and T-cell engagers, by whichever resource says that they were given."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fhir_mappings.facts import DrugGroup, PatientFacts, Therapy, TherapyKind
from tests.unit.mapping.fhir_json import (
    CPT,
    ICD10PCS,
    NDC,
    RXNORM,
    SUBJECT,
    administration,
    coded,
    issue_codes,
    mapped,
    procedure,
)

DAY = datetime(2026, 3, 7, tzinfo=UTC)


def only(facts: PatientFacts) -> Therapy:
    (therapy,) = facts.therapies
    return therapy


def immunization(code: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Immunization",
        "id": "i1",
        "status": "completed",
        "vaccineCode": code,
        "patient": SUBJECT,
        "occurrenceDateTime": "2026-03-07",
        **more,
    }


def test_a_procedure_to_the_day_gives_product_and_day() -> None:
    therapy = only(mapped(procedure(coded(ICD10PCS, "XW033H7"), performedDateTime="2026-03-07")))
    assert therapy == Therapy(
        TherapyKind.CAR_T,
        "axicabtagene-ciloleucel",
        DAY,
        "Procedure/p1",
        "axicabtagene ciloleucel",
        date_only=True,
    )


def test_a_general_code_names_no_product() -> None:
    therapy = only(mapped(procedure(coded(CPT, "38228"))))
    assert (therapy.kind, therapy.product, therapy.date_only) == (TherapyKind.CAR_T, None, False)


def test_an_administration_is_a_therapy_and_an_administration() -> None:
    facts = mapped(administration(coded(RXNORM, "1597258")))
    assert (only(facts).kind, only(facts).product) == (TherapyKind.T_CELL_ENGAGER, "blinatumomab")
    assert facts.administrations[0].groups == {DrugGroup.T_CELL_ENGAGER}


def test_an_administration_to_the_day_is_a_therapy_only() -> None:
    facts = mapped(administration(coded(NDC, "0078-0846-19"), effectiveDateTime="2026-03-07"))
    assert (only(facts).product, only(facts).date_only) == ("tisagenlecleucel", True)
    assert (facts.administrations, facts.issues) == ((), ())


def test_a_cell_product_charted_as_an_immunization() -> None:
    therapy = only(mapped(immunization(coded(NDC, "59572-515-01"))))
    assert (therapy.product, therapy.time, therapy.reference) == (
        "idecabtagene-vicleucel",
        DAY,
        "Immunization/i1",
    )


def test_a_product_known_by_name_only_is_used_and_it_is_said() -> None:
    for resource in (administration({"text": "Tarlatamab"}), immunization({"text": "Tarlatamab"})):
        facts = mapped(resource)
        assert only(facts).product == "tarlatamab"
        assert issue_codes(facts) == ["matched-by-text"]


@pytest.mark.parametrize("status", ["not-done", "entered-in-error", "preparation"])
def test_what_was_not_given_is_no_therapy(status: str) -> None:
    facts = mapped(procedure(coded(CPT, "38228"), status=status))
    assert (facts.therapies, len(facts.issues)) == ((), 1)


def test_an_immunization_not_done_or_of_another_patient_is_no_therapy() -> None:
    code = coded(NDC, "59572-515-01")
    assert issue_codes(mapped(immunization(code, status="not-done"))) == ["not-done"]
    assert issue_codes(mapped(immunization(code, patient={"reference": "Patient/8"}))) == ["other-patient"]


@pytest.mark.parametrize(
    ("changes", "issues"),
    [
        ({"performedDateTime": "2026-03"}, []),
        ({"performedDateTime": "2026-03-07T09:00:00"}, ["time-without-zone"]),
        ({"status": "unknown"}, ["status-unknown"]),
    ],
)
def test_a_therapy_is_not_lost_over_its_time_or_status(changes: dict[str, str], issues: list[str]) -> None:
    facts = mapped(procedure(coded(CPT, "38228"), **changes))
    assert [therapy.certain for therapy in facts.therapies] == [False]
    assert issue_codes(facts) == issues


def test_a_product_in_the_words_of_a_procedure_is_read() -> None:
    exact = mapped(procedure({"text": "tisagenlecleucel"}))
    assert [(t.product, t.certain) for t in exact.therapies] == [("tisagenlecleucel", True)]
    among = mapped(procedure({"text": "infusion of tisagenlecleucel, day 0"}))
    assert [(t.product, t.certain) for t in among.therapies] == [("tisagenlecleucel", False)]


def test_a_long_infusion_keeps_its_end() -> None:
    period = {"start": "2026-02-20T09:00:00Z", "end": "2026-03-09T09:00:00Z"}
    facts = mapped(procedure(coded(CPT, "38228"), performedDateTime=None, performedPeriod=period))
    assert [str(therapy.end) for therapy in facts.therapies] == ["2026-03-09 09:00:00+00:00"]


def test_a_planned_infusion_lies_ahead_and_is_not_known_yet() -> None:
    facts = mapped(procedure(coded(CPT, "38228"), performedDateTime="2026-03-11"))
    assert (facts.therapies, facts.issues) == ((), ())
