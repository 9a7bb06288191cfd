"""A vector as FHIR, through the mapping and the engine."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cds_service.crs.assess import assess
from cds_service.crs.evidence import Assessment
from cds_service.tables import load_guideline
from fhir_mappings import CodeBook, map_resources
from fhir_mappings.facts import PatientFacts, Source
from tests.builders import EVERYTHING, NOTHING, NOW, Json
from tests.spec.treatment.cases import Vector, vectors
from tests.spec.vignettes import coding_a

GUIDELINE = load_guideline("astct-2019")
VECTORS = {vector.id: vector for vector in vectors()}
OFFERED = {coding.code: item.id for item in GUIDELINE.orders.orders.values() for coding in item.codings}
SITE = f"""
source = "a hospital"
date = 2026-03-10
concept = [{{ id = "ice-score", codes = [{{ system = "{coding_a.LOCAL}", code = "ICE" }}] }}]
"""


@cache
def codebook() -> CodeBook:
    """The code tables, with the hospital's own code of the ICE score."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "site.toml"
        path.write_text(SITE, "utf-8")
        return CodeBook.load(path)


def resources(vector: Vector) -> list[Json]:
    return list(coding_a.resources(vector))


def map_chart(chart: list[Json], unknown: tuple[str, ...] = ()) -> PatientFacts:
    coverage = {**EVERYTHING, **{Source(name): NOTHING for name in unknown}}
    return map_resources(chart, codebook(), as_of=NOW, patient_id="p", coverage=coverage)


@cache
def facts_of(vector: str) -> PatientFacts:
    return map_chart(resources(VECTORS[vector]), VECTORS[vector].unknown)


@cache
def assessed(vector: str) -> Assessment:
    return assess(facts_of(vector), GUIDELINE, NOW)


def offers(card: Json) -> list[str]:
    """What may be signed: a drug by its instruction, a test by its id."""
    drafts = [action["resource"] for each in card.get("suggestions", ()) for action in each["actions"]]
    return [
        draft["dosageInstruction"][0]["text"]
        if draft["resourceType"] == "MedicationRequest"
        else OFFERED[draft["code"]["coding"][0]["code"]]
        for draft in drafts
    ]
