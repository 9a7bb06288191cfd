"""The guideline as the engine sees it: every window, threshold and band, typed.

``parse_guideline`` turns the parsed TOML of ``crs/tables/guidelines/<id>.toml``
into a ``Guideline`` or raises ``GuidelineError`` that names the key at fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from cds_service.crs.drug_table import DrugTable, parse_drug
from cds_service.crs.order_table import OrderTable
from cds_service.crs.regimen import Regimen, read_regimen
from cds_service.crs.table_reading import Citation, GuidelineError, Rule, Section
from fhir_mappings.facts import DrugGroup, OxygenDevice

__all__ = ["Guideline", "GuidelineError", "Hashes", "Rule", "parse_guideline"]

WINDOWS = (
    "car-t", "t-cell-engager", "diagnosis", "usual-onset", "fever", "temperature-charting", "masking",
    "pressure", "arterial-pairing", "infusion-gap", "point-infusion", "recently-stopped", "oxygen",
    "spo2", "baseline", "resolution", "resolved", "clock-skew", "weight", "weight-old", "weight-pair",
    "neutrophils", "prolonged", "early-product", "early-onset", "no-improvement", "persistent-hypotension",
    "steroid", "refractory", "labs", "ice-score", "proximity", "proximity-short",
    "fluid-bolus", "same-infusion", "mild-gap",
)  # fmt: skip
THRESHOLDS = {
    "fever": ("Cel", 36, 42), "mean-pressure": ("mm[Hg]", 40, 90), "mean-pressure-second": ("mm[Hg]", 10, 90),
    "mean-below-systolic": ("mm[Hg]", 0, 50), "pressure-disagreement": ("mm[Hg]", 1, 100),
    "arterial-suspect": ("mm[Hg]", 1, 150), "rate-outlier": ("1", 2, 1000), "room-air-spo2": ("%", 80, 100),
    "low-spo2": ("%", 70, 100), "baseline-pressure": ("mm[Hg]", 0, 50), "weight-difference": ("%", 1, 50),
    "weight-change": ("%", 1, 100), "adult-dose": ("a", 0, 25),
    "neutropenia": ("10*9/L", 0, 5), "refractory-doses": ("1", 1, 10), "ice-normal": ("{score}", 1, 10),
}  # fmt: skip
"""Unit, and the range outside which a value is surely a slip."""


WITHOUT_STATE = frozenset({OxygenDevice.AIRWAY, OxygenDevice.STANDBY, OxygenDevice.NOT_UNDERSTOOD})
"""Charted, but saying nothing of support: no band grades them."""


@dataclass(frozen=True, slots=True)
class Hashes:
    """SHA-256 of the guideline's own file, of each drug's, and of all tables together."""

    own: str = ""
    drugs: Mapping[str, str] = field(default_factory=dict)
    together: str = ""


@dataclass(frozen=True, slots=True)
class PressureBand:
    """Systolic below ``base + per_year * age`` is hypotension, for ages below the limit."""

    rule: str
    age: str
    below_days: int | None
    below_years: int | None
    base: Decimal
    per_year: Decimal


@dataclass(frozen=True, slots=True)
class VasopressorBand:
    rule: str
    at_least: int
    grade: int


@dataclass(frozen=True, slots=True)
class EquivalentFactor:
    """A rate of a drug in ``unit``, times ``value``, is its norepinephrine equivalent in ug/kg/min."""

    unit: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class OxygenBand:
    """One device and flow range (L/min, ``above`` < flow <= ``up_to``) with its grade interval."""

    rule: str
    device: OxygenDevice | None
    above: Decimal | None
    up_to: Decimal | None
    grade: int
    grade_up_to: int
    site_policy: bool


@dataclass(frozen=True, slots=True)
class Unknowns:
    hypoxia: int
    pressure: int
    pressure_without_vasopressor: int
    fever: int


@dataclass(frozen=True, slots=True)
class Baseline:
    oxygen_order: tuple[OxygenDevice, ...]
    positive_pressure: Mapping[OxygenDevice, int]
    """Devices for positive pressure without a tube, with their rank: a higher one exceeds a lower."""
    home_devices: frozenset[OxygenDevice]
    reasons_not_counted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Guideline:
    id: str
    version: str
    title: str
    date: date
    sources: Mapping[str, Citation]
    windows: Mapping[str, timedelta]
    thresholds: Mapping[str, Decimal]
    masking: frozenset[DrugGroup]
    pressure_bands: tuple[PressureBand, ...]
    hypotension_grade: int
    vasopressors: tuple[VasopressorBand, ...]
    vasopressin_alone: VasopressorBand
    equivalents: Mapping[str, EquivalentFactor]
    oxygen: Mapping[OxygenDevice | None, tuple[OxygenBand, ...]]
    unknown: Unknowns
    baseline: Baseline
    regimen: Regimen
    drugs: Mapping[str, DrugTable]
    orders: OrderTable
    critical: frozenset[str]
    """The limits whose breach is dangerous; the others warn."""
    rules: tuple[Rule, ...]
    sha256: str = ""
    """Of all tables together: the guideline, the drugs, the orders."""
    own_sha256: str = ""


def parse_guideline(
    data: Mapping[str, Any],
    drugs: Mapping[str, Mapping[str, Any]],
    orders: OrderTable,
    hashes: Hashes = Hashes(),
) -> Guideline:
    """Check and type a guideline table and its drug tables. Raises GuidelineError naming the key at fault."""
    root = Section(data, "")
    head = root.section("guideline")
    sources = root.cite(root.section("sources"))
    regimen = read_regimen(root)
    tables = _drug_tables(drugs, regimen, hashes)
    guideline = Guideline(
        id=head.text("id"),
        version=head.text("version"),
        title=head.text("title"),
        date=head.date("date"),
        sources=sources,
        windows=_windows(root.section("windows")),
        thresholds=_thresholds(root.section("thresholds")),
        masking=_masking(root.section("masking")),
        pressure_bands=_pressure_bands(root),
        hypotension_grade=_single_grade(root.section("hypotension-grade")),
        vasopressors=_vasopressors(root),
        vasopressin_alone=_vasopressin(root.section("vasopressin-alone")),
        equivalents=_equivalents(root),
        oxygen=_oxygen(root),
        unknown=_unknown(root.section("unknown")),
        baseline=_baseline(root.section("baseline")),
        regimen=regimen,
        drugs=tables,
        orders=orders,
        critical=_critical(root.section("danger")),
        rules=(
            *root.rules,
            *(rule for table in tables.values() for rule in table.rules),
            *(rule.within("orders.toml") for rule in orders.rules),
        ),
        sha256=hashes.together,
        own_sha256=hashes.own,
    )
    root.finish()
    return guideline


def _critical(row: Section) -> frozenset[str]:
    rules = frozenset(row.texts("critical"))
    row.record("limits whose breach is critical: " + ", ".join(sorted(rules)))
    return rules


def _drug_tables(
    drugs: Mapping[str, Mapping[str, Any]], regimen: Regimen, hashes: Hashes
) -> dict[str, DrugTable]:
    """By drug; an error names the file, and so does every line."""
    tables = {}
    for name in sorted(drugs):
        try:
            table = parse_drug(drugs[name], regimen.chosen, hashes.drugs.get(name, ""))
        except GuidelineError as error:
            raise GuidelineError(f"{name}: {error.key}", error.why) from None
        tables[table.id] = replace(table, rules=tuple(rule.within(name) for rule in table.rules))
    return tables


def _windows(section: Section) -> dict[str, timedelta]:
    found = {}
    for name in WINDOWS:
        row = section.section(name)
        found[name] = row.duration()
        row.record_amount()
    return found


def _thresholds(section: Section) -> dict[str, Decimal]:
    found = {}
    for name, (unit, low, high) in THRESHOLDS.items():
        row = section.section(name)
        row.unit_is(unit)
        found[name] = row.number_within("value", low, high)
        row.record_amount()
    return found


def _masking(row: Section) -> frozenset[DrugGroup]:
    groups = frozenset(row.choices("groups", DrugGroup))
    row.record("drugs that mask fever: " + ", ".join(sorted(groups)))
    return groups


def _pressure_bands(root: Section) -> tuple[PressureBand, ...]:
    bands = []
    for row in root.rows("hypotension"):
        row.unit_is("mm[Hg]")
        band = PressureBand(
            rule=row.text("rule"),
            age=row.text("age"),
            below_days=row.optional_integer("below_days"),
            below_years=row.optional_integer("below_years"),
            base=row.number_within("base", 30, 120),
            per_year=row.number_within("per_year", 0, 10),
        )
        row.record(_band_text(band))
        bands.append(band)
    last = bands[-1]
    if last.below_days is not None or last.below_years is not None:
        raise root.error("hypotension", "the last age band must be open at the top")
    if any(b.below_days is None and b.below_years is None for b in bands[:-1]):
        raise root.error("hypotension", "an age band before the last has no upper end: the later never apply")
    limits = [b.below_years * 365 if b.below_years is not None else b.below_days or 0 for b in bands[:-1]]
    if limits != sorted(set(limits)):
        raise root.error("hypotension", "age bands overlap or are out of order")
    return tuple(bands)


def _band_text(band: PressureBand) -> str:
    """``child (below 11 years): hypotension below 70 + 2 x age mm[Hg]``."""
    ages = f"below {band.below_days} days" if band.below_days else f"below {band.below_years} y"
    ages = ages if band.below_days or band.below_years else "older"
    limit = f"{band.base} + {band.per_year} x age" if band.per_year else f"{band.base}"
    return f"{band.age} ({ages}): hypotension below {limit} mm[Hg]"


def _single_grade(row: Section) -> int:
    grade = row.grade("grade")
    row.record(f"hypotension without a vasopressor: grade {grade}")
    return grade


def _vasopressors(root: Section) -> tuple[VasopressorBand, ...]:
    bands = []
    for row in root.rows("vasopressors"):
        band = VasopressorBand(row.text("rule"), row.integer("at_least"), row.grade("grade"))
        row.record(f"{band.at_least} or more vasopressors at once: grade {band.grade}")
        bands.append(band)
    if [b.at_least for b in bands] != list(range(1, len(bands) + 1)):
        raise root.error("vasopressors", "bands must count 1, 2, … without a gap")
    return tuple(bands)


def _vasopressin(row: Section) -> VasopressorBand:
    band = VasopressorBand(row.text("rule"), 1, row.grade("grade"))
    row.record(f"vasopressin alone: grade {band.grade} ({row.text('why')})")
    return band


def _equivalents(root: Section) -> dict[str, EquivalentFactor]:
    found = {}
    for row in root.rows("equivalents"):
        drug, unit = row.text("drug"), row.text("unit")
        if unit not in ("ug/kg/min", "U/min"):
            raise row.error("unit", "must be ug/kg/min or U/min")
        found[drug] = EquivalentFactor(unit, row.number_within("factor", 0, 100))
        row.record(f"norepinephrine equivalent: {drug} in {unit} x {found[drug].value}")
    return found


def _oxygen(root: Section) -> dict[OxygenDevice | None, tuple[OxygenBand, ...]]:
    found: dict[OxygenDevice | None, list[OxygenBand]] = {}
    for row in root.rows("oxygen"):
        names = row.texts("devices")
        above, up_to = row.optional_number("flow_above"), row.optional_number("flow_up_to")
        if above is not None or up_to is not None:
            row.unit_is("L/min")
        grade = row.within("grade", 0, 4)
        highest = row.within("grade_up_to", grade, 4) if "grade_up_to" in row.data else None
        for name in names:
            device = None if name == "unknown" else row.choice(name, OxygenDevice, "devices")
            band = OxygenBand(
                row.text("rule"), device, above, up_to, grade, highest or grade, row.is_site_policy()
            )
            found.setdefault(device, []).append(band)
        flow = f" above {above} L/min" if above is not None else f" up to {up_to} L/min" if up_to else ""
        row.record(f"{', '.join(names)}{flow}: grade {grade}" + (f" to {highest}" if highest else ""))
    missing = set(OxygenDevice) - set(found) - WITHOUT_STATE
    if missing:
        raise root.error("oxygen", "no band for " + ", ".join(sorted(missing)))
    for device, bands in found.items():
        _check_flow_bands(root, str(device or "unknown"), bands)
    return {device: tuple(bands) for device, bands in found.items()}


def _check_flow_bands(root: Section, device: str, bands: list[OxygenBand]) -> None:
    """Bands of one device must tile all flows: from none upward, without gap or overlap."""
    ordered = sorted(bands, key=lambda b: b.above if b.above is not None else Decimal(-1))
    edges = [b.above for b in ordered[1:]]
    if ordered[0].above is not None or ordered[-1].up_to is not None:
        raise root.error("oxygen", f"flow bands of {device} leave a gap at the end")
    if edges != [b.up_to for b in ordered[:-1]]:
        raise root.error("oxygen", f"flow bands of {device} overlap or leave a gap")


def _unknown(row: Section) -> Unknowns:
    found = Unknowns(
        hypoxia=row.grade("hypoxia"),
        pressure=row.grade("pressure"),
        pressure_without_vasopressor=row.grade("pressure-without-vasopressor"),
        fever=row.grade("fever"),
    )
    row.record(
        f"{row.text('why')}: hypoxia {found.hypoxia}, pressure {found.pressure}, pressure with no "
        f"vasopressor running {found.pressure_without_vasopressor}, fever {found.fever}"
    )
    return found


def _baseline(row: Section) -> Baseline:
    found = Baseline(
        oxygen_order=tuple(row.choices("oxygen-order", OxygenDevice)),
        positive_pressure=row.ranks("positive-pressure", OxygenDevice),
        home_devices=frozenset(row.choices("home-devices", OxygenDevice)),
        reasons_not_counted=frozenset(row.texts("reasons-not-counted")),
    )
    row.record(
        "baseline oxygen in rising order: " + ", ".join(found.oxygen_order)
        + "; baseline positive pressure by rank: "
        + ", ".join(f"{device} {rank}" for device, rank in sorted(found.positive_pressure.items()))
        + "; devices of the home, whenever before: " + ", ".join(sorted(found.home_devices))
        + "; ventilation not counted when the only reason is: "
        + ", ".join(sorted(found.reasons_not_counted))
    )  # fmt: skip
    return found
