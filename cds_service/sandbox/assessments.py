"""What the service makes of whole charts, without a hook: for the patient list, and for charts of others."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cds_service.acquire.files import EVERYTHING, by_patient, opened
from cds_service.cards.document import assessment_document
from cds_service.cards.grading import grading_card
from cds_service.crs.assess import assess
from cds_service.crs.evidence import Assessment
from cds_service.hooks.run import Engine
from fhir_mappings import map_resources

Json = dict[str, Any]
MOST_PATIENTS = 50
"""Patients of one file that are assessed at once."""


class TooManyPatientsError(ValueError):
    """More patients than a page can show."""


def overview(patient_id: str, resources: Iterable[Any], engine: Engine, as_of: datetime) -> Json:
    """Status, grade and the course of the grade of one patient."""
    document = assessment_document(
        _assessed(patient_id, resources, engine, as_of), engine.guideline, engine.zone
    )
    kept = ("patient", "status", "grade", "course", "resolved")
    return {key: document[key] for key in kept if key in document}


def assessed_file(text: bytes, engine: Engine, as_of: datetime) -> list[Json]:
    """Each patient of a file, with the assessment and the card; the file is taken as the whole record.

    Raises ConfigurationError where it is no FHIR, TooManyPatientsError.
    """
    groups = list(by_patient(opened(text, "input")))
    if len(groups) > MOST_PATIENTS:
        raise TooManyPatientsError(f"{len(groups)} patients: at most {MOST_PATIENTS} are shown at once")
    return [_shown(patient_id, resources, engine, as_of) for patient_id, resources in groups]


def _shown(patient_id: str, resources: list[Json], engine: Engine, as_of: datetime) -> Json:
    found = _assessed(patient_id, resources, engine, as_of)
    card = grading_card(found, engine.guideline, engine.zone)
    return {
        "patient": patient_id,
        "resources": len(resources),
        "assessment": assessment_document(found, engine.guideline, engine.zone),
        **({"card": card} if card else {}),
    }


def _assessed(patient_id: str, resources: Iterable[Any], engine: Engine, as_of: datetime) -> Assessment:
    facts = map_resources(
        resources,
        engine.codebook,
        as_of=as_of,
        patient_id=patient_id,
        coverage=EVERYTHING,
        zone=engine.zone,
        skew=engine.guideline.windows["clock-skew"],
    )
    return assess(facts, engine.guideline, as_of)
