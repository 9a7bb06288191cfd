"""The table of what may be offered for signing."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cds_service.crs.order_table import Kind, OrderTable, parse_orders
from cds_service.crs.table_reading import GuidelineError
from fhir_mappings import CodeBook
from fhir_mappings.code_systems import loinc_is_valid, snomed_is_valid
from fhir_mappings.facts import Coding, Route
from fhir_mappings.meanings import DrugCode, Measure

FILE = Path(__file__).parents[3] / "cds_service" / "crs" / "tables" / "orders.toml"
DATA: dict[str, Any] = tomllib.loads(FILE.read_text(), parse_float=Decimal)
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SEEN = {"system": RXNORM, "code": "1", "display": "x", "standing": "verified", "sources": ["x"]}
CHECKS = {"http://loinc.org": loinc_is_valid, "http://snomed.info/sct": snomed_is_valid}


@pytest.fixture(scope="module")
def table() -> OrderTable:
    return parse_orders(DATA, "abc")


def codings(table: OrderTable) -> list[Coding]:
    offered = [coding for item in table.orders.values() for coding in item.codings]
    return [table.reason, *table.routes.values(), *offered]


def test_the_check_digit_of_every_code_holds(table: OrderTable) -> None:
    for coding in codings(table):
        if coding.system in CHECKS:
            assert CHECKS[coding.system](coding.code), coding


def test_a_drug_is_ordered_by_a_code_that_its_administration_is_recognised_by(table: OrderTable) -> None:
    """Else nobody would see that what was proposed has been ordered and given."""
    book = CodeBook.load()
    drugs = {item.id: item.codings for item in table.orders.values() if item.kind is Kind.MEDICATION}
    assert set(drugs) == {"tocilizumab", "dexamethasone", "methylprednisolone", "acetaminophen"}
    for name, codes in drugs.items():
        for coding in codes:
            meaning = book.codes[coding.system, coding.code]
            assert isinstance(meaning, DrugCode)
            assert meaning.drug.id == name


def test_a_test_is_ordered_for_what_its_result_is_read_as(table: OrderTable) -> None:
    book = CodeBook.load()
    for name in ("crp", "ferritin", "fibrinogen"):
        meaning = book.codes[table.orders[name].codings[0].system, table.orders[name].codings[0].code]
        assert isinstance(meaning, Measure)
        assert meaning.spec.concept == name


def test_daily_labs_infection_workup_and_heart_can_be_offered(table: OrderTable) -> None:
    """TX-9, TX-14, TX-16."""
    needed = {"cbc", "cmp", "crp", "ferritin", "fibrinogen", "blood-culture", "echocardiogram"}
    assert all(table.orders[name].codings for name in needed)


def test_what_no_source_codes_is_said_and_not_offered(table: OrderTable) -> None:
    assert [item.id for item in table.orders.values() if not item.codings] == [
        "cardiac-telemetry",
        "transfer",
    ]
    said = {rule.says for rule in table.rules if rule.standing == "text only"}
    assert "cardiac telemetry: said, never offered" in said


def test_reason_route_and_file_are_known(table: OrderTable) -> None:
    assert (table.reason.code, table.sha256) == ("710027002", "abc")
    assert table.routes[Route.INTRAVENOUS].code == "47625008"


def test_every_order_is_printed_with_its_sources(table: OrderTable) -> None:
    assert len(table.rules) == len(table.orders)
    assert all(rule.source for rule in table.rules if rule.standing != "text only")


def changed(**order: Any) -> dict[str, Any]:
    data = deepcopy(DATA)
    data["order"][0] |= order
    return data


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"kind": "diet"}, r"order\[0\].*kind"),
        ({"colour": "red"}, r"order\[0\]\.colour: unknown key"),
        ({"id": "cbc"}, r"there twice"),
        ({"codes": [{"system": "http://loinc.org"}]}, r"order\[0\]\.codes\[0\]\.system: must be one of"),
        ({"codes": [{"system": RXNORM, "code": "1"}]}, r"order\[0\]\.codes\[0\]\.display: is missing"),
        ({"codes": [SEEN | {"standing": "memory"}]}, "is not one of verified, single-source"),
        (
            {"codes": [SEEN | {"code": "3264"}]},
            r"order\[1\]\.id: dexamethasone, or a code of it, is there twice",
        ),
    ],
)
def test_a_slip_is_named(change: dict[str, Any], where: str) -> None:
    with pytest.raises(GuidelineError, match=where):
        parse_orders(changed(**change))
