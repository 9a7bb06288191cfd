"""Laws of the mapping: units there and back, packing, kinds of numbers, and several patients at once.

Whole ``PatientFacts`` are compared, issues included. What follows for the grade is in ``test_fhir_laws``.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings import CodeBook, map_resources
from fhir_mappings.facts import MappingIssue, PatientFacts
from fhir_mappings.units import convert
from tests.fuzzing.cases import LATER, make
from tests.fuzzing.corpus import OVERLAY, corpus, external_corpus, resources_in
from tests.property.test_fhir_laws import ANY_CHART
from tests.unit.mapping.fhir_json import observation
from tests.unit.mapping.tampering import clone

Json = dict[str, Any]
BOOK = CodeBook.load(OVERLAY)
CANONICAL = [
    (unit.code, spec.concept.value)
    for unit in BOOK.units.codes.values()
    for spec in BOOK.specs.values()
    if unit.dimension == spec.unit.dimension and unit != spec.unit
]
AMOUNTS = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.integers(-15, 3),
)
SEEDS = st.integers(0, 10**9)


@pytest.mark.parametrize(("code", "concept"), sorted(set(CANONICAL)))
@given(value=AMOUNTS)
def test_an_amount_converted_to_the_canonical_unit_and_back_is_the_same(
    code: str, concept: str, value: Decimal
) -> None:
    charted, spec = BOOK.units.codes[code], BOOK.specs[next(c for c in BOOK.specs if c == concept)]
    assert convert(convert(value, charted, spec.unit), spec.unit, charted) == value


def facts_of(sources: Any, patient: str = "7") -> PatientFacts:
    return map_resources(sources, BOOK, as_of=LATER, patient_id=patient, coverage={})


@cache
def shapes_of(folder: Path) -> Sequence[Json]:
    return external_corpus(folder)


# --- However it is packed ---


def bundle(resources: Sequence[Any]) -> Json:
    entries = [{"resource": each, "search": {"mode": "match"}} for each in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries}


def cut(resources: list[Any], chance: random.Random) -> list[list[Any]]:
    where = sorted(chance.randint(0, len(resources)) for _ in range(chance.randint(0, 3)))
    return [resources[a:b] for a, b in zip([0, *where], [*where, len(resources)], strict=True)]


def as_lines(resources: list[Any], _chance: random.Random) -> list[Any]:
    """Without any Bundle, as the lines of an NDJSON file; blank ones too."""
    return [*resources, None]


def as_pages(resources: list[Any], chance: random.Random) -> list[Any]:
    return [bundle(part) for part in cut(resources, chance)]


def as_nested(resources: list[Any], chance: random.Random) -> list[Any]:
    """Bundles in Bundles, with an outcome among them."""
    inner = [bundle(as_pages(part, chance)) for part in cut(resources, chance)]
    return [bundle([*inner, {"resourceType": "OperationOutcome"}, bundle([])])]


def as_mixed(resources: list[Any], chance: random.Random) -> list[Any]:
    first, *rest = cut(resources, chance)
    return [*first, *(page for part in rest for page in as_nested(part, chance))]


PACKINGS: list[Callable[[list[Any], random.Random], list[Any]]] = [as_lines, as_pages, as_nested, as_mixed]


def packed(resources: Sequence[Any], chance: random.Random) -> list[Any]:
    """In another order, some twice, in Bundles or not."""
    again = [clone(each) for each in resources if chance.random() < 0.2]
    everything = [*resources, *again]
    chance.shuffle(everything)
    return chance.choice(PACKINGS)(everything, chance)


@given(ANY_CHART, st.randoms(use_true_random=False))
def test_packing_changes_no_fact_of_a_chart(resources: list[Json], chance: random.Random) -> None:
    assert facts_of(packed(resources, chance), "p") == facts_of(resources, "p")


@settings(max_examples=200)
@given(st.lists(st.sampled_from(corpus()), max_size=20), st.randoms(use_true_random=False))
def test_packing_changes_no_fact_of_any_shape(resources: list[Json], chance: random.Random) -> None:
    assert facts_of(packed(resources, chance)) == facts_of(resources)


@settings(max_examples=400)
@given(st.lists(SEEDS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_packing_changes_no_fact_of_mutated_resources(seeds: list[int], chance: random.Random) -> None:
    resources = [each for seed in seeds for each in make(f"packed/{seed}", corpus()).sources]
    assert facts_of(packed(resources, chance)) == facts_of(resources)


def test_packing_changes_no_fact_of_charts_of_others(external_data: Path) -> None:
    shapes = shapes_of(external_data)
    for seed in range(10):
        chance = random.Random(seed)  # noqa: S311 - not for secrets
        resources = chance.sample(shapes, 500)
        assert facts_of(packed(resources, chance)) == facts_of(resources)


# --- However numbers are parsed ---


def numbers_as(value: Any, kind: Callable[[Decimal], Any]) -> Any:
    """The same JSON with its numbers as another type."""
    if isinstance(value, dict):
        return {key: numbers_as(inner, kind) for key, inner in value.items()}
    if isinstance(value, list):
        return [numbers_as(inner, kind) for inner in value]
    is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    return kind(Decimal(str(value))) if is_number else value


def whole(value: Decimal) -> Any:
    """As a parser does with a number that has no decimals: an int, and a Decimal for the others."""
    return int(value) if value == value.to_integral_value() else value


def told(issue: MappingIssue) -> MappingIssue:
    """An issue with its value as a number: 101 and 101.0 are the same."""
    try:
        return replace(issue, value=str(Decimal(issue.value).normalize()))
    except ArithmeticError:
        return issue


def same(one: PatientFacts, other: PatientFacts) -> bool:
    issues = [sorted(map(told, facts.issues), key=repr) for facts in (one, other)]
    return replace(one, issues=()) == replace(other, issues=()) and issues[0] == issues[1]


@pytest.mark.parametrize("kind", [float, whole])
@given(resources=ANY_CHART)
def test_a_number_is_the_same_however_it_is_parsed(
    kind: Callable[[Decimal], Any], resources: list[Json]
) -> None:
    assert same(facts_of(numbers_as(resources, kind), "p"), facts_of(numbers_as(resources, Decimal), "p"))


@pytest.mark.parametrize("kind", [float, whole])
def test_a_number_of_any_shape_is_the_same_however_it_is_parsed(kind: Callable[[Decimal], Any]) -> None:
    resources = list(corpus())
    assert same(facts_of(numbers_as(resources, kind)), facts_of(numbers_as(resources, Decimal)))


@pytest.mark.parametrize("kind", [float, whole])
def test_a_number_that_others_wrote_is_the_same_however_it_is_parsed(
    kind: Callable[[Decimal], Any], external_data: Path
) -> None:
    resources = shapes_of(external_data)
    assert same(facts_of(numbers_as(resources, kind)), facts_of(numbers_as(resources, Decimal)))


@given(
    values=st.lists(
        st.sampled_from(["36.6", "37.1", "39.5", "99.9", "100.1", "100.4"]), min_size=2, max_size=2
    )
)
@pytest.mark.parametrize("kind", [float, whole])
def test_of_two_unlike_copies_the_same_is_read_however_numbers_are_parsed(
    kind: Callable[[Decimal], Any], values: list[str]
) -> None:
    resources = [observation("8310-5", value, "[degF]") for value in values]
    assert same(facts_of(numbers_as(resources, kind)), facts_of(numbers_as(resources, Decimal)))


# --- Whoever else is in the heap ---


def owned(resource: Json, patient: str) -> Json:
    """The same resource, of another patient and with an id of its own."""
    if resource["resourceType"] == "Medication":
        return resource
    link = {"reference": f"Patient/{patient}"}
    whose: Json = {key: link for key in ("subject", "patient") if key in resource}
    identity = patient if resource["resourceType"] == "Patient" else f"{patient}-{resource['id']}"
    return {**resource, **whose, "id": identity}


def without_strangers(facts: PatientFacts) -> PatientFacts:
    return replace(facts, issues=tuple(issue for issue in facts.issues if issue.code != "other-patient"))


@settings(max_examples=100)
@given(
    st.lists(st.lists(st.sampled_from(corpus()), max_size=12), min_size=2, max_size=4),
    st.randoms(use_true_random=False),
)
def test_patients_in_one_heap_have_the_facts_they_have_alone(
    charts: list[list[Json]], chance: random.Random
) -> None:
    alone = {f"p{n}": [owned(each, f"p{n}") for each in chart] for n, chart in enumerate(charts)}
    heap = packed([each for chart in alone.values() for each in chart], chance)
    shared = [each for chart in alone.values() for each in chart if each["resourceType"] == "Medication"]
    for patient, chart in alone.items():
        assert without_strangers(facts_of(heap, patient)) == facts_of([*chart, *shared], patient)


def test_a_correction_of_another_patient_replaces_nothing() -> None:
    """Identifiers without a system are no more than numbers on a sheet: two patients may have the same."""
    numbered = [{"value": "4"}]
    fever = observation("8310-5", "39.5", "Cel", identifier=numbered)
    other = observation("8310-5", "37.0", "Cel", id="o2", identifier=numbered, status="corrected")
    strangers = {**other, "subject": {"reference": "Patient/8"}}
    assert without_strangers(facts_of([fever, strangers])) == facts_of([fever])


def test_two_stays_in_one_heap_have_the_facts_they_have_alone(external_data: Path) -> None:
    alone: dict[str, list[Json]] = defaultdict(list)
    for path in sorted((external_data / "mimic-iv-demo-reconstructed").glob("*.ndjson")):
        for resource in resources_in(path):
            alone[resource["subject"]["reference"].rsplit("/", 1)[-1]].append(resource)
    heap = [each for chart in alone.values() for each in chart]
    assert len(alone) == 2
    for patient, chart in alone.items():
        assert facts_of(chart, patient).readings
        assert without_strangers(facts_of(heap, patient)) == facts_of(chart, patient)
