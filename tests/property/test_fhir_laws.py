"""Laws of the whole way from FHIR resources to the grade: order, duplicates, units, errors, the future."""

import copy
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.crs.assess import assess
from fhir_mappings import CodeBook, map_resources
from fhir_mappings.facts import PatientFacts
from tests import builders as fhir
from tests.builders import EVERYTHING, NOW, Hours, Json, concept, observation, quantity
from tests.property.agreement import GUIDELINE, Answer, engine_course
from tests.property.charts import hours
from tests.spec.vignettes import coding_a, coding_b
from tests.spec.vignettes.cases import cases

CODEBOOK = CodeBook.load()
VIGNETTES = [list(coding.resources(case)) for case in cases() for coding in (coding_a, coding_b)]

Row = dict[str, Any]


def facts_of(resources: Iterable[Json]) -> PatientFacts:
    return map_resources(resources, CODEBOOK, as_of=NOW, patient_id="p", coverage=EVERYTHING)


def answer_to(resources: Iterable[Json]) -> Answer:
    return engine_course(facts_of(resources), NOW)


def past() -> st.SearchStrategy[Hours]:
    return hours(-60, 0)


ROWS: st.SearchStrategy[Row] = st.one_of(
    st.fixed_dictionaries(
        {
            "is": st.just("temperature"),
            "h": past(),
            "value": st.sampled_from(["36.5", "37.9", "38.0", "39.9"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "is": st.just("pressure"),
            "h": past(),
            "systolic": st.sampled_from([70, 89, 90, 120]),
            "line": st.sampled_from(["cuff", "arterial"]),
        }
    ),
    st.fixed_dictionaries({"is": st.just("saturation"), "h": past(), "value": st.sampled_from([88, 92, 97])}),
    st.fixed_dictionaries(
        {
            "is": st.just("oxygen"),
            "h": past(),
            "device": st.sampled_from(["room-air", "nasal-cannula", "face-mask", "cpap", "ventilator"]),
            "flow": st.sampled_from([1, 6, 8]),
        }
    ),
    st.fixed_dictionaries(
        {
            "is": st.just("infusion"),
            "h": past(),
            "drug": st.sampled_from(["norepinephrine", "epinephrine", "vasopressin", "milrinone"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "is": st.just("drug"),
            "h": past(),
            "drug": st.sampled_from(["acetaminophen", "dexamethasone"]),
            "dose": st.just("10 mg"),
        }
    ),
)


def resources_of(rows: list[Row]) -> list[Json]:
    """A patient with a recent cell therapy and these rows, in coding A."""
    code = concept(fhir.ICD_10_PCS, "XW033J7")
    found = [fhir.patient("1970-01-01"), fhir.procedure("cells", code, -96)]
    for number, row in enumerate(rows):
        found += coding_a.SHAPES[row["is"]](f"{row['is']}-{number}", row)
    return found


RESOURCES = st.lists(ROWS, max_size=10).map(resources_of)
ANY_CHART = st.sampled_from(VIGNETTES) | RESOURCES


@given(ANY_CHART, st.randoms(use_true_random=False))
def test_the_order_of_resources_changes_nothing(resources: list[Json], chance: Any) -> None:
    shuffled = list(resources)
    chance.shuffle(shuffled)
    assert answer_to(shuffled) == answer_to(resources)


@given(ANY_CHART, st.data())
def test_a_resource_on_two_pages_counts_once(resources: list[Json], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(resources), min_size=1, max_size=5))
    where = data.draw(st.integers(0, len(resources)))
    doubled = [*resources[:where], *copy.deepcopy(again), *resources[where:]]
    assert assess(facts_of(doubled), GUIDELINE, NOW) == assess(facts_of(resources), GUIDELINE, NOW)


@given(ANY_CHART)
def test_mapping_leaves_its_input_as_it_was(resources: list[Json]) -> None:
    before = copy.deepcopy(resources)
    facts_of(resources)
    assert resources == before


TENTHS = st.lists(st.tuples(st.integers(350, 415), past()), min_size=1, max_size=8)


def temperatures(readings: list[tuple[int, Hours]], fahrenheit: bool) -> list[Json]:
    """Readings in tenths of a degree Celsius, charted in one unit or the other; the conversion is exact."""
    found = resources_of([])
    for number, (tenths, hour) in enumerate(readings):
        value = Decimal(tenths) / 10
        amount = quantity(value * 9 / 5 + 32, "[degF]") if fahrenheit else quantity(value, "Cel")
        code = concept(fhir.LOINC, "8310-5")
        found.append(observation(f"temperature-{number}", code, hour, valueQuantity=amount))
    return found


@given(TENTHS)
def test_fahrenheit_and_celsius_agree(readings: list[tuple[int, Hours]]) -> None:
    celsius, fahrenheit = temperatures(readings, False), temperatures(readings, True)
    assert answer_to(celsius) == answer_to(fahrenheit)


def wrong(resource: Json, number: int) -> Json:
    """The same kind of entry, another one, that should never have been made."""
    verification = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    changed = {**resource, "id": f"wrong-{number}"}
    if resource["resourceType"] == "Condition":
        return {**changed, "verificationStatus": concept(verification, "entered-in-error")}
    return {**changed, "status": "entered-in-error"}


WORST = resources_of(
    [
        {"is": "temperature", "h": 0, "value": "40.0"},
        {"is": "pressure", "h": 0, "systolic": 60},
        {"is": "oxygen", "h": 0, "device": "ventilator"},
        {"is": "oxygen", "h": 0, "device": "room-air"},
        {"is": "infusion", "h": -1, "drug": "norepinephrine"},
        {"is": "infusion", "h": -1, "drug": "epinephrine"},
        {"is": "drug", "h": -1, "drug": "dexamethasone", "dose": "10 mg"},
    ]
)[1:]


@given(ANY_CHART, st.lists(st.sampled_from(WORST), min_size=1, max_size=6))
def test_what_was_entered_in_error_never_counts(resources: list[Json], mistakes: list[Json]) -> None:
    with_mistakes = [*resources, *(wrong(m, n) for n, m in enumerate(mistakes))]
    assert answer_to(with_mistakes) == answer_to(resources)


@given(ANY_CHART, st.lists(ROWS, min_size=1, max_size=6), st.integers(1, 48))
def test_a_future_value_never_counts(resources: list[Json], rows: list[Row], ahead: int) -> None:
    future: list[Json] = []
    for number, row in enumerate(rows):
        later = {**row, "h": ahead + number}
        future += coding_a.SHAPES[row["is"]](f"future-{number}", later)
    assert answer_to([*resources, *future]) == answer_to(resources)


@settings(max_examples=50)
@given(RESOURCES, st.sampled_from(["Patient/other", "Group/p", ""]))
def test_a_resource_of_another_patient_never_counts(resources: list[Json], whose: str) -> None:
    strangers = [{**r, "id": f"other-{n}", "subject": {"reference": whose}} for n, r in enumerate(WORST)]
    assert answer_to([*resources, *strangers]) == answer_to(resources)
