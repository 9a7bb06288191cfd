"""``crs-patient-view``: the grade of CRS and why, when a clinician opens a patient."""

from __future__ import annotations

from cds_service.cards.grading import delay_card, grading_card
from cds_service.cards.links import course_links
from cds_service.hooks.request import HookRequest
from cds_service.hooks.run import Answer, Engine, Service, name_gaps, picture, summarize


def respond(request: HookRequest, engine: Engine) -> Answer:
    """One grading card, or none where there is nothing to say (GR-8); another where cells should wait."""
    assessment, _, acquired = picture(request, engine, engine.clock())
    card = grading_card(assessment, engine.guideline, engine.zone, request.encounter_id)
    if card:
        name_gaps(card, acquired)
        card |= course_links(engine.companion(request.fhir_server), assessment)
    cards = (card, delay_card(assessment, engine.guideline))
    return Answer({"cards": [each for each in cards if each]}, summarize(assessment, acquired))


SERVICE = Service(
    id="crs-patient-view",
    hook="patient-view",
    title="Cytokine release syndrome: grade",
    description="Grades cytokine release syndrome by the ASTCT consensus after CAR-T cells and T-cell "
    "engagers, says what to do and offers orders for signing, with the evidence. No card where a patient is "
    "not at risk or there is nothing to say.",
    usage="Send the prefetch keys complete, or fhirServer with a token that may read Patient, Observation, "
    "MedicationAdministration, MedicationRequest, Medication, Procedure, Immunization and Condition. "
    "412 where neither is there.",
    respond=respond,
)
