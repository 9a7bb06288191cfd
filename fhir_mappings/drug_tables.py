"""Readers of medications.toml (drugs, routes, rate traps) and therapies.toml."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from fhir_mappings.draft import Draft
from fhir_mappings.facts import DrugGroup, Route, TherapyKind
from fhir_mappings.meanings import Drug, DrugCode, RateTrap, RouteName, TableRow
from fhir_mappings.observation_tables import unit_of
from fhir_mappings.toml_entry import Entry, closed

THERAPY_GROUP = {TherapyKind.CAR_T: DrugGroup.CAR_T, TherapyKind.T_CELL_ENGAGER: DrugGroup.T_CELL_ENGAGER}


class RatedIn(StrEnum):
    """What an infusion's rate counts."""

    MASS = "mass"
    ACTIVITY = "activity"


def read_drug(draft: Draft, entry: Entry) -> None:
    """A drug: what it means to CRS, its codes and its exact names."""
    known = _known(draft, entry, "drug")
    if known is None:
        groups = entry.choices("groups", DrugGroup)
        if not groups:
            raise entry.error("groups", "must not be empty")
        rated_in = entry.choice("rated_in", RatedIn).value if entry.has("rated_in") else ""
        strength = _amount(draft, entry, "vial_strength", "mg/mL")
        undiluted = _amount(draft, entry, "undiluted", "mL") or Decimal(0)
        names = entry.text("id"), entry.text("display")
        known = Drug(*names, groups, rated_in=rated_in, vial_strength=strength, undiluted=undiluted)
    _bind(draft, entry, known, "medications")


def read_therapy(draft: Draft, entry: Entry) -> None:
    """A cell product or T-cell engager, also by procedure and supply codes."""
    known = _known(draft, entry, "therapy")
    if known is None:
        kind = entry.choice("kind", TherapyKind)
        groups = frozenset({THERAPY_GROUP[kind]})
        known = Drug(entry.text("id"), entry.text("display"), groups, kind, entry.flag("generic"))
    _bind(draft, entry, known, "therapies")


def _known(draft: Draft, entry: Entry, what: str) -> Drug | None:
    known = draft.drugs.get(entry.text("id"))
    draft.site_adds_only(entry, known is not None, what)
    return known


def _bind(draft: Draft, entry: Entry, drug: Drug, table: str) -> None:
    draft.drugs[drug.id] = drug
    row = TableRow(table, drug.id, drug.display)
    codes = entry.entries("codes")
    for code in closed(codes):
        draft.bind_code(code, drug.id, _product(draft, code, drug, code.text("product", "")), row)
    for brand in closed(entry.entries("products")):
        meaning = _product(draft, brand, drug, brand.text("product"))
        draft.bind_texts(brand, "names", draft.drug_names, drug.id, meaning, table)
    draft.bind_texts(entry, "names", draft.drug_names, drug.id, DrugCode(drug), table)
    if not draft.overlay and not codes and not entry.has("names"):
        raise entry.error("codes", "a drug needs a code or a name")


def _product(draft: Draft, entry: Entry, drug: Drug, product: str) -> DrugCode:
    """What a code or brand tells beyond the drug: route, strength (mg/mL), content of a vial (mg)."""
    route = entry.choice("route", Route, Route.UNSPECIFIED.value)
    strength, content = _amount(draft, entry, "strength", "mg/mL"), _amount(draft, entry, "content", "mg")
    return DrugCode(drug, product, route, strength, content, ready=entry.flag("ready"))


def _amount(draft: Draft, entry: Entry, key: str, unit: str) -> Decimal | None:
    inner = entry.entry(key)
    if inner is None:
        return None
    value = inner.number("value")
    if unit_of(draft, inner, "unit").code != unit:
        raise inner.error("unit", f"must be {unit}")
    if value <= 0:
        raise inner.error("value", "must be above zero")
    inner.close()
    return value


def read_route(draft: Draft, entry: Entry) -> None:
    """A route of administration by code and by exact text."""
    route = entry.choice("id", Route)
    row = TableRow("medications", route, f"route: {route}")
    for code in closed(entry.entries("codes")):
        draft.bind_code(code, route, RouteName(route), row)
    draft.bind_texts(entry, "texts", draft.route_names, route, RouteName(route), "medications")


def read_rate_trap(draft: Draft, entry: Entry) -> None:
    """A rate that cannot be meant as charted: its number is not used."""
    if draft.overlay:
        raise entry.error("group", "an overlay cannot add rate traps")
    group = entry.choice("group", DrugGroup)
    trap = RateTrap(group, unit_of(draft, entry, "unit").code, entry.number("below"), entry.text("detail"))
    entry.text("source")
    entry.day("date")
    draft.rate_traps.setdefault(group, []).append(trap)
