"""What a code, or several codings of one concept, means."""

from itertools import permutations
from typing import Any

import pytest

from fhir_mappings.facts import Concept, DrugGroup, Method, OxygenDevice, Route, TherapyKind
from fhir_mappings.meanings import (
    Conflict,
    Diagnosis,
    DrugCode,
    Excluded,
    Meaning,
    Measure,
    Support,
)
from tests.unit.mapping.fhir_json import CPT, ICD10CM, ICD10PCS, LOINC, NDC, RXNORM, SNOMED, book


def drug(system: str, code: str) -> DrugCode:
    meaning = book().find(system, code)
    assert isinstance(meaning, DrugCode)
    return meaning


def meaning_of(*codings: tuple[str, str]) -> Meaning | Conflict | None:
    return book().meaning({"coding": [{"system": system, "code": code} for system, code in codings]})


@pytest.mark.parametrize(
    ("code", "concept", "method"),
    [
        ("8310-5", Concept.TEMPERATURE, Method.UNSPECIFIED),
        ("75539-7", Concept.TEMPERATURE, Method.UNSPECIFIED),
        ("8480-6", Concept.SYSTOLIC, Method.UNSPECIFIED),
        ("76534-7", Concept.SYSTOLIC, Method.CUFF),
        ("76215-3", Concept.SYSTOLIC, Method.ARTERIAL),
        ("76214-6", Concept.MEAN_PRESSURE, Method.ARTERIAL),
        ("59408-5", Concept.SPO2, Method.UNSPECIFIED),
        ("3150-0", Concept.FIO2, Method.UNSPECIFIED),
        ("751-8", Concept.NEUTROPHILS, Method.UNSPECIFIED),
    ],
)
def test_observation_codes_tell_concept_and_method(code: str, concept: Concept, method: Method) -> None:
    meaning = book().find(LOINC, code)
    assert isinstance(meaning, Measure)
    assert (meaning.spec.concept, meaning.method) == (concept, method)


@pytest.mark.parametrize(
    ("code", "drug_id", "groups"),
    [
        ("7512", "norepinephrine", {DrugGroup.VASOPRESSOR}),
        ("3992", "epinephrine", {DrugGroup.VASOPRESSOR}),
        ("11149", "vasopressin", {DrugGroup.VASOPRESSIN}),
        ("3616", "dobutamine", {DrugGroup.INOTROPE}),
        ("161", "acetaminophen", {DrugGroup.ANTIPYRETIC}),
        ("3264", "dexamethasone", {DrugGroup.STEROID}),
        ("612865", "tocilizumab", {DrugGroup.TOCILIZUMAB, DrugGroup.ANTICYTOKINE}),
        ("1193326", "ruxolitinib", {DrugGroup.ANTICYTOKINE}),
        ("3002", "cyclophosphamide", {DrugGroup.OTHER_IMMUNOSUPPRESSANT}),
        ("1597258", "blinatumomab", {DrugGroup.T_CELL_ENGAGER}),
    ],
)
def test_drug_codes_tell_what_the_drug_means_to_crs(code: str, drug_id: str, groups: set[DrugGroup]) -> None:
    found = drug(RXNORM, code).drug
    assert (found.id, set(found.groups)) == (drug_id, groups)


@pytest.mark.parametrize(
    ("code", "route"),
    [
        ("1657974", Route.INTRAVENOUS),
        ("1657981", Route.INTRAVENOUS),
        ("2680287", Route.INTRAVENOUS),
        ("1441527", Route.SUBCUTANEOUS),
        ("2106075", Route.SUBCUTANEOUS),
        ("2686045", Route.SUBCUTANEOUS),
        ("612865", Route.UNSPECIFIED),
    ],
)
def test_a_tocilizumab_product_tells_its_route(code: str, route: Route) -> None:
    assert drug(RXNORM, code).route is route


def test_a_national_drug_code_is_found_in_any_of_its_shapes() -> None:
    for code in ("68547-501", "68547-501-02", "68547-0501-02", "68547050102"):
        assert drug(NDC, code).drug.id == "angiotensin-ii"
    assert book().find(NDC, "68547-502") is None


@pytest.mark.parametrize(
    ("system", "code", "product"),
    [
        (RXNORM, "1987402", "axicabtagene-ciloleucel"),
        (NDC, "0078-0846-19", "tisagenlecleucel"),
        (ICD10PCS, "XW033M7", "brexucabtagene-autoleucel"),
        (CPT, "38228", "car-t-unspecified"),
    ],
)
def test_cell_products_go_by_drug_and_by_procedure_codes(system: str, code: str, product: str) -> None:
    found = drug(system, code).drug
    assert (found.id, found.therapy, found.generic) == (
        product,
        TherapyKind.CAR_T,
        product == "car-t-unspecified",
    )


