"""The treatment part of a guideline: what is advised at which grade, and the definitions it needs (TX).

``read_regimen`` types the sections ``[options]``, ``[early-products]``, ``[[taper]]``, ``[[steroid]]``,
``[[labs]]`` and ``[[advice]]``, or raises ``GuidelineError`` that names the key at fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from cds_service.crs.table_reading import Section
from fhir_mappings.facts import Concept

CONDITIONS = frozenset(
    {"neutropenic", "neutrophils-not-known", "prolonged", "early-product", "product-not-named"}
    | {"comorbidity", "early-onset", "infection", "icans", "off-label", "cells-ordered", "near-cells"}
    | {"just-after-cells"}
    | {"tocilizumab-first", "tocilizumab-repeat", "tocilizumab-undecided", "tocilizumab-later"}
    | {"tocilizumab-ordered", "tocilizumab-all-given", "tocilizumab-under-age"}
    | {"tocilizumab-history-unknown", "tocilizumab-improving", "tocilizumab-advised", "cytopenia"}
    | {"persistent-hypotension", "refractory", "on-steroid", "steroids-not-known"}
    | {"steroid-ordered"}
    | {"on-dexamethasone", "dexamethasone-at-regimen", "dexamethasone-standing", "on-methylprednisolone"}
    | {"taper-not-begun", "taper-running", "taper-interrupted", "taper-escalated", "taper-unclear"}
    | {"taper-not-improving", "labs-not-resulted", "labs-not-known"}
)
"""What a row of advice may ask for; each is computed in ``situation``."""


class Strength(StrEnum):
    RECOMMENDED = "recommended"
    CONSIDER = "consider"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Advice:
    """Given at these grades when all of ``when`` hold and none of ``unless``."""

    id: str
    rule: str
    grades: frozenset[int]
    strength: Strength
    line: str
    when: frozenset[str]
    unless: frozenset[str]
    order: str
    source: str
    key: str
    """Of its line in the table."""
    option: str = ""
    """The choice that has to be made for it to hold, as ``topic=choice``."""


@dataclass(frozen=True, slots=True)
class Step:
    """A dose in mg every so often, for some days; None goes on until grade 1."""

    dose: Decimal
    every: timedelta
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Steroid:
    """A steroid dose that may be proposed; ``up_to`` is the longer end of an interval."""

    id: str
    rule: str
    drug: str
    dose: Decimal
    every: timedelta
    up_to: timedelta | None


@dataclass(frozen=True, slots=True)
class Panel:
    """A daily test: resulted when any of the concepts is."""

    id: str
    concepts: frozenset[Concept]
    order: str


@dataclass(frozen=True, slots=True)
class Option:
    """A topic on which sources disagree, and what this table chose."""

    topic: str
    chosen: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Regimen:
    options: Mapping[str, Option]
    early_products: frozenset[str]
    taper: tuple[Step, ...]
    steroids: Mapping[str, Steroid]
    labs: tuple[Panel, ...]
    advice: tuple[Advice, ...]
    not_chosen: tuple[Advice, ...] = ()
    """Rows of choices that were not made: never given, and shown to who may choose otherwise."""
    at_grade: Mapping[int, tuple[Advice, ...]] = field(init=False, repr=False, compare=False)
    """The rows of ``advice`` that may be given at a grade, in their order."""

    def __post_init__(self) -> None:
        grades = {grade for row in self.advice for grade in row.grades}
        found = {grade: tuple(row for row in self.advice if grade in row.grades) for grade in grades}
        object.__setattr__(self, "at_grade", found)

    @property
    def chosen(self) -> dict[str, str]:
        return {topic: option.chosen for topic, option in self.options.items()}

    @property
    def unusual(self) -> tuple[str, ...]:
        """The choices that are not the first of their topic, as ``topic=choice``."""
        return tuple(f"{o.topic}={o.chosen}" for o in self.options.values() if o.chosen != o.choices[0])


def read_regimen(root: Section) -> Regimen:
    options = _options(root)
    chosen = {topic: option.chosen for topic, option in options.items()}
    advice, not_chosen = _advice(root, chosen)
    return Regimen(
        options=options,
        early_products=_early_products(root.section("early-products")),
        taper=_taper(root, chosen),
        steroids=_steroids(root),
        labs=_labs(root),
        advice=advice,
        not_chosen=not_chosen,
    )


def _options(root: Section) -> dict[str, Option]:
    found = {}
    for topic, row in root.section("options").sections():
        choices = tuple(row.texts("choices"))
        chosen = row.text("chosen")
        if chosen not in choices:
            raise row.error("chosen", f"must be one of {', '.join(choices)}")
        found[topic] = Option(topic, chosen, choices)
        row.record(f"{chosen} (of {', '.join(choices)}): {row.text('why')}")
    return found


def _early_products(row: Section) -> frozenset[str]:
    products = frozenset(row.texts("products"))
    row.record("tocilizumab is considered early after: " + ", ".join(sorted(products)))
    return products


def _every(row: Section, key: str) -> timedelta:
    if row.text("every_unit") != "h":
        raise row.error("every_unit", "must be h")
    return timedelta(hours=row.within(key, 1, 168))


def _milligrams(row: Section) -> Decimal:
    row.unit_is("mg")
    return row.number_within("dose", 1, 100000)


def _taper(root: Section, chosen: Mapping[str, str]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for row in root.rows("taper"):
        days = row.within("days", 1, 60) if "days" in row.data else None
        step = Step(_milligrams(row), _every(row, "every"), days)
        length = f"for {days} d" if days else "until grade 1"
        row.record(f"methylprednisolone {step.dose} mg IV every {row.shown('every')} h {length}")
        if row.is_chosen(chosen):
            steps.append(step)
    if not steps or any(step.days is None for step in steps[:-1]):
        raise root.error("taper", "no step is chosen, or a step before the last has no end")
    return tuple(steps)


def _steroids(root: Section) -> dict[str, Steroid]:
    found = {}
    for row in root.rows("steroid"):
        up_to = _every(row, "every_up_to") if "every_up_to" in row.data else None
        steroid = Steroid(
            row.text("id"), row.text("rule"), row.text("drug"), _milligrams(row), _every(row, "every"), up_to
        )
        found[steroid.id] = steroid
        span = f"{row.shown('every')}" + (f"-{row.shown('every_up_to')}" if up_to else "")
        row.record(f"{steroid.drug} {steroid.dose} mg IV every {span} h")
    return found


def _labs(root: Section) -> tuple[Panel, ...]:
    panels = []
    for row in root.rows("labs"):
        panel = Panel(row.text("id"), frozenset(row.choices("concepts", Concept)), row.text("order"))
        panels.append(panel)
        row.record(f"daily {panel.id}: resulted when any of {', '.join(sorted(panel.concepts))} is")
    return tuple(panels)


def _advice(root: Section, chosen: Mapping[str, str]) -> tuple[tuple[Advice, ...], tuple[Advice, ...]]:
    """The rows that hold, and those of choices that were not made."""
    found: dict[str, tuple[Advice, bool]] = {}
    for row in root.rows("advice"):
        advice = _row_of_advice(row)
        if advice.id in found:
            raise row.error("id", f"{advice.id} is there twice")
        row.record(_advice_text(advice))
        found[advice.id] = advice, row.is_chosen(chosen)
    holds = tuple(advice for advice, is_chosen in found.values() if is_chosen)
    return holds, tuple(advice for advice, is_chosen in found.values() if not is_chosen)


def _row_of_advice(row: Section) -> Advice:
    return Advice(
        id=row.text("id"),
        rule=row.text("rule"),
        grades=frozenset(row.integers("grades")),
        strength=row.choice(row.text("strength"), Strength, "strength"),
        line=row.text("line"),
        when=_conditions(row, "when"),
        unless=_conditions(row, "unless"),
        order=row.text("order") if "order" in row.data else "",
        source=row.text("source"),
        key=row.path,
        option=row.text("option") if "option" in row.data else "",
    )


def _conditions(row: Section, key: str) -> frozenset[str]:
    names = frozenset(row.texts(key)) if key in row.data else frozenset()
    unknown = names - CONDITIONS
    if unknown:
        raise row.error(key, f"{min(unknown)!r} is not a condition that is computed")
    return names


def _advice_text(advice: Advice) -> str:
    grades = ", ".join(str(grade) for grade in sorted(advice.grades))
    when = f", when {' and '.join(sorted(advice.when))}" if advice.when else ""
    unless = f", unless {' or '.join(sorted(advice.unless))}" if advice.unless else ""
    return f"grade {grades}: {advice.strength}: {advice.id}{when}{unless}"
