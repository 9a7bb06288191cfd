"""Two real intensive-care stays, graded at times whose readings were taken from the charts by hand.

The stays hold local codes (read with an overlay) and no immune therapy: the test gives a CAR-T date. They
were not CRS; what is checked is that temperature, oxygen and vasopressors are read as a person reads them.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cds_service.crs.assess import assess
from cds_service.crs.evidence import Assessment, Status
from cds_service.tables import load_codebook, load_guideline
from fhir_mappings import map_resources
from fhir_mappings.facts import COMPLETE, Source

OVERLAY = Path(__file__).parent / "mimic-overlay.toml"
STAYS = "mimic-iv-demo-reconstructed"
WITH_FEVER, WITHOUT_FEVER = "stay-25809882.ndjson", "stay-22942076.ndjson"
CAR_T = {
    "stay-25809882.ndjson": "2166-08-20T12:00:00-05:00",
    "stay-22942076.ndjson": "2111-11-12T12:00:00-05:00",
}
ICD_10_PCS = "http://www.cms.gov/Medicare/Coding/ICD10"


@pytest.fixture(scope="module")
def stays(external_data: Path) -> dict[str, list[dict[str, Any]]]:
    decoder = msgspec.json.Decoder(float_hook=Decimal)
    found = {}
    for name, given in CAR_T.items():
        rows = [decoder.decode(line) for line in (external_data / STAYS / name).read_bytes().splitlines()]
        code = {"coding": [{"system": ICD_10_PCS, "code": "XW033H7"}]}
        therapy = {"resourceType": "Procedure", "id": "car-t", "status": "completed", "code": code}
        found[name] = [*rows, therapy | {"subject": rows[0]["subject"], "performedDateTime": given}]
    return found


def judged(resources: list[dict[str, Any]], as_of: str, *added: dict[str, Any]) -> Assessment:
    time = datetime.fromisoformat(as_of)
    patient = resources[0]["subject"]["reference"].removeprefix("Patient/")
    facts = map_resources(
        [*resources, *added],
        load_codebook(OVERLAY),
        as_of=time,
        patient_id=patient,
        coverage=dict.fromkeys(Source, COMPLETE),
    )
    return assess(facts, load_guideline("astct-2019"), time)


def on(assessment: Assessment, axis: str) -> tuple[int, set[str]]:
    """The grade of an axis and the concepts that give it."""
    for criterion in assessment.criteria:
        if criterion.axis == axis:
            return criterion.grade, {str(item.concept) for item in criterion.evidence}
    return 0, set()


@pytest.mark.parametrize(
    ("time", "status", "grade", "hypoxia", "concepts"),
    [
        ("2166-08-22T03:00:00-05:00", Status.NO_EPISODE, None, 0, set()),  # 99.5 °F at 01:20
        ("2166-08-22T04:30:00-05:00", Status.ACTIVE, 4, 4, {"ventilator"}),  # 102.9 °F; CPAP/PSV by tube
        ("2166-08-23T14:30:00-05:00", Status.ACTIVE, 4, 4, {"ventilator"}),  # CPAP/PSV at 13:00
        ("2166-08-23T16:30:00-05:00", Status.ACTIVE, 3, 3, {"face-tent"}),  # extubated: tent at 16:00
        ("2166-08-23T20:00:00-05:00", Status.ACTIVE, 2, 2, {"nasal-cannula"}),  # 4 L/min at 20:00
        ("2166-08-24T12:00:00-05:00", Status.ACTIVE, 2, 2, {"nasal-cannula"}),  # 3 L/min at 04:00
    ],
)
def test_oxygen_is_read_as_a_person_does(
    stays: dict[str, Any], time: str, status: Status, grade: int | None, hypoxia: int, concepts: set[str]
) -> None:
    answer = judged(stays[WITH_FEVER], time)
    assert answer.status is status
    assert (answer.grade.lowest if answer.grade else None) == grade
    assert on(answer, "hypoxia")[0] == hypoxia
    assert concepts <= on(answer, "hypoxia")[1]


@pytest.mark.parametrize(
    ("time", "running", "since"),
    [
        ("2166-08-22T07:45:00-05:00", False, None),
        ("2166-08-22T14:10:00-05:00", True, "2166-08-22T07:50:00-05:00"),  # many rates, one run
        ("2166-08-22T17:00:00-05:00", False, None),  # stopped at 15:05
        ("2166-08-22T20:00:00-05:00", True, "2166-08-22T18:30:00-05:00"),
        ("2166-08-22T22:00:00-05:00", False, None),  # stopped at 21:46
        ("2166-08-22T23:30:00-05:00", True, "2166-08-22T22:51:00-05:00"),  # 65 minutes: not bridged
        ("2166-08-23T01:00:00-05:00", False, None),
    ],
)
def test_norepinephrine_runs_when_it_was_charted(
    stays: dict[str, Any], time: str, running: bool, since: str | None
) -> None:
    answer = judged(stays[WITH_FEVER], time)
    pressors = [e for c in answer.criteria for e in c.evidence if e.concept == "norepinephrine"]
    assert bool(pressors) is running
    if since:
        assert pressors[0].since == datetime.fromisoformat(since)


def test_the_peak_is_the_time_on_the_ventilator(stays: dict[str, Any]) -> None:
    answer = judged(stays[WITH_FEVER], "2166-08-24T12:00:00-05:00")
    assert answer.peak is not None
    assert answer.peak.grade == 4
    assert answer.onset == datetime.fromisoformat("2166-08-22T04:00:00-05:00")


def test_impossible_mean_pressures_are_left_out_and_said(stays: dict[str, Any]) -> None:
    answer = judged(stays[WITH_FEVER], "2166-08-23T21:00:00-05:00")
    refused = [i.value for i in answer.issues if i.code == "implausible" and i.concept == "mean-pressure"]
    assert any(Decimal(value) == -19 for value in refused)


def test_without_a_fever_there_is_no_episode_whatever_the_support(stays: dict[str, Any]) -> None:
    assert judged(stays[WITHOUT_FEVER], "2111-11-14T12:00:00-05:00").status is Status.NO_EPISODE


@pytest.mark.parametrize(
    ("time", "grade", "drugs"),
    [
        ("2111-11-14T00:40:00-05:00", 4, {"norepinephrine", "phenylephrine", "vasopressin"}),
        ("2111-11-14T03:30:00-05:00", 4, {"norepinephrine", "phenylephrine", "vasopressin"}),
        ("2111-11-14T12:00:00-05:00", 3, {"norepinephrine", "vasopressin"}),
        ("2111-11-15T12:00:00-05:00", 3, {"norepinephrine"}),  # vasopressin ended at 10:00
    ],
)
def test_vasopressors_are_counted_without_vasopressin(
    stays: dict[str, Any], time: str, grade: int, drugs: set[str]
) -> None:
    """A fever is added to the stay, for its vasopressors to grade."""
    code = {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]}
    fever = {
        "resourceType": "Observation", "id": "fever", "status": "final", "code": code,
        "subject": stays[WITHOUT_FEVER][0]["subject"], "effectiveDateTime": "2111-11-14T00:05:00-05:00",
        "valueQuantity": {"value": Decimal("38.5"), "system": "http://unitsofmeasure.org", "code": "Cel"},
    }  # fmt: skip
    masked = {
        "resourceType": "MedicationAdministration", "id": "dex", "status": "completed",
        "subject": stays[WITHOUT_FEVER][0]["subject"], "effectiveDateTime": "2111-11-14T00:06:00-05:00",
        "medicationCodeableConcept": {
            "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "3264"}]
        },
    }  # fmt: skip
    found, concepts = on(judged(stays[WITHOUT_FEVER], time, fever, masked), "hypotension")
    assert found == grade
    assert drugs <= concepts
    assert concepts - drugs <= {"systolic"}
