"""What the service writes, judged by HAPI's R4 validator: profiles, invariants and the bindings it knows."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from cds_service.cards.overrides import GRADING, ORDER, code_system, value_set
from cds_service.crs.order_table import Kind, parse_orders
from fhir_mappings.facts import ProposedOrder, Quantity, Route
from fhir_mappings.outbound import to_fhir
from tests import proposed_orders as orders
from tests.integration.hapi_server import EXACT_JSON

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
TABLE = Path(__file__).parents[2] / "cds_service" / "crs" / "tables" / "orders.toml"
ITEMS = parse_orders(tomllib.loads(TABLE.read_text(), parse_float=Decimal))


def of_the_table() -> list[ProposedOrder]:
    """One order of each coded row."""
    return [
        ProposedOrder(
            item.id,
            item.codings,
            item.display,
            ITEMS.reason,
            dose=Quantity(Decimal(10), "mg") if item.kind is Kind.MEDICATION else None,
            route=ITEMS.routes[Route.INTRAVENOUS] if item.kind is Kind.MEDICATION else None,
        )
        for item in ITEMS.orders.values()
        if item.codings
    ]


def errors(base: str, resource: dict[str, Any]) -> list[str]:
    answer = requests.post(
        f"{base}/{resource['resourceType']}/$validate",
        data=EXACT_JSON.encode(resource),
        headers={"Content-Type": "application/fhir+json"},
        timeout=120,
    )
    issues = answer.json()["issue"]
    return [i["diagnostics"] for i in issues if i["severity"] in ("error", "fatal")]


def draft(order: ProposedOrder, encounter: str | None = "e") -> dict[str, Any]:
    return to_fhir(order, patient_id="p", encounter_id=encounter, authored_on=NOW)


@pytest.mark.parametrize("order", orders.ALL, ids=[o.id for o in orders.ALL])
def test_every_kind_of_draft_is_valid(order: ProposedOrder, hapi_base: str) -> None:
    assert errors(hapi_base, draft(order)) == []
    assert errors(hapi_base, draft(order, None)) == []


def test_every_row_of_the_order_table_gives_a_valid_draft(hapi_base: str) -> None:
    found = {order.id: errors(hapi_base, draft(order)) for order in of_the_table()}
    assert {name: said for name, said in found.items() if said} == {}


def test_the_override_reasons_are_valid(hapi_base: str) -> None:
    for resource in (code_system(), value_set(GRADING), value_set(ORDER)):
        assert errors(hapi_base, resource) == []


def test_the_validator_finds_what_is_wrong(hapi_base: str) -> None:
    """Else no test above says anything."""
    wrong = draft(orders.TOCILIZUMAB)
    del wrong["dosageInstruction"][0]["timing"]["repeat"]["durationUnit"]
    assert [said for said in errors(hapi_base, wrong) if "tim-1" in said]
    unnamed = draft(orders.TOCILIZUMAB)
    del unnamed["subject"]
    assert [said for said in errors(hapi_base, unnamed) if "subject" in said]
    both = draft(orders.TAPER_STEP)
    both["dosageInstruction"][0]["timing"]["repeat"]["boundsDuration"] = {"value": 2}
    assert errors(hapi_base, both)
