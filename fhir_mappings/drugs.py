"""Which drug an administration or an order is about, wherever its code is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fhir_mappings.chart import Chart
from fhir_mappings.code_systems import plain
from fhir_mappings.codes import CodeBook
from fhir_mappings.facts import DrugGroup
from fhir_mappings.meanings import Conflict, DrugCode
from fhir_mappings.resources import Json, record, records, text, texts_of
from fhir_mappings.strength import with_strength

MOST_MEDICATIONS = 50
"""That one drug is made of, one inside the other: more is no prescription."""


@dataclass(slots=True)
class Found:
    """The drugs of a resource; the other fields say how well they are known."""

    codes: list[DrugCode]
    by_text: bool = False
    issue: str = ""
    disputed: tuple[str, ...] = ()
    """The drugs that codings of one concept disagree about."""
    mention: str = ""
    """A text that names a drug among other words: not taken for it, but not passed over either."""

    def named(self, book: CodeBook) -> list[DrugCode]:
        """The drugs as coded or exactly named, else the one that a text mentions."""
        mention = None if self.codes else mentioned(self.mention, book)
        return [mention] if mention else self.codes

    @property
    def name_issue(self) -> str:
        """What is to be said of the name, where no code was known."""
        return "matched-by-text" if self.by_text else "" if self.codes else "name-not-exact"


def drug_of(concept: Any, book: CodeBook) -> Found:
    """The drug of a CodeableConcept: by its codings, else by an exact name."""
    meaning = book.meaning(concept)
    if isinstance(meaning, DrugCode):
        return Found([meaning])
    if isinstance(meaning, Conflict):
        sides = (meaning.first, meaning.second)
        disputed = tuple(sorted({side.drug.id for side in sides if isinstance(side, DrugCode)}))
        return Found([], issue="conflicting-codes" if disputed else "", disputed=disputed)
    for name in texts_of(concept):
        known = book.drug_names.get(plain(name))
        if known is not None:
            return Found([known], by_text=True)
    return Found([], mention=next((name for name in texts_of(concept) if mentioned(name, book)), ""))


def is_named(concept: Any) -> bool:
    """Whether the drug is shown in words that can be read, even if no table has them."""
    return any(letter.isascii() and letter.isalpha() for words in texts_of(concept) for letter in words)


def _shows_a_name(medication: Json, *shown: Any) -> bool:
    """Whether anything about a Medication at hand says in words what it is."""
    parts = records(medication.get("ingredient"))
    concepts = [*shown, medication.get("code"), *(part.get("itemCodeableConcept") for part in parts)]
    links = [*shown, *(part.get("itemReference") for part in parts)]
    words = [{"text": record(link).get("display")} for link in links]
    return any(is_named(concept) for concept in (*concepts, *words))


def mentioned(name: str, book: CodeBook) -> DrugCode | None:
    """The drug whose name occurs in a text."""
    match = book.mention.search(plain(name))
    return book.drug_names[match[0]] if match else None


def drugs_of(resource: Json, chart: Chart) -> Found:
    """The drugs of an administration or an order, its Medication and ingredients included."""
    concept = resource.get("medicationCodeableConcept")
    found = drug_of(concept, chart.book)
    link = resource.get("medicationReference")
    if found.codes or found.issue:
        return found
    if not isinstance(link, dict):
        found.issue = "" if found.mention or is_named(concept) else "medication-unresolved"
        return found
    medication = chart.gathered.resolve(link, "Medication", resource)
    if medication is not None:
        inner = _drugs_in(medication, resource, chart, seen=set())
        inner.mention = inner.mention or found.mention
        if not (inner.codes or inner.issue or inner.mention or _shows_a_name(medication, concept, link)):
            inner.issue = "medication-unresolved"
        return inner
    shown = text(link.get("display"))
    named = drug_of({"text": shown}, chart.book)
    mention = named.mention or found.mention
    if named.codes or (is_named({"text": shown}) and not mention):
        return named  # what is shown is no drug that is read here
    return Found([], issue="medication-unresolved", mention=mention)


def _drugs_in(medication: Json, holder: Json, chart: Chart, seen: set[int]) -> Found:
    """By the Medication's own code, else by what it is made of (the fluid set aside)."""
    found = drug_of(medication.get("code"), chart.book)
    found.codes = [_strengthened(code, medication, chart) for code in found.codes]
    if found.codes or found.issue or id(medication) in seen or len(seen) > MOST_MEDICATIONS:
        return found
    seen.add(id(medication))  # Medications may be made of each other: each is opened once
    for ingredient in records(medication.get("ingredient")):
        if ingredient.get("isActive") is not False:
            inner = _ingredient(ingredient, medication, holder, chart, seen)
            told = (with_strength(code, ingredient.get("strength"), chart.book) for code in inner.codes)
            found.codes = _together([*found.codes, *told])
            found.by_text = found.by_text or (inner.by_text and not _all_fluids(inner.codes))
            found.issue = found.issue or inner.issue
            found.disputed += inner.disputed
            found.mention = found.mention or inner.mention
    active = [code for code in found.codes if not _all_fluids([code])]
    return Found(active or found.codes, found.by_text, found.issue, found.disputed, found.mention)


def _strengthened(code: DrugCode, medication: Json, chart: Chart) -> DrugCode:
    """A product's drug with the strength that its own active ingredient of this drug has."""
    told = []
    for ingredient in records(medication.get("ingredient")):
        inner = drug_of(ingredient.get("itemCodeableConcept"), chart.book).codes
        if ingredient.get("isActive") is not False and any(each.drug is code.drug for each in inner):
            told.append(with_strength(code, ingredient.get("strength"), chart.book))
    return _together(told)[0] if told else code


def _together(codes: list[DrugCode]) -> list[DrugCode]:
    """Each drug once; one with two strengths or contents has none that can be used."""
    found: dict[str, DrugCode] = {}
    for code in codes:
        known = found.setdefault(code.drug.id, code)
        differ = (known.strength, known.content) != (code.strength, code.content)
        found[code.drug.id] = replace(known, disputed=known.disputed or differ)
    return list(found.values())


def _all_fluids(codes: list[DrugCode]) -> bool:
    return all(code.drug.groups == {DrugGroup.FLUID} for code in codes)


def _ingredient(ingredient: Json, medication: Json, holder: Json, chart: Chart, seen: set[int]) -> Found:
    found = drug_of(ingredient.get("itemCodeableConcept"), chart.book)
    link = ingredient.get("itemReference")
    if found.codes or found.issue or not isinstance(link, dict):
        return found
    inner = chart.gathered.resolve(link, "Medication", medication)
    inner = inner or chart.gathered.resolve(link, "Medication", holder)
    return _drugs_in(record(inner), holder, chart, seen)
