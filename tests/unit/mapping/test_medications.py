"""MedicationAdministrations: which drug, when, how fast, how much, by which route."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fhir_mappings.facts import Administration, DrugGroup, PatientFacts, Quantity, Route
from tests.unit.mapping.fhir_json import (
    ACETAMINOPHEN,
    EARLIER,
    NDC,
    NOREPINEPHRINE,
    NOW,
    RXNORM,
    SNOMED,
    TOCILIZUMAB,
    administration,
    coded,
    infusion,
    issue_codes,
    mapped,
    only_issue,
    quantity,
)

HOUR_AGO = NOW - timedelta(hours=1)
IV = coded(SNOMED, "47625008")
VASOPRESSIN = coded(RXNORM, "11149")


def only(facts: PatientFacts) -> Administration:
    (item,) = facts.administrations
    return item


def medication(identity: str = "d1", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Medication", "id": identity, **more}


def by_reference(reference: str, **more: Any) -> dict[str, Any]:
    return infusion({}, medicationCodeableConcept=None, medicationReference={"reference": reference}, **more)


def test_a_running_infusion() -> None:
    facts = mapped(infusion(NOREPINEPHRINE, quantity("0.12", "ug/kg/min")))
    item = only(facts)
    assert (item.drug, item.start, item.end, item.ongoing, item.point) == (
        "norepinephrine",
        HOUR_AGO,
        None,
        True,
        False,
    )
    assert item.rate == Quantity(Decimal("0.12"), "ug/kg/min")
    assert facts.issues == ()


def test_one_segment_of_an_infusion_keeps_an_end_that_is_still_to_come() -> None:
    period = {"start": EARLIER, "end": "2026-03-10T09:30:00Z"}
    facts = mapped(infusion(NOREPINEPHRINE, status="completed", effectivePeriod=period))
    item = only(facts)
    assert (item.status, item.ongoing, item.end) == (
        "completed",
        False,
        datetime(2026, 3, 10, 9, 30, tzinfo=UTC),
    )
    assert facts.issues == ()


def test_a_single_event_is_a_point() -> None:
    item = only(mapped(administration(ACETAMINOPHEN, {"dose": quantity("650", "mg")})))
    assert (item.point, item.ongoing, item.dose) == (True, False, Quantity(Decimal(650), "mg"))


def test_an_event_still_in_progress_runs() -> None:
    item = only(mapped(administration(NOREPINEPHRINE, status="in-progress")))
    assert (item.point, item.ongoing) == (False, True)


@pytest.mark.parametrize("status", ["on-hold", "stopped", "completed"])
def test_an_open_period_that_is_not_in_progress_does_not_run(status: str) -> None:
    item = only(mapped(infusion(NOREPINEPHRINE, quantity("0", "ug/kg/min"), status=status)))
    assert (item.status, item.ongoing) == (status, False)
    assert item.rate == Quantity(Decimal(0), "ug/kg/min")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("not-done", "not-done"),
        ("entered-in-error", "entered-in-error"),
        ("entered-in-error ", "entered-in-error"),
    ],
)
def test_what_was_not_given_is_not_used(status: str, expected: str) -> None:
    facts = mapped(infusion(NOREPINEPHRINE, status=status))
    assert facts.administrations == ()
    issue = only_issue(facts)
    assert (issue.code, issue.concept) == (expected, "norepinephrine")


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (quantity("8", "mcg/kg/min", ""), Quantity(Decimal(8), "ug/kg/min")),
        (quantity("8", "µg/kg/min", ""), Quantity(Decimal(8), "ug/kg/min")),
        (quantity("8", "mcg/min", ""), Quantity(Decimal(8), "ug/min")),
        (quantity("2.4", "units/hour", ""), Quantity(Decimal("2.4"), "U/h")),
        (quantity("12", "mL/hour", ""), Quantity(Decimal(12), "mL/h")),
    ],
)
def test_a_rate_keeps_its_number_and_gets_its_ucum_unit(rate: dict[str, Any], expected: Quantity) -> None:
    drug = NOREPINEPHRINE if expected.unit.startswith("u") else VASOPRESSIN
    facts = mapped(infusion(drug, rate))
    assert only(facts).rate == expected
    assert facts.issues == ()


@pytest.mark.parametrize(
    ("drug", "unit"),
    [(NOREPINEPHRINE, "U/h"), (VASOPRESSIN, "ug/min"), (NOREPINEPHRINE, "ug"), (VASOPRESSIN, "mg/kg")],
)
def test_a_rate_in_a_unit_that_the_drug_cannot_have_is_refused_and_the_infusion_runs(
    drug: dict[str, Any], unit: str
) -> None:
    facts = mapped(infusion(drug, quantity("0.1", unit)))
    assert (only(facts).rate, only(facts).ongoing) == (None, True)
    assert issue_codes(facts) == ["rate-unit-mismatch"]


def test_a_rate_of_nothing_is_nothing_in_any_unit() -> None:
    facts = mapped(infusion(NOREPINEPHRINE, quantity("0", "U/h")))
    assert only(facts).rate == Quantity(Decimal(0), "U/h")
    assert facts.issues == ()


@pytest.mark.parametrize(
    ("top", "bottom", "expected"),
    [
        (quantity("1500", "mg"), quantity("30", "min"), Quantity(Decimal(50), "mg/min")),
        (quantity("100", "mg"), quantity("30", "min"), Quantity(Decimal(200), "mg/h")),
        (quantity("450", "mg"), quantity("1", "h"), Quantity(Decimal(450), "mg/h")),
        (quantity("100", "mL"), quantity("2", "h"), Quantity(Decimal(50), "mL/h")),
        (quantity("24", "U"), quantity("1", "d"), Quantity(Decimal(1), "U/h")),
        (quantity("1000", "mg"), quantity("46", "h"), Quantity(Decimal("21.739130"), "mg/h")),
        (quantity("100", "mg"), quantity("7", "min"), Quantity(Decimal("14.285714"), "mg/min")),
    ],
)
def test_an_amount_over_a_time_is_a_rate(
    top: dict[str, Any], bottom: dict[str, Any], expected: Quantity
) -> None:
    ratio = {"numerator": top, "denominator": bottom}
    drug = VASOPRESSIN if expected.unit == "U/h" else NOREPINEPHRINE
    facts = mapped(infusion(drug) | {"dosage": {"rateRatio": ratio}})
    assert only(facts).rate == expected
    assert facts.issues == ()


@pytest.mark.parametrize(
    "ratio",
    [
        {"numerator": quantity("1500", "mg")},
        {"numerator": quantity("1500", "mg"), "denominator": quantity("0", "min")},
        {"numerator": quantity("1500", "mg"), "denominator": quantity("30", "kg")},
        {"numerator": quantity("1", "vial", ""), "denominator": quantity("30", "min")},
        {"numerator": quantity("1E12", "mg"), "denominator": quantity("1E-12", "min")},
        "1500 mg / 30 min",
    ],
)
def test_a_ratio_that_is_no_rate_leaves_the_infusion_without_a_number(ratio: Any) -> None:
    facts = mapped(infusion(VASOPRESSIN) | {"dosage": {"rateRatio": ratio}})
    assert only(facts).rate is None
    assert issue_codes(facts) in (["rate-not-understood"], [])


@pytest.mark.parametrize("unit", ["min", "h"])
def test_a_duration_where_a_rate_should_be_is_not_a_rate(unit: str) -> None:
    facts = mapped(infusion(NOREPINEPHRINE, quantity("20", unit)))
    assert only(facts).rate is None
    issue = only_issue(facts)
    assert (issue.code, issue.value, issue.unit) == ("rate-is-a-duration", "20", unit)


def test_an_impossible_hourly_rate_keeps_the_infusion_and_drops_the_number() -> None:
    facts = mapped(infusion(NOREPINEPHRINE, quantity("0.1", "ug/h")))
    item = only(facts)
    assert (item.ongoing, item.rate) == (True, None)
    assert only_issue(facts).code == "rate-implausible"
    assert mapped(infusion(NOREPINEPHRINE, quantity("600", "ug/h"))).issues == ()
    assert only(mapped(infusion(NOREPINEPHRINE, quantity("0", "ug/h")))).rate == Quantity(Decimal(0), "ug/h")


@pytest.mark.parametrize(
    ("amount", "expected", "issues"),
    [
        (quantity("560", "mg"), Quantity(Decimal(560), "mg"), []),
        (quantity("8", "mg/kg"), Quantity(Decimal(8), "mg/kg"), []),
        (quantity("28", "ml"), Quantity(Decimal(28), "mL"), []),
        (quantity("0.56", "grams", ""), Quantity(Decimal("0.56"), "g"), []),
        (quantity("1", "vial", ""), Quantity(Decimal(1), "{vial}"), []),
        ({"value": Decimal(560)}, Quantity(Decimal(560), ""), ["unit-missing"]),
        (quantity("-5", "mg"), None, ["implausible"]),
        (quantity("560", "mg") | {"comparator": "<"}, None, ["comparator"]),
        ({"unit": "mg"}, None, ["value-absent"]),
    ],
)
def test_a_dose_is_kept_as_charted(
    amount: dict[str, Any], expected: Quantity | None, issues: list[str]
) -> None:
    facts = mapped(administration(TOCILIZUMAB, {"dose": amount}))
    assert only(facts).dose == expected
    assert issue_codes(facts) == issues


def test_a_dose_in_words_only_is_said() -> None:
    facts = mapped(administration(TOCILIZUMAB, {"text": "8 mg/kg over 60 min"}))
    assert only(facts).dose is None
    assert issue_codes(facts) == ["dose-text-only"]


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (IV, Route.INTRAVENOUS),
        (coded(SNOMED, "78421000"), Route.INTRAMUSCULAR),
        (coded(SNOMED, "34206005"), Route.SUBCUTANEOUS),
        ({"text": "IV Push"}, Route.INTRAVENOUS),
        ({"text": "PO"}, Route.ORAL),
        (coded("http://standardterms.edqm.eu", "20053000", display="Oral use"), Route.ORAL),
        ({"text": "ophthalmic"}, Route.LOCAL),
        ({"text": "by drone"}, Route.UNSPECIFIED),
        (None, Route.UNSPECIFIED),
    ],
)
def test_the_route_is_read_by_code_or_exact_text(route: Any, expected: Route) -> None:
    assert only(mapped(administration(coded(RXNORM, "3992"), {"route": route}))).route is expected


def test_a_product_of_one_route_tells_it_and_a_charted_route_wins() -> None:
    pen = coded(RXNORM, "1441527")
    silent = mapped(administration(pen))
    assert (only(silent).route, only(silent).product) == (Route.SUBCUTANEOUS, "tocilizumab subcutaneous form")
    contradicted = mapped(administration(pen, {"route": IV}))
    assert only(contradicted).route is Route.INTRAVENOUS
    assert issue_codes(contradicted) == ["route-conflict"]


def test_a_drug_known_by_its_exact_name_is_used_and_it_is_said() -> None:
    for drug in (
        {"text": "Norepinephrine"},
        coded("http://hospital.example", "NE1", display="NOREPINEPHRINE"),
    ):
        facts = mapped(infusion(drug))
        assert only(facts).drug == "norepinephrine"
        assert issue_codes(facts) == ["matched-by-text"]


@pytest.mark.parametrize("status", ["unknown", None])
def test_what_nobody_knows_to_be_given_is_uncertain(status: str | None) -> None:
    facts = mapped(infusion(NOREPINEPHRINE, status=status))
    assert only(facts).certain is False
    issue = only_issue(facts)
    assert (issue.code, issue.concept, issue.left_out) == ("status-unknown", "norepinephrine", True)


@pytest.mark.parametrize(
    "text", ["norepinephrine 4 mg in D5W", "Norepinephrine (Levophed)", "no norepinephrine"]
)
def test_a_name_among_other_words_is_uncertain(text: str) -> None:
    facts = mapped(infusion({"text": text}))
    assert (only(facts).drug, only(facts).certain) == ("norepinephrine", False)
    issue = only_issue(facts)
    assert (issue.code, issue.concept, issue.value) == ("name-not-exact", "norepinephrine", text)


def test_an_unresolved_reference_whose_display_names_a_drug_is_uncertain() -> None:
    link = {"reference": "Medication/elsewhere", "display": "NOREPINEPHRINE 16 MG/250 ML NS"}
    facts = mapped(infusion({}, medicationCodeableConcept=None, medicationReference=link))
    assert (only(facts).drug, only(facts).certain) == ("norepinephrine", False)
    assert issue_codes(facts) == ["medication-unresolved"]


def test_an_unresolved_reference_whose_display_names_another_drug_leaves_no_trace() -> None:
    link = {"reference": "Medication/elsewhere", "display": "ceftriaxone"}
    facts = mapped(infusion({}, medicationCodeableConcept=None, medicationReference=link))
    assert (facts.administrations, facts.issues, facts.unplaced) == ((), (), ())


@pytest.mark.parametrize("route", [{"text": "Infiltration"}, coded(SNOMED, "37161004", text="Rectal route")])
def test_a_route_that_is_not_understood_makes_a_dose_uncertain(route: dict[str, Any]) -> None:
    facts = mapped(infusion(NOREPINEPHRINE) | {"dosage": {"route": route}})
    assert only(facts).certain is False
    assert issue_codes(facts) == ["route-not-understood"]


@pytest.mark.parametrize("text", ["norepinephrines", "meropenem 1 g in sodium chloride 0.9%", "epi pen"])
def test_a_text_that_names_no_drug_leaves_no_trace(text: str) -> None:
    facts = mapped(infusion({"text": text}))
    assert (facts.administrations, facts.issues) == ((), ())


def test_a_name_among_other_words_does_not_hide_the_coded_ingredient() -> None:
    bag = medication(code={"text": "Vasopressin drip"}, ingredient=[{"itemCodeableConcept": VASOPRESSIN}])
    facts = mapped(by_reference("Medication/d1"), bag)
    assert only(facts).drug == "vasopressin"
    assert facts.issues == ()


def test_a_code_wins_over_what_the_text_says() -> None:
    facts = mapped(infusion(coded(RXNORM, "11149", text="norepinephrine")))
    assert only(facts).drug == "vasopressin"


@pytest.mark.parametrize("reference", ["#d1", "Medication/d1"])
def test_a_contained_medication_is_found_also_by_a_wrong_reference(reference: str) -> None:
    contained = [medication(code=NOREPINEPHRINE)]
    assert only(mapped(by_reference(reference, contained=contained))).drug == "norepinephrine"


@pytest.mark.parametrize(
    "reference", ["Medication/d1", "https://ehr.example/fhir/Medication/d1", "Medication/d1/_history/2"]
)
def test_an_included_medication_is_found(reference: str) -> None:
    facts = mapped(by_reference(reference), medication(code=coded(NDC, "68547-501-02")))
    item = only(facts)
    assert (item.drug, item.product, item.route) == ("angiotensin-ii", "Giapreza", Route.INTRAVENOUS)


def test_a_medication_is_found_by_the_full_url_of_its_entry() -> None:
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:1", "resource": by_reference("urn:uuid:2")},
            {"fullUrl": "urn:uuid:2", "resource": medication(code=NOREPINEPHRINE)},
        ],
    }
    assert only(mapped(bundle)).drug == "norepinephrine"


def test_an_infusion_is_known_by_its_ingredient_and_not_by_the_fluid() -> None:
    bag = medication(
        code={"text": "Drip 4/250"},
        ingredient=[
            {"itemCodeableConcept": {"text": "normal saline"}},
            {"itemCodeableConcept": NOREPINEPHRINE},
            {"itemCodeableConcept": VASOPRESSIN, "isActive": False},
        ],
    )
    assert only(mapped(by_reference("Medication/d1"), bag)).drug == "norepinephrine"


def test_two_active_ingredients_are_two_drugs_and_share_no_dose() -> None:
    both = medication(
        ingredient=[
            {"itemCodeableConcept": NOREPINEPHRINE},
            {"itemReference": {"reference": "Medication/d2"}},
        ]
    )
    other = medication("d2", code=VASOPRESSIN)
    facts = mapped(by_reference("Medication/d1") | {"dosage": {"dose": quantity("4", "mg")}}, both, other)
    assert {(item.drug, item.dose) for item in facts.administrations} == {
        ("norepinephrine", None),
        ("vasopressin", None),
    }
    assert issue_codes(facts) == ["dose-of-combination", "dose-of-combination"]


def test_medications_made_of_each_other_come_to_an_end() -> None:
    loop = [
        medication(
            f"d{n}", ingredient=[{"itemReference": {"reference": f"Medication/d{m}"}} for m in range(9)]
        )
        for n in range(9)
    ]
    assert mapped(by_reference("Medication/d0"), *loop).administrations == ()


def test_a_medication_that_is_not_at_hand_is_said() -> None:
    facts = mapped(by_reference("Medication/elsewhere"))
    assert (facts.administrations, issue_codes(facts)) == ((), ["medication-unresolved"])
    assert [(u.drug, u.groups, u.latest) for u in facts.unplaced] == [("", frozenset(DrugGroup), None)]
    named = by_reference("Medication/elsewhere")
    named["medicationReference"]["display"] = "norepinephrine"
    assert only(mapped(named)).drug == "norepinephrine"


def test_codings_of_two_drugs_are_an_issue() -> None:
    both = {"coding": [*NOREPINEPHRINE["coding"], *VASOPRESSIN["coding"]]}
    facts = mapped(infusion(both))
    assert facts.administrations == ()
    assert {(i.code, i.concept) for i in facts.issues} == {
        ("conflicting-codes", "norepinephrine"),
        ("conflicting-codes", "vasopressin"),
    }
    assert {u.drug for u in facts.unplaced} == {"norepinephrine", "vasopressin"}


def test_other_drugs_leave_no_trace() -> None:
    meropenem = infusion(coded(RXNORM, "29561", display="meropenem"))
    facts = mapped(meropenem, administration({"text": "aspirin"}, id="m2"))
    assert (facts.administrations, facts.issues) == ((), ())


@pytest.mark.parametrize(
    "drug", [coded(RXNORM, "29561"), coded("urn:local", "77"), {"text": "去甲肾上腺素"}, {}]
)
def test_a_drug_that_shows_no_name_that_can_be_read_may_be_any(drug: dict[str, Any]) -> None:
    facts = mapped(infusion(drug))
    assert issue_codes(facts) == ["medication-unresolved"]
    assert facts.unplaced_since(frozenset({DrugGroup.VASOPRESSOR}), HOUR_AGO)


@pytest.mark.parametrize(
    ("drug", "issues"),
    [
        ({}, ["medication-unresolved"]),
        ({"ingredient": [{"itemCodeableConcept": coded("urn:local", "77")}]}, ["medication-unresolved"]),
        ({"code": {"text": "Vitamin C"}}, []),
        ({"ingredient": [{"itemReference": {"reference": "Substance/7", "display": "vitamin C"}}]}, []),
    ],
)
def test_a_medication_at_hand_that_shows_no_name_may_be_any(drug: dict[str, Any], issues: list[str]) -> None:
    assert issue_codes(mapped(by_reference("Medication/d1"), medication(**drug))) == issues


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"effectiveDateTime": "2026-03-10"}, "time-too-coarse"),
        ({"effectiveDateTime": None}, "time-missing"),
        ({"effectiveDateTime": None, "effectivePeriod": {"end": EARLIER}}, "time-missing"),
    ],
)
def test_a_dose_needs_its_time(when: dict[str, Any], expected: str) -> None:
    facts = mapped(administration(TOCILIZUMAB, **when))
    assert (facts.administrations, issue_codes(facts)) == ((), [expected])


@pytest.mark.parametrize(
    ("end", "issue"), [("2026-03-10", "time-too-coarse"), ("2026-03-01T00:00:00Z", "period-reversed")]
)
def test_an_end_that_cannot_be_used_leaves_a_running_infusion_uncertain(end: str, issue: str) -> None:
    facts = mapped(infusion(NOREPINEPHRINE, effectivePeriod={"start": EARLIER, "end": end}))
    assert (only(facts).end, only(facts).ongoing, only(facts).certain) == (None, True, False)
    assert issue_codes(facts) == [issue]