@pytest.mark.parametrize(
    "system",
    ["urn:oid:2.16.840.1.113883.6.1", "http://loinc.org/", " http://loinc.org ", "https://loinc.org"],
)
def test_a_code_system_may_go_by_its_other_names(system: str) -> None:
    assert book().find(system, "8310-5 ") == book().find(LOINC, "8310-5")


@pytest.mark.parametrize(
    ("code", "group"),
    [
        ("A41.9", "infection"),
        ("b99.9", "infection"),
        ("J09.X1", "infection"),
        ("J18.9", "infection"),
        ("J19.0", None),
        ("N39.0", "infection"),
        ("N39.9", None),
        ("R65.21", "infection"),
        ("R65.10", None),
        ("I50.9", "comorbidity"),
        ("N18.31", None),
        ("N18.32", "comorbidity"),
        ("N186", "comorbidity"),
        ("N18.9", None),
        ("J44.1", "comorbidity"),
        ("K74.60", "comorbidity"),
        ("C83.3", None),
        ("", None),
    ],
)
def test_icd_ranges_take_in_their_subcodes_and_nothing_beyond(code: str, group: str | None) -> None:
    meaning = book().find(ICD10CM, code)
    assert (meaning.group if isinstance(meaning, Diagnosis) else None) == group


def test_a_grade_in_the_code_is_read_with_and_without_the_dot() -> None:
    for code in ("D89.833", "D89833"):
        meaning = book().find(ICD10CM, code)
        assert isinstance(meaning, Diagnosis)
        assert (meaning.group, meaning.grade) == ("crs", 3)


def every_order(*codings: tuple[str, str]) -> set[str]:
    return {repr(meaning_of(*order)) for order in permutations(codings)}


def test_a_wrong_first_coding_does_not_hide_the_right_one() -> None:
    meaning = meaning_of(("http://hospital.example", "BT"), (LOINC, "8310-5"))
    assert isinstance(meaning, Measure)
    assert meaning.spec.concept is Concept.TEMPERATURE


def test_codings_that_mean_different_things_are_a_conflict() -> None:
    assert isinstance(meaning_of((LOINC, "8310-5"), (LOINC, "8480-6")), Conflict)
    assert isinstance(meaning_of((RXNORM, "7512"), (RXNORM, "3992")), Conflict)
    assert isinstance(meaning_of((SNOMED, "336623009"), (SNOMED, "426854004")), Conflict)


@pytest.mark.parametrize(
    "codings",
    [
        [(LOINC, "8480-6"), (LOINC, "76215-3")],
        [(LOINC, "29463-7"), (LOINC, "8339-4")],
        [(LOINC, "85354-9"), (LOINC, "8480-6")],
        [(SNOMED, "57485005"), (SNOMED, "371907003")],
        [(RXNORM, "612865"), (RXNORM, "1441527")],
        [(ICD10CM, "D89.839"), (SNOMED, "710027002"), (ICD10CM, "D89.832")],
    ],
)
def test_the_order_of_codings_does_not_matter(codings: list[tuple[str, str]]) -> None:
    assert len(every_order(*codings)) == 1


def test_the_more_telling_coding_wins() -> None:
    arterial = meaning_of((LOINC, "8480-6"), (LOINC, "76215-3"))
    assert isinstance(arterial, Measure)
    assert arterial.method is Method.ARTERIAL
    birth = meaning_of((LOINC, "29463-7"), (LOINC, "8339-4"))
    assert birth == Excluded("birth-weight", "weight")
    cannula = meaning_of((SNOMED, "57485005"), (SNOMED, "371907003"))
    assert isinstance(cannula, Support)
    assert cannula.device is OxygenDevice.NASAL_CANNULA
    pen = meaning_of((RXNORM, "612865"), (RXNORM, "1441527"))
    assert isinstance(pen, DrugCode)
    assert pen.route is Route.SUBCUTANEOUS
    graded = meaning_of((ICD10CM, "D89.839"), (SNOMED, "710027002"), (ICD10CM, "D89.832"))
    assert isinstance(graded, Diagnosis)
    assert graded.grade == 2


def test_cuff_and_arterial_codings_of_one_value_leave_the_method_open() -> None:
    meaning = meaning_of((LOINC, "76534-7"), (LOINC, "76215-3"))
    assert isinstance(meaning, Measure)
    assert meaning.method is Method.UNSPECIFIED


@pytest.mark.parametrize(
    "rubbish",
    [
        None,
        7,
        "8310-5",
        [],
        {"coding": None},
        {"coding": {"code": "8310-5"}},
        {"coding": [None, 3, {"code": []}]},
        {"coding": [{"system": {}, "code": "8310-5"}]},
    ],
)
def test_rubbish_means_nothing(rubbish: Any) -> None:
    assert book().meaning(rubbish) is None
