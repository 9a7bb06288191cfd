"""Mutated resources: nothing raises, and no number or time of a fact is invented.

Some thousand cases by fixed seeds, and as many again by Hypothesis's choice; ``make fuzz`` reads far more.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings import CodeBook
from fhir_mappings.facts import PatientFacts
from tests.fuzzing.cases import Case, as_json, make, smallest
from tests.fuzzing.corpus import OVERLAY, corpus, external_corpus
from tests.fuzzing.law import Law, all_facts
from tests.unit.mapping.fhir_json import LOINC, NOW, coded, infusion, mapped, observation, quantity

BOOK = CodeBook.load(OVERLAY)
CASES = 4000
BLOCKS = 5


def report(case: Case) -> str:
    """The faults of a case, and the least that shows them."""
    faults = case.faults(BOOK)
    least = f"\n{as_json(smallest(case, BOOK).sources)}" if faults else ""
    return "\n".join(f"{case.seed}: {fault}" for fault in faults) + least


@pytest.mark.parametrize("block", range(BLOCKS))
def test_no_mutated_resource_raises_or_gives_what_was_not_charted(block: int) -> None:
    size = CASES // BLOCKS
    cases = (make(f"fixed/{number}", corpus()) for number in range(block * size, (block + 1) * size))
    assert [told for case in cases if (told := report(case))] == []


@settings(max_examples=300)
@given(st.integers())
def test_no_case_of_any_seed_breaks_the_law(seed: int) -> None:
    assert report(make(f"any/{seed}", corpus())) == ""


def test_no_mutated_resource_of_others_breaks_the_law(external_data: Path) -> None:
    shapes = external_corpus(external_data)
    cases = (make(f"external/{number}", shapes) for number in range(CASES))
    assert [told for case in cases if (told := report(case))] == []


MEMBER = {
    "resourceType": "Observation",
    "id": "m",
    "status": "final",
    "code": coded(LOINC, "8310-5"),
    "valueQuantity": quantity("39.5", "Cel"),
}
PANEL = observation("85353-1", hasMember=[{"reference": "#m"}], contained=[MEMBER])
TINY = {"numerator": quantity("0.0000001", "mg"), "denominator": quantity("1", "h")}
NAMELESS = observation("8310-5", "38.5", "Cel", id="")
FOUND = {
    "a panel entered in error": [{**PANEL, "status": "entered-in-error"}],
    "a panel with a modifier extension": [{**PANEL, "modifierExtension": [{"url": "urn:x"}]}],
    "a panel about a donor": [{**PANEL, "focus": [{"reference": "Patient/donor"}]}],
    "a ratio so small that it was rounded to nothing": [
        infusion({"text": "norepinephrine"}) | {"dosage": {"rateRatio": TINY}}
    ],
    "two copies that differ in what is read": [
        observation({"coding": [{}]}),
        observation("3151-8"),
    ],
    "two without an id that differ in what is not read": [NAMELESS, {**NAMELESS, "note": [{"text": "x"}]}],
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_once_stays_lawful(name: str) -> None:
    sources = FOUND[name]
    assert Case(name, list(sources), len(sources), NOW, timedelta(0)).faults(BOOK) == []


def test_a_case_is_the_same_every_time() -> None:
    for number in range(50):
        one, other = (make(f"again/{number}", corpus()) for _ in range(2))
        assert as_json(one.sources) == as_json(other.sources)


def test_the_resources_that_cases_start_from_are_lawful_and_give_facts_of_every_kind() -> None:
    case = Case("", list(corpus()), len(corpus()), NOW, timedelta(0))
    facts = case.facts(BOOK)
    assert case.faults(BOOK) == []
    assert len(list(all_facts(facts))) > 50
    assert facts.birth_date
    assert all((facts.readings, facts.oxygen, facts.administrations, facts.therapies, facts.conditions))


FAHRENHEIT = observation("8310-5", "100.4", "[degF]")
RUNNING = infusion({"text": "norepinephrine"}, quantity("0.12", "ug/kg/min"))
MILLILITRES = observation("3151-8", "6100", "mL/min")


@pytest.mark.parametrize(
    ("charted", "changed"),
    [
        (FAHRENHEIT, observation("8310-5", "100.5", "[degF]")),
        (FAHRENHEIT, observation("8310-5", "38.1", "Cel")),
        (FAHRENHEIT, {**FAHRENHEIT, "effectiveDateTime": "2026-03-10T07:59:00Z"}),
        (FAHRENHEIT, {**FAHRENHEIT, "status": "entered-in-error"}),
        (FAHRENHEIT, {**FAHRENHEIT, "subject": {"reference": "Patient/8"}}),
        (FAHRENHEIT, {**FAHRENHEIT, "id": "another"}),
        (RUNNING, infusion({"text": "norepinephrine"}, quantity("0.13", "ug/kg/min"))),
        (MILLILITRES, observation("3151-8", "6100", "L/min")),
        (MILLILITRES, observation("3151-8", "610", "mL/min")),
    ],
)
def test_the_law_sees_facts_that_the_resources_do_not_say(
    charted: dict[str, Any], changed: dict[str, Any]
) -> None:
    assert broken([charted], mapped(charted)) == []
    assert broken([changed], mapped(charted)) != []


def test_the_law_sees_a_conversion_that_is_off() -> None:
    facts = mapped(FAHRENHEIT)
    ((concept, (reading,)),) = facts.readings.items()
    shifted = reading._replace(value=reading.value + Decimal("0.01"))
    assert broken([FAHRENHEIT], PatientFacts("7", readings={concept: (shifted,)})) != []


def broken(sources: list[Any], facts: PatientFacts) -> list[str]:
    return list(Law(sources, "7", NOW, NOW).broken(facts))
