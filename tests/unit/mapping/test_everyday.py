"""The short way for everyday Observations reads exactly what the careful way reads."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings.chart import Chart
from fhir_mappings.everyday import read_everyday
from fhir_mappings.facts import COMPLETE, Concept, PatientFacts, Source
from fhir_mappings.mapper import map_resources
from fhir_mappings.resources import gather
from fhir_mappings.searchset import Searchset, decode_searchset, plain
from tests.unit.mapping.fhir_json import NOW, book, component, observation, panel
from tests.unit.mapping.tampering import tamper
from tests.unit.mapping.test_mapper import CHART

OBSERVATIONS = [resource for resource in CHART if resource["resourceType"] == "Observation"]
USUAL = [
    observation("8310-5", "38.5", "Cel"),
    observation("8310-5", "101.3", "[degF]"),
    observation("59408-5", 93, "%"),
    observation("76215-3", "84", "mm[Hg]"),
    observation("8867-4", 110, "/min"),
    observation("3151-8", 4, "L/min"),
    panel(component("8480-6", "84", "mm[Hg]"), component("8462-4", "50", "mm[Hg]")),
]
_exact = msgspec.json.Encoder(decimal_format="number")
_anything = msgspec.json.Decoder(float_hook=Decimal)


def sent(*resources: dict[str, Any]) -> bytes:
    entries = [{"resource": resource} for resource in resources]
    return _exact.encode({"resourceType": "Bundle", "type": "searchset", "entry": entries})


def decoded(*resources: dict[str, Any]) -> Searchset | None:
    return decode_searchset(sent(*resources))


def facts(resources: list[Any], skew: timedelta = timedelta(0)) -> PatientFacts:
    everything = dict.fromkeys(Source, COMPLETE)
    return map_resources(resources, book(), as_of=NOW, patient_id="7", coverage=everything, skew=skew)


def both_ways(
    *resources: dict[str, Any], skew: timedelta = timedelta(0)
) -> tuple[PatientFacts, PatientFacts]:
    """Read the short way where the Bundle can be, and the careful way from its parsed JSON."""
    bundle = decoded(*resources)
    parsed = [entry["resource"] for entry in _anything.decode(sent(*resources))["entry"]]
    short = [entry.resource for entry in bundle.entry or []] if bundle else parsed
    return facts(short, skew), facts(parsed, skew)


@settings(deadline=None, max_examples=400)
@given(seed=st.integers(), minutes=st.sampled_from([0, 10]))
def test_the_short_way_and_the_careful_way_agree_on_tampered_observations(seed: int, minutes: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    tampered = tamper(chance.choice(USUAL + OBSERVATIONS), chance)
    try:
        _anything.decode(sent(tampered))
    except (TypeError, ValueError, OverflowError):
        return  # cannot be sent as JSON
    short, careful = both_ways(tampered, skew=timedelta(minutes=minutes))
    assert short == careful


@pytest.mark.parametrize("resource", [*USUAL, *OBSERVATIONS])
def test_both_ways_agree_as_charted(resource: dict[str, Any]) -> None:
    short, careful = both_ways(resource)
    assert short == careful


@pytest.mark.parametrize("resource", [USUAL[0], USUAL[2], USUAL[3], USUAL[6]])
def test_the_usual_vital_signs_are_everyday_ones(resource: dict[str, Any]) -> None:
    bundle = decoded(resource)
    assert bundle is not None
    (entry,) = bundle.entry or []
    chart = Chart(book(), "7", NOW, NOW, None, gather([entry.resource]))
    assert read_everyday("Observation/o1", entry.resource, chart)
    read = {name for name, found in chart.readings.items() if found}
    usual = ({Concept.TEMPERATURE}, {Concept.SPO2}, {Concept.SYSTOLIC}, {Concept.SYSTOLIC, Concept.DIASTOLIC})
    assert read in usual


@pytest.mark.parametrize(
    "member",
    ["modifierExtension", "hasMember", "effectivePeriod", "valueString", "dataAbsentReason", "device"],
)
def test_a_bundle_with_anything_out_of_the_ordinary_is_not_decoded_here(member: str) -> None:
    assert decoded(USUAL[0]) is not None
    assert decoded(USUAL[0], USUAL[2] | {member: [{}]}) is None
    assert decoded(USUAL[0], {"resourceType": "Procedure", "id": "p"}) is None


def test_of_two_versions_the_newer_is_read_whichever_way() -> None:
    older = USUAL[0] | {"meta": {"versionId": "1"}}
    newer = observation("8310-5", "39.9", "Cel") | {"meta": {"versionId": "2"}}
    for pair in ((older, newer), (newer, older)):
        short, careful = both_ways(*pair)
        assert short == careful
        assert [r.value for r in short.readings[Concept.TEMPERATURE]] == [Decimal("39.9")]


def test_a_corrected_result_replaces_an_everyday_one() -> None:
    identifier = [{"system": "urn:x", "value": "1"}]
    wrong = USUAL[0] | {"identifier": identifier}
    right = observation("8310-5", "37.1", "Cel") | {
        "id": "o2", "identifier": identifier, "status": "corrected",
    }  # fmt: skip
    short, careful = both_ways(wrong, right)
    assert short == careful
    assert [r.value for r in short.readings[Concept.TEMPERATURE]] == [Decimal("37.1")]


def test_plain_gives_back_every_member_that_matters() -> None:
    bundle = decoded(*USUAL)
    assert bundle is not None
    for entry, resource in zip(bundle.entry or [], USUAL, strict=True):
        assert plain(entry.resource).items() >= {k: v for k, v in resource.items() if k == "id"}.items()
        assert facts([plain(entry.resource)]) == facts([resource])
