"""Scopes of SMART 1 and 2, and what an answer proves under them."""

from __future__ import annotations

import pytest

from cds_service.acquire.answer import Answer
from cds_service.acquire.reasons import Failure, Reason
from cds_service.acquire.scopes import Grant, granted, limited
from fhir_mappings.facts import COMPLETE
from tests.unit.acquire.charts import observation

EMPTY = Answer((), COMPLETE)
FILLED = Answer((observation(1, 1),), COMPLETE)


@pytest.mark.parametrize(
    ("scope", "grant"),
    [
        (None, Grant.WHOLE),
        ("", Grant.WHOLE),
        ("launch openid fhirUser offline_access", Grant.WHOLE),
        ("epic.scanning.dmsusername", Grant.WHOLE),
        ("patient/Observation.read", Grant.WHOLE),
        ("user/*.read launch", Grant.WHOLE),
        ("system/*.*", Grant.WHOLE),
        ("patient/Observation.rs", Grant.WHOLE),
        ("patient/*.cruds", Grant.WHOLE),
        ("patient/Observation.s", Grant.WHOLE),
        ("patient/Observation.rs?category=vital-signs patient/Observation.rs", Grant.WHOLE),
        ("patient/Observation.rs?category=vital-signs", Grant.PART),
        ("patient/Observation.write", Grant.NOTHING),
        ("patient/Observation.r", Grant.NOTHING),
        ("patient/Patient.rs user/Condition.read", Grant.NOTHING),
    ],
)
def test_what_a_scope_grants(scope: str | None, grant: Grant) -> None:
    """CH-19: the spellings of 2.0.1 and of the 3.0 ballot."""
    assert granted(scope, "Observation") is grant


def test_what_a_scope_grants_in_part_proves_nothing_but_is_used() -> None:
    for answer in (EMPTY, FILLED):
        found = limited(answer, Grant.PART)
        assert found.resources == answer.resources
        assert (found.coverage.since, found.coverage.reason) == (None, "refused")
        assert found.failure is not None


def test_nothing_found_where_nothing_was_granted_is_not_none() -> None:
    assert limited(EMPTY, Grant.NOTHING).coverage.since is None
    assert limited(FILLED, Grant.NOTHING) is FILLED  # the server goes by something else


def test_the_first_reason_stays() -> None:
    late = Answer((), failure=Failure(Reason.TIMEOUT, transient=True))
    assert limited(late, Grant.PART).failure == late.failure
    assert limited(late, Grant.WHOLE) is late
