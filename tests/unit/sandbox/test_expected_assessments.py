"""The synthetic patients through mapping and engine: each scenario gives the assessment it was built for."""

from datetime import UTC, datetime

import pytest

from cds_service.acquire.files import EVERYTHING
from cds_service.crs.assess import assess
from cds_service.sandbox import patients
from cds_service.tables import load_codebook, load_guideline
from fhir_mappings import map_resources

CODEBOOK = load_codebook(None)
GUIDELINE = load_guideline("astct-2019")
MOMENTS = (datetime(2026, 3, 1, 10, 30, 42, tzinfo=UTC), datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC))


@pytest.mark.parametrize("now", MOMENTS, ids=str)
@pytest.mark.parametrize("patient_id", patients.ids())
def test_a_scenario_is_assessed_as_its_list_says(patient_id: str, now: datetime) -> None:
    chart = patients.resources(patient_id, now)
    facts = map_resources(chart, CODEBOOK, as_of=now, patient_id=patient_id, coverage=EVERYTHING, zone=None)
    found = assess(facts, GUIDELINE, now)
    expected = patients.expected(patient_id)
    ends = (found.grade.lowest, found.grade.highest) if found.grade else (None, None)
    assert (found.status, *ends) == (expected.status, expected.lowest, expected.highest)
    assert {issue.code for issue in facts.issues} <= {"matched-by-text"}  # fluids go by name
