"""The day of birth, as exactly as it is known."""

from datetime import date
from typing import Any

import pytest

from tests.unit.mapping.fhir_json import issue_codes, mapped


def patient(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "7", **more}


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        ("1961-05-04", (date(1961, 5, 4), date(1961, 5, 4))),
        ("1961-05", (date(1961, 5, 1), date(1961, 5, 31))),
        ("1961", (date(1961, 1, 1), date(1961, 12, 31))),
    ],
)
def test_a_partial_birth_date_is_a_range_of_days(born: str, expected: tuple[date, date]) -> None:
    assert mapped(patient(birthDate=born)).birth_date == expected


@pytest.mark.parametrize("born", ["04.05.1961", "1961-02-30", 1961, "2999-01-01"])
def test_a_birth_date_that_cannot_be_is_refused(born: Any) -> None:
    facts = mapped(patient(birthDate=born))
    assert (facts.birth_date, issue_codes(facts)) == (None, ["birth-date-not-understood"])


def test_no_birth_date_is_no_fault() -> None:
    facts = mapped(patient())
    assert (facts.birth_date, facts.issues) == (None, ())


def test_another_patient_does_not_lend_a_birth_date() -> None:
    facts = mapped(patient(id="8", birthDate="1961-05-04"))
    assert (facts.birth_date, issue_codes(facts)) == (None, ["other-patient"])
