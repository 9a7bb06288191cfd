"""A drug as the rules see it: doses by weight and every limit, from ``tables/drugs/<drug>.toml``.

``parse_drug`` turns the parsed TOML into a ``DrugTable`` or raises ``GuidelineError`` that names the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from cds_service.crs.table_reading import Citation, GuidelineError, Rule, Section
from fhir_mappings.facts import Concept, Route

__all__ = ["Count", "DrugTable", "GuidelineError", "parse_drug"]


@dataclass(frozen=True, slots=True)
class DoseBand:
    """mg/kg for weights below ``below`` kg; None is open at the top."""

    below: Decimal | None
    per_kg: Decimal


@dataclass(frozen=True, slots=True)
class Count:
    """At most ``most`` doses in any ``window``."""

    most: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Vials:
    """What can be dispensed: sizes in mg, and how far (%) a whole number of them may be off."""

    sizes: tuple[Decimal, ...]
    off: Decimal


@dataclass(frozen=True, slots=True)
class Plausible:
    """Amounts that can have been given, in mg and in mg/kg."""

    low: Decimal
    high: Decimal
    per_kg_low: Decimal
    per_kg_high: Decimal


@dataclass(frozen=True, slots=True)
class DrugTable:
    """``per_dose`` and ``per_day`` in mg, ``tolerance`` in percent, ``age`` in years."""

    id: str
    version: str
    date: date
    bands: tuple[DoseBand, ...] = ()
    infusion: timedelta | None = None
    per_dose: Decimal | None = None
    per_day: Decimal | None = None
    interval: timedelta | None = None
    in_window: Count | None = None
    total: int | None = None
    age: int | None = None
    routes: frozenset[Route] = frozenset()
    tolerance: Decimal | None = None
    plausible: Plausible | None = None
    vials: Vials | None = None
    information: Mapping[Concept, Decimal] | None = None
    check_label: tuple[str, ...] = ()
    """Products whose label is not confirmed for this use: said, and counted all the same."""
    sources: Mapping[str, Citation] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    sha256: str = ""


def parse_drug(data: Mapping[str, Any], options: Mapping[str, str], sha256: str = "") -> DrugTable:
    """Check and type a drug table; of rows with an ``option`` the chosen one holds."""
    root = Section(data, "")
    head = root.section("drug")
    sources = root.cite(root.section("sources"))
    limits = root.section("limits")
    table = DrugTable(
        id=head.text("id"),
        version=head.text("version"),
        date=head.date("date"),
        bands=_bands(root),
        infusion=_infusion(root),
        per_dose=_milligrams(limits, "per-dose", "at most {} mg in one dose"),
        per_day=_milligrams(limits, "per-day", "at most {} mg in 24 h"),
        interval=_interval(limits, options),
        in_window=_in_window(limits),
        total=_total(limits),
        age=_age(limits),
        routes=_routes(limits),
        tolerance=_tolerance(limits),
        plausible=_plausible(root),
        vials=_vials(root),
        information=_information(root),
        check_label=_check_label(root),
        sources=sources,
        rules=tuple(root.rules),
        sha256=sha256,
    )
    root.finish()
    return table


def _bands(root: Section) -> tuple[DoseBand, ...]:
    bands = []
    for row in root.rows("dose") if "dose" in root.data else ():
        below = row.optional_number("below")
        if below is not None:
            row.unit_is("kg")
        if row.text("per_kg_unit") != "mg/kg":
            raise row.error("per_kg_unit", "must be mg/kg")
        bands.append(DoseBand(below, row.number_within("per_kg", 0, 1000)))
        row.record(f"{bands[-1].per_kg} mg/kg" + (f" below {below} kg" if below is not None else ""))
    edges = [band.below for band in bands[:-1]]
    if bands and (bands[-1].below is not None or None in edges or edges != sorted(set(edges), key=_order)):
        raise root.error("dose", "weight bands overlap, are out of order or leave a gap")
    return tuple(bands)


def _order(edge: Decimal | None) -> Decimal:
    return edge if edge is not None else Decimal("Infinity")


def _infusion(root: Section) -> timedelta | None:
    if "infusion" not in root.data:
        return None
    row = root.section("infusion")
    row.record(f"given over {row.shown('value')} {row.shown('unit')}")
    return row.duration()


def _milligrams(limits: Section, key: str, says: str) -> Decimal | None:
    if key not in limits.data:
        return None
    row = limits.section(key)
    row.unit_is("mg")
    row.record(says.format(row.shown("value")))
    return row.number_within("value", 1, 100000)


def _interval(limits: Section, options: Mapping[str, str]) -> timedelta | None:
    found = None
    for row in limits.rows("interval") if "interval" in limits.data else ():
        chosen = row.is_chosen(options)
        row.record(f"at least {row.shown('value')} {row.shown('unit')} between doses")
        if chosen and found is not None:
            raise row.error("option", "two intervals are chosen")
        found = row.duration() if chosen else found
        row.duration()
    return found


def _in_window(limits: Section) -> Count | None:
    if "in-window" not in limits.data:
        return None
    row = limits.section("in-window")
    count = Count(row.within("count", 1, 100), row.duration())
    row.record(f"at most {count.most} doses in any {row.shown('value')} {row.shown('unit')}")
    return count


def _total(limits: Section) -> int | None:
    if "total" not in limits.data:
        return None
    row = limits.section("total")
    row.record(
        "one dose in all" if row.shown("count") == "1" else f"at most {row.shown('count')} doses in all"
    )
    return row.within("count", 1, 100)


def _age(limits: Section) -> int | None:
    if "age" not in limits.data:
        return None
    row = limits.section("age")
    row.unit_is("a")
    row.record(f"from {row.shown('value')} years of age")
    return row.within("value", 0, 120)


def _routes(limits: Section) -> frozenset[Route]:
    if "route" not in limits.data:
        return frozenset()
    row = limits.section("route")
    routes = frozenset(row.choices("routes", Route))
    row.record("route: " + ", ".join(sorted(routes)))
    return routes


def _tolerance(limits: Section) -> Decimal | None:
    if "tolerance" not in limits.data:
        return None
    row = limits.section("tolerance")
    row.unit_is("%")
    row.record_amount()
    return row.number_within("value", 0, 50)


def _plausible(root: Section) -> Plausible | None:
    if "plausible" not in root.data:
        return None
    row = root.section("plausible")
    row.unit_is("mg")
    if row.text("per_kg_unit") != "mg/kg":
        raise row.error("per_kg_unit", "must be mg/kg")
    keys = ("low", "high", "per_kg_low", "per_kg_high")
    found = Plausible(*(row.number_within(key, 0, 100000) for key in keys))
    row.record(
        f"plausible as given: {found.low}-{found.high} mg, {found.per_kg_low}-{found.per_kg_high} mg/kg"
    )
    return found


def _vials(root: Section) -> Vials | None:
    if "vials" not in root.data:
        return None
    row = root.section("vials")
    row.unit_is("mg")
    if row.text("off_unit") != "%":
        raise row.error("off_unit", "must be %")
    sizes = row.numbers("values")
    row.record(f"vials of {', '.join(map(str, sizes))} mg, whole ones within {row.shown('off')} %")
    return Vials(sizes, row.number_within("off", 0, 50))


def _information(root: Section) -> Mapping[Concept, Decimal] | None:
    found: dict[Concept, Decimal] = {}
    for row in root.rows("information") if "information" in root.data else ():
        row.unit_is("10*9/L")
        concept = row.choice(row.text("concept"), Concept, "concept")
        found[concept] = row.number_within("below", 0, 10000)
        row.record(f"shown, no bar: {concept} below {found[concept]} x 10*9/L")
    return found or None


def _check_label(root: Section) -> tuple[str, ...]:
    if "check-label" not in root.data:
        return ()
    row = root.section("check-label")
    row.record("label not confirmed for this use: " + ", ".join(row.texts("products")))
    return tuple(row.texts("products"))
