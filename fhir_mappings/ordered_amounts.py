"""How much an order asks for: ``Dosage.doseAndRate``, exact in mg or mg/kg, or why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from fhir_mappings.amounts import read_quantity
from fhir_mappings.chart import Chart
from fhir_mappings.dosage import read_rate
from fhir_mappings.facts import DrugGroup, Quantity, Route
from fhir_mappings.issues import Refusal
from fhir_mappings.meanings import DrugCode
from fhir_mappings.resources import Json, codings, record, records, text, texts_of
from fhir_mappings.strength import mass_of
from fhir_mappings.units import Unit

DOSES = ("doseQuantity", "doseRange")
RATES = ("rateQuantity", "rateRatio", "rateRange")
PREFERRED = {"ordered": 0, "calculated": 2}
"""Of several amounts, the one that was ordered; one of no type lies between."""


class Amount(NamedTuple):
    """A dose: a single amount, or a range from ``dose`` to ``high``; ``mass`` in mg or mg/kg.

    ``also`` is the same told in the other of both units: an amount in mg beside its mg/kg.
    """

    dose: Quantity | None = None
    high: Quantity | None = None
    mass: Quantity | None = None
    mass_high: Quantity | None = None
    also: Quantity | None = None
    problems: tuple[str, ...] = ()


def amounts_of(dosage: Json) -> list[Json]:
    """What may hold an amount, that which was ordered first; before R4 they lay in the Dosage itself."""
    found = records(dosage.get("doseAndRate")) or [dosage]
    return sorted(found, key=_preference)


def read_amount(dosage: Json, code: DrugCode, route: Route, chart: Chart) -> Amount:
    """The dose of a Dosage. Several that do not agree are none."""
    entries = amounts_of(dosage)
    found = [(_preference(e), amount) for e in entries for amount in _amounts(e, code, route, chart)]
    if not found:
        return Amount(problems=(_why_none(dosage, entries),))
    masses = {(amount.mass, amount.mass_high) for _, amount in found}
    if _differ(masses):
        return Amount(problems=("dose-conflict",))
    chosen = min(found, key=_rank)[1]
    others = [a.mass_high or a.mass for _, a in found if a is not chosen]
    unit = chosen.mass.unit if chosen.mass is not None else ""
    return chosen._replace(also=next((m for m in others if m is not None and unit and m.unit != unit), None))


def read_most(dosage: Json, code: DrugCode, route: Route, chart: Chart) -> Quantity | None:
    """``maxDosePerAdministration`` in mg; None where there is none, or it cannot be read as a mass."""
    _, mass, problems = _read(dosage.get("maxDosePerAdministration"), code, route, chart)
    return mass if mass is not None and mass.unit == "mg" and not problems else None


def read_ordered_rate(dosage: Json, code: DrugCode, chart: Chart) -> tuple[Quantity | None, tuple[str, ...]]:
    """The rate of an infusion; a range of rates, or several that differ, are none."""
    problems: list[str] = []

    def note(issue: str, value: object = "", unit: str = "", detail: str = "") -> None:
        del value, unit, detail
        problems.append(issue if issue.startswith("rate-") else "rate-not-understood")

    entries = [entry for entry in amounts_of(dosage) if any(key in entry for key in RATES)]
    if any("rateRange" in entry for entry in entries):
        problems.append("rate-is-a-range")
    rates = [read_rate(entry, code, chart.book, note) for entry in entries]
    if len(set(rates)) > 1 and not problems:
        problems.append("rate-not-understood")
    return None if problems or not rates else rates[0], tuple(problems)


def _differ(masses: set[tuple[Quantity | None, Quantity | None]]) -> bool:
    """Whether two of them are in one unit; mg and mg/kg can be compared only by weight."""
    told = [low or high for low, high in masses]
    units = [mass.unit for mass in told if mass is not None]
    return len(units) > len(set(units))


def _rank(choice: tuple[int, Amount]) -> tuple[bool, int, bool, str]:
    """What could be read, was ordered, needs no weight; then anything that does not depend on the listing."""
    preference, amount = choice
    return (
        bool(amount.problems),
        preference,
        amount.mass is not None and amount.mass.unit != "mg",
        str(amount),
    )


def _preference(entry: Json) -> int:
    kind = entry.get("type")
    words = [text(coding.get("code")) for coding in codings(kind)] + texts_of(kind)
    return min((PREFERRED.get(word.lower(), 1) for word in words), default=1)


def _why_none(dosage: Json, entries: list[Json]) -> str:
    if any(key in entry for entry in entries for key in RATES):
        return "dose-as-rate"
    return "dose-text-only" if text(dosage.get("text")) else "dose-missing"


def _amounts(entry: Json, code: DrugCode, route: Route, chart: Chart) -> Iterator[Amount]:
    if "doseQuantity" in entry:
        dose, mass, problems = _read(entry["doseQuantity"], code, route, chart)
        yield Amount(dose, None, mass, problems=problems)
    if "doseRange" in entry:
        yield _range(record(entry["doseRange"]), code, route, chart)


def _range(limits: Json, code: DrugCode, route: Route, chart: Chart) -> Amount:
    if "low" not in limits and "high" not in limits:
        return Amount(problems=("value-absent",))
    low, high = (
        _read(limits[key], code, route, chart) if key in limits else (None, None, ("dose-range-open",))
        for key in ("low", "high")
    )
    problems = (*low[2], *high[2])
    if _reversed(low[0], high[0]) or _reversed(low[1], high[1]):
        problems = (*problems, "dose-range-reversed")
    return Amount(low[0], high[0], low[1], high[1], problems=problems)


def _reversed(low: Quantity | None, high: Quantity | None) -> bool:
    return low is not None and high is not None and low.unit == high.unit and low.value > high.value


def _read(
    value: Any, code: DrugCode, route: Route, chart: Chart
) -> tuple[Quantity | None, Quantity | None, tuple[str, ...]]:
    """As ordered, as a mass, and what stands in the way."""
    if not isinstance(value, dict):
        return None, None, ("value-absent" if value is None else "value-not-a-quantity",)
    charted = read_quantity(value, chart.book)
    if isinstance(charted, Refusal):
        return None, None, (charted.code,)
    if charted.comparator or charted.value <= 0:
        return None, None, ("comparator" if charted.comparator else "implausible",)
    dose = charted.quantity
    if isinstance(charted.unit, Refusal):
        return dose, None, (charted.unit.code,)
    mass = mass_of(dose, code, route, chart.book, drawn=True)
    told = mass is not None or _is_no_mass(charted.unit, code)
    return dose, mass, () if told else ("dose-not-convertible",)


def _is_no_mass(unit: Unit, code: DrugCode) -> bool:
    """Whether the drug is dosed so: vasopressin in units, fluids by volume."""
    if unit.dimension == "activity":
        return code.drug.rated_in == "activity"
    return unit.dimension == "volume" and DrugGroup.FLUID in code.drug.groups
