"""The lines of the rule sheet: what a table says, and where every number is from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

from cds_service.cards.formats import UNITS, amount, number
from cds_service.cards.wording import rule_sheet as wording
from cds_service.crs.dosing import dose_for, whole_vials
from cds_service.crs.drug_table import DrugTable
from cds_service.crs.guideline import Guideline, Rule
from cds_service.crs.order_table import OrderItem
from cds_service.crs.regimen import Advice, Option
from cds_service.crs.table_reading import WITHOUT_NAME, Citation

Words = Callable[[str], str]
TENTH, USUAL = Decimal("0.1"), Decimal(70)
AMOUNT = re.compile(r"(?<=[\d.]) (?=(?:h|d|min|y|mg|kg|g|mL|mmHg|L/min|%|×10⁹/L|mg/kg)\b|%|×)")
NO_BREAK = "\N{NO-BREAK SPACE}"
CODE_SYSTEMS = {
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://loinc.org": "LOINC",
    "http://snomed.info/sct": "SNOMED CT",
}


class References:
    """The sources of all tables, numbered as they are first named."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        found = dict.fromkeys(citation for rule in rules for citation in rule.citations)
        self.numbers: dict[Citation, int] = {citation: place for place, citation in enumerate(found, 1)}

    def of(self, rule: Rule) -> list[int]:
        return [self.numbers[citation] for citation in rule.citations]


class Line(NamedTuple):
    """One line of a table: ``amount`` is its one number with unit, ``holds`` whether its choice was made."""

    key: str
    rule: str
    says: str
    amount: str
    standing: str
    sources: list[int]
    option: str = ""
    holds: bool = True


class AdviceLine(NamedTuple):
    line: Line
    grades: frozenset[int]
    strength: str
    when: list[str]
    unless: list[str]


class Choice(NamedTuple):
    name: str
    words: str
    chosen: bool
    usual: bool
    follows: list[Line]


class Topic(NamedTuple):
    line: Line
    title: str
    choices: list[Choice]


class OrderLine(NamedTuple):
    item: OrderItem
    line: Line
    codes: list[tuple[str, str, str]]
    seen_in: str


class Example(NamedTuple):
    """The arithmetic of a dose at one weight."""

    weight: str
    arithmetic: str
    dose: str
    vials: str


class Lines:
    """Makes lines of the rules of a guideline."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline = guideline
        self.references = References(guideline.rules)
        self.rules = {rule.key: rule for rule in guideline.rules}

    def line(self, rule: Rule, words: Words = str) -> Line:
        topic, _, chosen = rule.option.partition("=")
        holds = not rule.option or self.guideline.regimen.chosen[topic] == chosen
        shown = amount(rule.value, "" if rule.unit in WITHOUT_NAME else rule.unit) if rule.value else ""
        says, sources = sentence(words(_units(rule.says))), self.references.of(rule)
        return Line(rule.key, rule.rule, says, unbroken(shown), rule.standing, sources, rule.option, holds)

    def under(self, *prefixes: str, words: Words = str) -> list[Line]:
        """Every line whose key begins with one of these."""
        return [self.line(rule, words) for rule in self.guideline.rules if rule.key.startswith(prefixes)]

    def advice(self, name: str) -> list[AdviceLine]:
        """The rows of advice of one line of the card, also those of choices not made."""
        regimen = self.guideline.regimen
        rows = [row for row in (*regimen.advice, *regimen.not_chosen) if row.line == name]
        return [self._advice(row) for row in sorted(rows, key=lambda row: list(self.rules).index(row.key))]

    def _advice(self, row: Advice) -> AdviceLine:
        line = self.line(self.rules[row.key])._replace(says=self._advised(row))
        when, unless = ([self._condition(name) for name in sorted(names)] for names in (row.when, row.unless))
        return AdviceLine(line, row.grades, wording.STRENGTHS[row.strength], when, unless)

    def _advised(self, row: Advice) -> str:
        return unbroken(wording.advice(row, self.guideline))

    def _condition(self, name: str) -> str:
        return unbroken(wording.condition(name, self.guideline))

    def topics(self) -> list[Topic]:
        found = []
        for option in self.guideline.regimen.options.values():
            rule = self.rules[f"options.{option.topic}"]
            line = self.line(rule)._replace(says=sentence(rule.says.partition(": ")[2]))
            choices = [self._choice(option, name) for name in option.choices]
            found.append(Topic(line, wording.TOPICS.get(option.topic, option.topic), choices))
        return found

    def _choice(self, option: Option, name: str) -> Choice:
        words = wording.choice(option.topic, name)
        follows = [
            self._follows(rule) for rule in self.guideline.rules if rule.option == f"{option.topic}={name}"
        ]
        return Choice(name, words, name == option.chosen, name == option.choices[0], follows)

    def _follows(self, rule: Rule) -> Line:
        """A line that a choice brings, advice in its sentence."""
        regimen = self.guideline.regimen
        said = next((row for row in (*regimen.advice, *regimen.not_chosen) if row.key == rule.key), None)
        return self.line(rule) if said is None else self.line(rule)._replace(says=self._advised(said))

    def orders(self) -> list[OrderLine]:
        found = []
        for index, item in enumerate(self.guideline.orders.orders.values()):
            rule = self.rules[f"orders.toml: order[{index}]"]
            codes = [(CODE_SYSTEMS[c.system], c.code, c.display) for c in item.codings]
            found.append(OrderLine(item, self.line(rule), codes, rule.source))
        return found


def sentence(says: str) -> str:
    """With a capital letter, unless it begins with an abbreviation, and amounts that stay on one line."""
    return unbroken(f"{says[:1].upper()}{says[1:]}")


def unbroken(text: str) -> str:
    return AMOUNT.sub(NO_BREAK, text)


def _units(says: str) -> str:
    for code in ("mm[Hg]", "ug/kg/min", "10*9/L"):
        says = says.replace(f"x {code}", UNITS[code]).replace(code, UNITS[code])
    return says.replace(" x ", " × ")


def examples(drug: DrugTable) -> list[Example]:
    """Doses just below and at every step, and on both sides of the limit for one dose."""
    if not drug.bands or drug.per_dose is None:
        return []
    cap = drug.per_dose / drug.bands[-1].per_kg
    edges = [band.below for band in drug.bands if band.below is not None]
    below = [weight - TENTH for weight in (*edges, cap)]
    weights = sorted({*edges, *below, USUAL, cap, cap + 10})
    return [_example(drug, weight) for weight in weights]


def _example(drug: DrugTable, weight: Decimal) -> Example:
    dose = dose_for(drug, weight)
    product = f"{number(weight)} kg × {number(dose.per_kg)} mg/kg = {number(dose.exact)} mg"
    vials = " + ".join(number(vial) for vial in whole_vials(drug, dose.milligrams))
    return Example(f"{number(weight)} kg", product, f"{number(dose.milligrams)} mg", vials)
