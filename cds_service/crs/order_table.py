"""What may be offered for signing and how it is coded, from ``tables/orders.toml``.

``parse_orders`` turns the parsed TOML into an ``OrderTable`` or raises ``GuidelineError`` that names the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from cds_service.crs.table_reading import Rule, Section
from fhir_mappings.facts import Coding, Route

__all__ = ["Kind", "OrderItem", "OrderTable", "parse_orders"]


class Kind(StrEnum):
    MEDICATION = "medication"
    SERVICE = "service"


class Standing(StrEnum):
    """In how many independent places a code was seen with its meaning."""

    VERIFIED = "verified"
    SINGLE_SOURCE = "single-source"


SYSTEMS = {
    Kind.MEDICATION: frozenset({"http://www.nlm.nih.gov/research/umls/rxnorm"}),
    Kind.SERVICE: frozenset({"http://loinc.org", "http://snomed.info/sct"}),
}
SNOMED = frozenset({"http://snomed.info/sct"})


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One drug, test or service. Without ``codings`` it is only said, never offered."""

    id: str
    kind: Kind
    display: str
    codings: tuple[Coding, ...]


@dataclass(frozen=True, slots=True)
class OrderTable:
    version: str
    date: date
    reason: Coding
    routes: Mapping[Route, Coding]
    orders: Mapping[str, OrderItem]
    rules: tuple[Rule, ...]
    sha256: str = ""


def parse_orders(data: Mapping[str, Any], sha256: str = "") -> OrderTable:
    """Check and type the table of orders. Raises GuidelineError naming the key at fault."""
    root = Section(data, "")
    head = root.section("orders")
    table = OrderTable(
        version=head.text("version"),
        date=head.date("date"),
        reason=_coded(root.section("reason"), SNOMED).coding,
        routes=_routes(root),
        orders=_orders(root),
        rules=tuple(root.rules),
        sha256=sha256,
    )
    root.finish()
    return table


class _Coded(NamedTuple):
    """A code, and where it was seen."""

    coding: Coding
    standing: Standing
    sources: list[str]


def _routes(root: Section) -> dict[Route, Coding]:
    found: dict[Route, Coding] = {}
    for row in root.rows("route"):
        route = row.choice(row.text("id"), Route, "id")
        if route in found:
            raise row.error("id", f"{route} is there twice")
        found[route] = _coded(row, SNOMED).coding
    return found


def _orders(root: Section) -> dict[str, OrderItem]:
    found: dict[str, OrderItem] = {}
    taken: set[tuple[str, str]] = set()
    for row in root.rows("order"):
        item = _order(row)
        codes = {(coding.system, coding.code) for coding in item.codings}
        if item.id in found or taken & codes:
            raise row.error("id", f"{item.id}, or a code of it, is there twice")
        found[item.id] = item
        taken |= codes
    return found


def _order(row: Section) -> OrderItem:
    kind = row.choice(row.text("kind"), Kind, "kind")
    coded = [_coded(code, SYSTEMS[kind]) for code in row.rows("codes")] if "codes" in row.data else []
    item = OrderItem(row.text("id"), kind, row.text("display"), tuple(c.coding for c in coded))
    row.root.rules.append(_rule(row, item, coded))
    return item


def _rule(row: Section, item: OrderItem, coded: list[_Coded]) -> Rule:
    """How the order is printed for a committee: with the weakest standing of its codes."""
    codes = "; ".join(f"{c.system} {c.code} {c.display}" for c in item.codings)
    standing = "text only"
    if coded:
        weakest = {c.standing for c in coded} - {Standing.VERIFIED}
        standing = f"code {Standing.SINGLE_SOURCE if weakest else Standing.VERIFIED}"
    says = f"{item.display}: offered as {codes}" if codes else f"{item.display}: said, never offered"
    return Rule(row.path, row.text("rule"), says, standing, "; ".join(s for c in coded for s in c.sources))


def _coded(row: Section, systems: frozenset[str]) -> _Coded:
    system = row.text("system")
    if system not in systems:
        raise row.error("system", f"must be one of {', '.join(sorted(systems))}")
    coding = Coding(system, row.text("code"), row.text("display"))
    return _Coded(coding, row.choice(row.text("standing"), Standing, "standing"), row.texts("sources"))
