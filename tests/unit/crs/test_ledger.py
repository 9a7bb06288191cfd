"""TX-6: which doses of tocilizumab count, what is shown beside them, and why no dose is possible."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from cds_service.cards.grading import grading_card
from cds_service.crs.assess import assess
from cds_service.crs.evidence import Tocilizumab
from cds_service.crs.ledger import Ledger, is_implausible, is_under_age, ledger, next_possible
from cds_service.tables import load_guideline
from fhir_mappings.facts import (
    Administration,
    Coverage,
    DrugGroup,
    PatientFacts,
    Quantity,
    Route,
    Source,
    Unplaced,
)
from tests.builders import (
    EVERYTHING,
    NOW,
    Fact,
    Hours,
    at,
    car_t,
    chart,
    systolic,
    temperature,
)
from tests.unit.crs.treated import tocilizumab_dose, weight

GUIDELINE = load_guideline("astct-2019")
TABLE = GUIDELINE.drugs["tocilizumab"]
SICK: list[Fact] = [car_t(-72), temperature(39, -20), temperature(39, 0), systolic(84, 0)]


def kept(*facts: Fact, since: int = -72) -> Ledger:
    return ledger(chart(*facts), GUIDELINE, at(since), NOW)


def shown(facts: PatientFacts) -> Tocilizumab:
    found = assess(facts, GUIDELINE, NOW).tocilizumab
    assert found is not None
    return found


def test_a_dose_that_was_not_fully_understood_counts_and_is_flagged() -> None:
    (dose,) = shown(chart(*SICK, tocilizumab_dose(560, -9, certain=False))).doses
    assert dose.flags == ("uncertain",)


@pytest.mark.parametrize("route", [Route.SUBCUTANEOUS, Route.INTRAMUSCULAR, Route.ORAL, Route.LOCAL])
def test_a_dose_by_another_route_is_shown_and_never_counts(route: Route) -> None:
    found = shown(chart(*SICK, tocilizumab_dose(162, -2, route=route)))
    assert found.doses == ()
    assert found.last_24h == 0
    assert found.next_possible is None
    assert [dose.dose for dose in found.other_routes] == ["162"]


def test_a_route_that_the_table_allows_counts() -> None:
    under_the_skin = replace(TABLE, routes=frozenset({Route.INTRAVENOUS, Route.SUBCUTANEOUS}))
    guideline = replace(GUIDELINE, drugs={**GUIDELINE.drugs, "tocilizumab": under_the_skin})
    facts = chart(tocilizumab_dose(162, -2, route=Route.SUBCUTANEOUS))
    assert len(ledger(facts, guideline, at(-72), NOW).counted) == 1


def test_a_dose_without_a_route_counts() -> None:
    assert len(kept(tocilizumab_dose(560, -2, route=Route.UNSPECIFIED)).counted) == 1


def test_a_dose_on_hold_was_begun_and_counts_and_is_flagged() -> None:
    """R4: the administration has been temporarily halted."""
    (dose,) = shown(chart(*SICK, tocilizumab_dose(560, -2, status="on-hold"))).doses
    assert dose.flags == ("on-hold",)


@pytest.mark.parametrize(
    ("amount", "unit", "implausible"),
    [
        ("39.9", "mg", True),
        ("40", "mg", False),
        ("1600", "mg", False),
        ("1600.1", "mg", True),
        ("1.9", "mg/kg", True),
        ("2", "mg/kg", False),
        ("20", "mg/kg", False),
        ("560", "mg/kg", True),
    ],
)
def test_an_amount_that_was_hardly_given_counts_and_is_flagged(
    amount: str, unit: str, implausible: bool
) -> None:
    dose = tocilizumab_dose(amount, -9, unit=unit)
    assert is_implausible(dose.mass, TABLE) == implausible
    (found,) = shown(chart(*SICK, dose)).doses
    assert ("implausible" in found.flags) == implausible


def test_a_dose_without_an_amount_counts_and_is_not_called_implausible() -> None:
    (found,) = shown(chart(*SICK, tocilizumab_dose(None, -9))).doses
    assert (found.dose, found.flags) == ("", ())


@pytest.mark.parametrize(("apart", "flagged"), [("0.99", True), ("1", False), ("0", True)])
def test_two_doses_within_an_hour_may_be_one_charted_twice(apart: str, flagged: bool) -> None:
    first, second = tocilizumab_dose(560, -9), tocilizumab_dose(560, Decimal(apart) - 9)
    found = shown(chart(*SICK, first, replace(second, reference="MedicationAdministration/again")))
    assert len(found.doses) == 2
    assert all(("close" in dose.flags) == flagged for dose in found.doses)


@pytest.mark.parametrize(
    ("reaches_back_h", "unknown"), [(-73, ""), (-72, ""), (-71, "medications-not-available")]
)
def test_the_history_must_reach_back_to_the_therapy(reaches_back_h: int, unknown: str) -> None:
    facts = replace(
        chart(*SICK, weight(70, -5)),
        coverage={**EVERYTHING, Source.MEDICATIONS: Coverage(at(reaches_back_h), "limited")},
    )
    assert ledger(facts, GUIDELINE, at(-72), NOW).unknown == unknown


@pytest.mark.parametrize(
    ("latest_h", "unknown"), [(None, "dose-not-placed"), (-1, "dose-not-placed"), (-73, "")]
)
def test_a_dose_whose_time_cannot_be_read_leaves_the_count_open(latest_h: int | None, unknown: str) -> None:
    groups = frozenset({DrugGroup.TOCILIZUMAB, DrugGroup.ANTICYTOKINE})
    lost = Unplaced(
        "time-missing", "MedicationAdministration/x", "tocilizumab", groups,
        None if latest_h is None else at(latest_h),
    )  # fmt: skip
    facts = replace(chart(*SICK, weight(70, -5)), unplaced=(lost,))
    assert ledger(facts, GUIDELINE, at(-72), NOW).unknown == unknown
    if unknown:
        assessment = assess(facts, GUIDELINE, NOW)
        assert "tocilizumab-history-unknown" in {row.id for row in assessment.recommendations}
        assert not [o for row in assessment.recommendations for o in row.orders if o.id == "tocilizumab"]


def test_doses_count_from_the_newest_therapy() -> None:
    facts = chart(
        car_t(-200),
        *SICK,
        weight(70, -5),
        tocilizumab_dose(560, -150),
        tocilizumab_dose(560, -72),
        tocilizumab_dose(560, -20),
    )
    assert len(shown(facts).doses) == 2


def test_a_therapy_given_in_the_episode_forgets_no_dose_of_it() -> None:
    """Step-up doses: the newest is later than the onset, and what was given since the onset still counts."""
    facts = chart(*SICK, car_t(-5), weight(70, -6), tocilizumab_dose(560, -19))
    assert len(shown(facts).doses) == 1


def test_an_earlier_dose_holds_its_interval_even_where_it_does_not_count() -> None:
    found = kept(tocilizumab_dose(560, -3), since=-2)
    assert found.counted == ()
    assert found.next_possible == at(5)


def test_without_a_dose_the_next_is_possible_now() -> None:
    assert next_possible([], TABLE, NOW) == NOW


@pytest.mark.parametrize(
    ("reasons", "facts"),
    [
        ((), [tocilizumab_dose(560, -8), weight(70, -5)]),
        (("too-early",), [tocilizumab_dose(560, "-7.99"), weight(70, -5)]),
        (("weight-missing",), []),
        (("weight-stale",), [weight(70, "-720.01")]),
        (("weight-contradictory",), [weight(70, -5), weight(90, -4)]),
        (("too-early", "weight-missing"), [tocilizumab_dose(560, -1)]),
        (
            ("all-given", "too-early", "window-full"),
            [weight(70, -5), *(tocilizumab_dose(560, hour) for hour in (-30, -20, -12, -4))],
        ),
    ],
)
def test_every_reason_against_a_dose_now_is_said(reasons: tuple[str, ...], facts: list[Fact]) -> None:
    assert shown(chart(*SICK, *facts)).reasons == reasons


@pytest.mark.parametrize(
    ("born", "under"),
    [
        ((date(2024, 3, 10), date(2024, 3, 10)), False),
        ((date(2024, 3, 11), date(2024, 3, 11)), True),
        ((date(2024, 3, 1), date(2024, 3, 31)), None),
        ((date(2024, 1, 1), date(2024, 12, 31)), None),
        ((date(2024, 3, 1), date(2024, 3, 10)), False),
        ((date(2025, 1, 1), date(2025, 12, 31)), True),
        (None, None),
    ],
)
def test_the_age_is_judged_by_every_possible_day_of_birth(
    born: tuple[date, date] | None, under: bool | None
) -> None:
    """DL-6."""
    assert is_under_age(born, 2, NOW.date()) is under


def test_a_child_of_29_february_is_two_on_1_march() -> None:
    born = (date(2024, 2, 29), date(2024, 2, 29))
    assert is_under_age(born, 2, date(2026, 2, 28)) is True
    assert is_under_age(born, 2, date(2026, 3, 1)) is False
    assert is_under_age(born, 4, date(2028, 2, 28)) is True
    assert is_under_age(born, 4, date(2028, 2, 29)) is False


def test_a_drug_without_an_age_is_for_every_age() -> None:
    assert is_under_age(None, None, NOW.date()) is False


def test_without_a_date_of_birth_no_dose_is_offered_and_that_is_said() -> None:
    assessment = assess(chart(*SICK, weight(70, -5), systolic(50, 0), born=None), GUIDELINE, NOW)
    assert assessment.tocilizumab is not None
    assert "age-unknown" in assessment.tocilizumab.reasons
    assert not [o for row in assessment.recommendations for o in row.orders if o.id == "tocilizumab"]


def test_a_long_infusion_counts_from_its_start() -> None:
    dose: Administration = replace(tocilizumab_dose(560, -9), end=at(-7), point=False)
    assert kept(dose).next_possible == max(NOW, at(-1))
    assert next_possible([dose], TABLE, at(-2)) == at(-9) + timedelta(hours=8)


def test_an_amount_in_another_unit_is_left_as_charted() -> None:
    dose = replace(tocilizumab_dose(28, -9), dose=Quantity(Decimal(28), "mL"), mass=None)
    (found,) = shown(chart(*SICK, dose)).doses
    assert found.unit == "mL"
    assert found.flags == ()


def segment(amount: int, begins: Hours, ends: Hours) -> Administration:
    return replace(tocilizumab_dose(amount, begins), end=at(ends), point=False)


@pytest.mark.parametrize(
    ("records", "doses"),
    [
        ([segment(280, -9, "-8.5"), segment(280, "-8.5", -8)], 1),
        ([segment(560, -9, "-0.5"), segment(560, -1, 0)], 2),
        ([segment(560, -9, -1), segment(560, -1, 0)], 2),
        ([segment(280, -9, "-8.5"), segment(280, "-8.4", -8)], 2),
    ],
    ids=["one after the other", "overlapping", "more than one dose together", "with a gap"],
)
def test_segments_of_one_infusion_are_one_dose_and_two_infusions_never(
    records: list[Administration], doses: int
) -> None:
    """DL-3 to DL-5: one record too few would offer a dose too early."""
    found = kept(*records)
    assert len(found.counted) == doses
    assert found.last is not None
    assert found.last.start == (records[0] if doses == 1 else records[1]).start


@pytest.mark.parametrize(
    "fourth",
    [
        tocilizumab_dose(560, "-30.5"),
        tocilizumab_dose(560, -4, status="on-hold"),
        tocilizumab_dose(560, -4, certain=False),
        tocilizumab_dose(8, -4),
    ],
    ids=["close", "on hold", "uncertain", "implausible"],
)
def test_four_records_that_may_be_fewer_doses_are_no_plain_stop(fourth: Administration) -> None:
    """DL-5, TX-13."""
    facts = chart(*SICK, weight(70, -5), fourth, *(tocilizumab_dose(560, h) for h in (-30, -20, -12)))
    assessment = assess(facts, GUIDELINE, NOW)
    card = grading_card(assessment, GUIDELINE)
    assert card is not None
    assert "4 records of tocilizumab, perhaps fewer doses" in card["detail"]
    assert "refractory" not in {row.id for row in assessment.recommendations}
    assert not [o for row in assessment.recommendations for o in row.orders if o.id == "tocilizumab"]
