"""The short way for everyday Observations reads exactly what the careful way reads."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings.chart import Chart
from fhir_mappings.everyday import read_everyday
from fhir_mappings.facts import Concept, PatientFacts
from fhir_mappings.mapper import READERS
from fhir_mappings.observations import read_carefully
from fhir_mappings.resources import gather
from tests.unit.mapping.fhir_json import NOW, book, component, mapped, observation, panel
from tests.unit.mapping.tampering import tamper
from tests.unit.mapping.test_mapper import CHART

OBSERVATIONS = [resource for resource in CHART if resource["resourceType"] == "Observation"]
USUAL = [
    observation("8310-5", "38.5", "Cel"),
    observation("59408-5", 93, "%"),
    observation("76215-3", "84", "mm[Hg]"),
    panel(component("8480-6", "84", "mm[Hg]"), component("8462-4", "50", "mm[Hg]")),
]


def carefully(*resources: dict[str, Any], skew: timedelta) -> PatientFacts:
    """As ``map_resources``, without the short way."""
    gathered = gather(resources)
    chart = Chart(book(), "7", NOW, NOW + skew, None, gathered)
    for reference, resource in gathered:
        if resource["resourceType"] == "Observation":
            read_carefully(chart.book.meaning(resource.get("code")), reference, resource, chart)
        elif resource["resourceType"] in READERS:
            READERS[resource["resourceType"]](reference, resource, chart)
    return chart.facts({})


@settings(deadline=None, max_examples=300)
@given(seed=st.integers(), minutes=st.sampled_from([0, 10]))
def test_the_short_way_and_the_careful_way_agree_on_tampered_observations(seed: int, minutes: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    tampered = tamper(chance.choice(USUAL + OBSERVATIONS), chance)
    skew = timedelta(minutes=minutes)
    assert mapped(tampered, skew=skew) == carefully(tampered, skew=skew)


@pytest.mark.parametrize("resource", USUAL)
def test_the_usual_vital_signs_are_everyday_ones(resource: dict[str, Any]) -> None:
    chart = Chart(book(), "7", NOW, NOW, None, gather([resource]))
    assert read_everyday(book().meaning(resource["code"]), "Observation/o1", resource, chart)
    assert sum(map(len, chart.readings.values())) == 1
    assert set(mapped(resource).readings) <= {Concept.TEMPERATURE, Concept.SPO2, Concept.SYSTOLIC}
