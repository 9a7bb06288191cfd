"""What was charted in codes, texts and units that nothing in the code book maps, with counts.

The material of a site's overlay: sorted by how often each was charted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from fhir_mappings.code_systems import CHECKS, FORMS, Form, plain
from fhir_mappings.coded import Coded, Place, coded_in, drugs_named, is_meant, meanings_of
from fhir_mappings.codes import CodeBook
from fhir_mappings.facts import DrugGroup
from fhir_mappings.issues import Refusal
from fhir_mappings.meanings import DrugCode, PressureParent, RouteName, StateQuestion, Support, Told
from fhir_mappings.resources import ANSWERS, Gathered, Json, as_json, codings, record, records, text, texts_of
from fhir_mappings.units import UCUM

BOUND_BY_CODE = (Place.OBSERVATION, Place.CONDITION)
"""Where only a code can be bound, and no text."""


@dataclass(frozen=True, slots=True)
class Unmapped:
    """One code or text that nothing maps. ``code`` is empty where a text stands for itself."""

    place: Place
    count: int
    text: str = ""
    """The display of the code, or the text itself as charted."""
    system: str = ""
    code: str = ""
    value_type: str = ""
    unit: str = ""
    names: str = ""
    """The drug whose name the text holds, among other words."""
    fault: str = ""
    """Why no overlay can bind the code, where none can."""


class _Key(NamedTuple):
    place: Place
    system: str
    code: str
    words: str


@dataclass(slots=True)
class _Seen:
    """How often one was charted, and with what."""

    count: int = 0
    texts: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    names: str = ""
    fault: str = ""

    def add(self, item: Unmapped) -> None:
        self.count += item.count
        for counter, value in (
            (self.texts, item.text),
            (self.types, item.value_type),
            (self.units, item.unit),
        ):
            if value:
                counter[value] += item.count
        self.names = self.names or item.names
        self.fault = self.fault or item.fault


def combine(items: Iterable[Unmapped]) -> tuple[Unmapped, ...]:
    """Each once, its counts added up, the most frequent first."""
    seen: dict[_Key, _Seen] = {}
    for item in items:
        seen.setdefault(_key(item), _Seen()).add(item)
    found = [
        Unmapped(
            place=key.place,
            count=each.count,
            text=_most(each.texts),
            system=key.system,
            code=key.code,
            value_type=_most(each.types),
            unit=_most(each.units),
            names=each.names,
            fault=each.fault,
        )
        for key, each in seen.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.count, _key(each))))


def _key(item: Unmapped) -> _Key:
    """What makes two the same: the code, else the text as texts of its place are compared."""
    words = "" if item.code else item.text if item.place is Place.UNIT else plain(item.text)
    return _Key(item.place, item.system, item.code, words)


def _most(counter: Counter[str]) -> str:
    return min(counter, key=lambda each: (-counter[each], each), default="")


def unmapped_in(gathered: Gathered, book: CodeBook) -> tuple[Unmapped, ...]:
    """What the resources were charted with and nothing maps."""
    return combine(
        item for _, found in gathered for item in _once(_of_resource(as_json(found), gathered, book))
    )


def _once(items: Iterable[Unmapped]) -> Iterator[Unmapped]:
    """What a resource says twice (as a Medication and as its ingredient) was charted once."""
    found = list(items)
    yield from found if len(found) < 2 else (replace(each, count=1) for each in combine(found))


def _of_resource(resource: Json, gathered: Gathered, book: CodeBook) -> Iterator[Unmapped]:
    spoken = list(coded_in(resource, gathered))
    if resource["resourceType"] == "Observation":
        for coded in spoken:
            yield from _of_observed(coded, book)
    elif resource["resourceType"] == "MedicationAdministration":
        yield from _of_administration(resource, spoken, book)
    elif not any(is_meant(coded, book) for coded in spoken):
        for coded in spoken:
            yield from _of_concept(Unmapped(coded.place, 1), coded.concept, book)


def _of_observed(coded: Coded, book: CodeBook) -> Iterator[Unmapped]:
    told = [m for m in meanings_of(coded.concept, book) if isinstance(m, Told | PressureParent)]
    if not told and coded.place is Place.OBSERVATION:
        yield from _of_concept(_as_valued(coded.holder), coded.concept, book)
    question = next((m for m in told if isinstance(m, StateQuestion)), None)
    if question is not None:
        yield from _of_answer(question, coded.holder, book)
    elif told:
        ratio = record(coded.holder.get("valueRatio"))
        yield from _units([coded.holder.get("valueQuantity"), *ratio.values()], book)


def _as_valued(holder: Json) -> Unmapped:
    """What kind of value an Observation of an unknown code has, with its unit."""
    value_type = next((key for key in holder if key in ANSWERS), "component" if "component" in holder else "")
    quantity = record(holder.get("valueQuantity"))
    unit = text(quantity.get("unit")) or text(quantity.get("code"))
    return Unmapped(Place.OBSERVATION, 1, value_type=value_type, unit=unit)


def _of_answer(question: StateQuestion, holder: Json, book: CodeBook) -> Iterator[Unmapped]:
    """A device or mode that is not understood; a mode is bound by its text."""
    coding = holder.get("valueCoding")
    concept = {"coding": [coding]} if coding else record(holder.get("valueCodeableConcept"))
    words = [each for each in (text(holder.get("valueString")), *texts_of(concept)) if each]
    names = [book.device_names, book.mode_names] if question.mode else [book.device_names]
    known = any(plain(word) in table for word in words for table in names)
    if known or any(isinstance(m, Support) for m in meanings_of(concept, book)):
        return
    place = Place.MODE_ANSWER if question.mode else Place.DEVICE_ANSWER
    by_words = question.mode or not codings(concept)
    answer = {"text": words[0]} if words and by_words else concept
    yield from _of_concept(Unmapped(place, 1), answer, book)


def _of_administration(resource: Json, spoken: list[Coded], book: CodeBook) -> Iterator[Unmapped]:
    dosage = next(iter(records(resource.get("dosage"))), {})
    coded = [m.drug for each in spoken for m in meanings_of(each.concept, book) if isinstance(m, DrugCode)]
    if all(drug.groups == {DrugGroup.FLUID} for drug in coded):  # none, or only what carries another drug
        rate = record(dosage.get("rateQuantity")) or record(dosage.get("dose"))
        unit = text(rate.get("unit")) or text(rate.get("code"))
        for _, concept, _ in spoken:
            named = next((drug.drug.id for drug in drugs_named(concept, book)), "")
            yield from _of_concept(Unmapped(Place.MEDICATION, 1, unit=unit, names=named), concept, book)
    if any(is_meant(each, book) for each in spoken):
        ratio = record(dosage.get("rateRatio"))
        yield from _units([dosage.get("dose"), dosage.get("rateQuantity"), *ratio.values()], book)
        yield from _of_route(record(dosage.get("route")), book)


def _of_route(route: Json, book: CodeBook) -> Iterator[Unmapped]:
    known = any(isinstance(m, RouteName) for m in meanings_of(route, book))
    if not known and not any(plain(words) in book.route_names for words in texts_of(route)):
        yield from _of_concept(Unmapped(Place.ROUTE, 1), route, book)


def _units(quantities: Iterable[object], book: CodeBook) -> Iterator[Unmapped]:
    for quantity in map(record, quantities):
        system, code, label = (text(quantity.get(key)) for key in ("system", "code", "unit"))
        found = book.units.find(system, code, label)
        if isinstance(found, Refusal) and found.code == "unit-not-understood":
            yield Unmapped(Place.UNIT, 1, code if code and system == UCUM else label or code)


def _of_concept(item: Unmapped, concept: Json, book: CodeBook) -> Iterator[Unmapped]:
    """Its codes; its text where no code can be bound and a text can."""
    words = next(iter(texts_of(concept)), "")
    found = [
        _of_coding(item, coding, words, book)
        for coding in codings(concept)
        if text(coding.get("code")) and next(meanings_of({"coding": [coding]}, book), None) is None
    ]
    yield from found
    usable = any(not each.fault for each in found)
    if words and not usable and item.place not in BOUND_BY_CODE and plain(words) not in book.drug_names:
        yield replace(item, text=words)


def _of_coding(item: Unmapped, coding: Json, words: str, book: CodeBook) -> Unmapped:
    system, code, fault = bindable(text(coding.get("system")), text(coding["code"]), book)
    shown = text(coding.get("display")) or words
    return replace(item, text=shown, system=system, code=code, fault=fault)


def bindable(system: str, code: str, book: CodeBook) -> tuple[str, str, str]:
    """System and code as an overlay names them, or why it cannot."""
    known = book.systems.get(system.rstrip("/"))
    if known is None:
        fault = "" if ":" in system else "its system is not a URI" if system else "it has no system"
        return system, code, fault
    check = CHECKS.get(known.form)
    if check is not None and not check(code):
        return known.uri, code, f"it is not a valid {known.id} code"
    form = FORMS[known.form](code)[0]
    return known.uri, f"{form[:5]}-{form[5:]}" if known.form is Form.NDC else form, ""
