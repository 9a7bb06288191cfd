"""The synthetic patients of the demo: charts of three to five days that end now.

None of them is a person, and none is taken from one.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from cds_service.sandbox.chart import Chart
from cds_service.sandbox.courses import COURSES
from cds_service.sandbox.elements import Json, whole_minute
from cds_service.sandbox.scenario import Expected, Scenario

SCENARIOS: dict[str, Scenario] = {scenario.id: scenario for scenario in COURSES}


def ids() -> tuple[str, ...]:
    """The patient ids, in the order of the patient list."""
    return tuple(SCENARIOS)


def expected(patient_id: str) -> Expected:
    """What the service should make of the patient. Raises KeyError for an unknown id."""
    return SCENARIOS[patient_id].expected


def resources(patient_id: str, now: datetime) -> list[Json]:
    """All FHIR R4 resources of a patient as of ``now`` (aware; cut to the minute).

    The same ``now`` gives the same resources; ids do not depend on it.
    Raises KeyError for an unknown id, ValueError for a time without a zone.
    """
    scenario = SCENARIOS[patient_id]
    chart = Chart(scenario, whole_minute(now))
    scenario.write(chart)
    return chart.resources


def build(now: datetime) -> dict[str, list[Json]]:
    """Every patient's resources as of ``now``, by patient id."""
    return {patient_id: resources(patient_id, now) for patient_id in SCENARIOS}


def write_ndjson(folder: Path, now: datetime) -> list[Path]:
    """Write one NDJSON file a patient, as ``crs-cds grade`` reads it; gives the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for patient_id, chart in build(now).items():
        path = folder / f"{patient_id}.ndjson"
        lines = (json.dumps(resource, ensure_ascii=False, separators=(",", ":")) for resource in chart)
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        written.append(path)
    return written
