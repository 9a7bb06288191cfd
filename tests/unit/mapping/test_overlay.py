"""What a site's overlay makes readable: local codes, panels, modes, extensions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fhir_mappings import CodeBook, map_resources
from fhir_mappings.facts import Concept, Method, OxygenDevice, PatientFacts
from tests.unit.mapping.fhir_json import (
    LOCAL,
    NOW,
    coded,
    component,
    infusion,
    observation,
    quantity,
)

FLOW_URL = "http://hospital.example/StructureDefinition/oxygen-flow"
FIO2_URL = "http://hospital.example/StructureDefinition/fio2"
ON_AIR_URL = "http://hospital.example/StructureDefinition/on-air"
OVERLAY = f"""
source = "a test"
date = 2026-03-10
parent = [{{ id = "blood-pressure", codes = [{{ system = "{LOCAL}", code = "BP" }}] }}]
drug = [{{ id = "norepinephrine", codes = [{{ system = "{LOCAL}", code = "NE4", route = "intravenous" }}] }}]

[[question]]
id = "mode"
codes = [{{ system = "{LOCAL}", code = "MODE" }}]

[[mode]]
id = "ventilator"
texts = ["CPAP/PSV"]

[[concept]]
id = "systolic"
codes = [{{ system = "{LOCAL}", code = "ART-S", method = "arterial" }}]

[[concept]]
id = "ice-score"
codes = [{{ system = "{LOCAL}", code = "ICE" }}]

[[concept]]
id = "oxygen-flow"
codes = [{{ system = "url", code = "{FLOW_URL}" }}]

[[concept]]
id = "fio2"
codes = [{{ system = "url", code = "{FIO2_URL}" }}]

[[device]]
id = "room-air"
codes = [{{ system = "url", code = "{ON_AIR_URL}" }}]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> CodeBook:
    path = tmp_path_factory.mktemp("site") / "site.toml"
    path.write_text(OVERLAY)
    return CodeBook.load(path)


def mapped(resource: dict[str, Any], site: CodeBook) -> PatientFacts:
    return map_resources([resource], site, as_of=NOW, patient_id="7", coverage={})


def test_a_local_code_brings_its_method(site: CodeBook) -> None:
    facts = mapped(observation(coded(LOCAL, "ART-S"), "84", "mmHg"), site)
    (reading,) = facts.readings[Concept.SYSTOLIC]
    assert (reading.value, reading.method) == (Decimal(84), Method.ARTERIAL)


def test_components_of_a_local_panel_are_trusted(site: CodeBook) -> None:
    facts = mapped(observation(coded(LOCAL, "BP"), component=[component("8480-6", "84", "mm[Hg]")]), site)
    assert Concept.SYSTOLIC in facts.readings


def test_a_local_drug_code_brings_its_route(site: CodeBook) -> None:
    facts = mapped(infusion(coded(LOCAL, "NE4"), quantity("8", "mcg/min", "")), site)
    (item,) = facts.administrations
    assert (item.drug, item.route) == ("norepinephrine", "intravenous")


def test_a_ventilation_mode_is_marked_as_one(site: CodeBook) -> None:
    (item,) = mapped(observation(coded(LOCAL, "MODE"), valueString="CPAP/PSV"), site).oxygen
    assert (item.device, item.mode, item.label) == (OxygenDevice.VENTILATOR, True, "CPAP/PSV")


@pytest.mark.parametrize("value", [{"valueInteger": 7}, {"valueQuantity": {"value": 7, "unit": "points"}}])
def test_an_ice_score_needs_no_unit(value: dict[str, Any], site: CodeBook) -> None:
    (reading,) = mapped(observation(coded(LOCAL, "ICE"), **value), site).readings[Concept.ICE_SCORE]
    assert (reading.value, reading.unit) == (Decimal(7), "{score}")


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        ({"url": FLOW_URL, "valueQuantity": quantity("6100", "mL/min")}, (None, Decimal("6.1"), None)),
        (
            {"url": FIO2_URL, "valueRatio": {"numerator": {"value": 40}, "denominator": {"value": 100}}},
            (None, None, Decimal("0.4")),
        ),
        ({"url": ON_AIR_URL, "valueBoolean": True}, (OxygenDevice.ROOM_AIR, None, None)),
    ],
)
def test_a_bound_extension_is_read_like_a_component(
    extension: dict[str, Any], expected: tuple[Any, ...], site: CodeBook
) -> None:
    facts = mapped(observation("59408-5", "93", "%", extension=[extension]), site)
    (item,) = facts.oxygen
    assert (item.device, item.flow, item.fio2) == expected
    assert facts.readings[Concept.SPO2][0].value == Decimal(93)


def test_an_extension_that_says_not_on_air_is_oxygen_of_an_unknown_amount(site: CodeBook) -> None:
    off = {"url": ON_AIR_URL, "valueBoolean": False}
    facts = mapped(observation("59408-5", "93", "%", extension=[off]), site)
    assert [(item.device, item.flow) for item in facts.oxygen] == [(None, None)]
    assert [issue.code for issue in facts.issues] == ["negated"]
