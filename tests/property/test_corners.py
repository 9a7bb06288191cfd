"""Corners of GR-1 … GR-11: engine and oracle must both give the answer that was written by hand."""

import pytest

from fhir_mappings.facts import PatientFacts
from tests.builders import NOW, chart, uncovered
from tests.property.agreement import Answer, engine, oracle
from tests.property.corners import CIRCULATION, Corner
from tests.property.corners_oxygen import RESPIRATION


def facts_of(corner: Corner) -> PatientFacts:
    return uncovered(chart(*corner.facts, born=corner.born), *corner.incomplete)


def expected(corner: Corner) -> Answer:
    if isinstance(corner.expected, str):
        return Answer(corner.expected)
    return Answer("active", *corner.expected)


every_corner = pytest.mark.parametrize("corner", [*CIRCULATION, *RESPIRATION], ids=lambda c: c.says)


@every_corner
def test_engine_knows_the_corner(corner: Corner) -> None:
    assert engine(facts_of(corner), NOW) == expected(corner)


@every_corner
def test_oracle_knows_the_corner(corner: Corner) -> None:
    assert oracle(facts_of(corner), NOW) == expected(corner)
