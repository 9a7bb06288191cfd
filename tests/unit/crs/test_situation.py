"""Conditions of the advice beyond the vectors: kinds of orders, fluids, ages, results that were refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from cds_service.cards.grading import grading_card
from cds_service.cards.wording.treatment import text
from cds_service.crs.assess import assess
from cds_service.crs.evidence import Assessment
from cds_service.crs.regimen import CONDITIONS
from cds_service.tables import load_guideline
from fhir_mappings.facts import (
    Condition,
    ConditionGroup,
    Coverage,
    MappingIssue,
    Order,
    OxygenDevice,
    PatientFacts,
    Route,
    Source,
)
from tests.builders import (
    EVERYTHING,
    NOW,
    Fact,
    Hours,
    at,
    car_t,
    chart,
    infusion,
    oxygen,
    systolic,
    temperature,
)
from tests.unit.crs.treated import dose, order, tocilizumab_dose, weight

GUIDELINE = load_guideline("astct-2019")
ROOM_AIR = oxygen(OxygenDevice.ROOM_AIR, 0)
BREATHING = [oxygen(OxygenDevice.ROOM_AIR, hour) for hour in range(-30, 1, 5)]
WARM = [temperature(39, hour) for hour in (-30, -20, -10, 0)]
LOW: list[Fact] = [
    car_t(-72),
    weight(70, -5),
    *WARM,
    *BREATHING,
    *(systolic(84, h) for h in range(-30, 1, 6)),
]
PRESSED: list[Fact] = [
    car_t(-72),
    weight(70, -5),
    *WARM,
    systolic(98, 0),
    infusion("norepinephrine", -30),
    ROOM_AIR,
]
TWICE: list[Fact] = [*PRESSED, infusion("epinephrine", -30)]


def judged(facts: list[Fact], *orders: Order) -> Assessment:
    return assess(replace(chart(*facts), orders=orders), GUIDELINE, NOW)


def ids(assessment: Assessment) -> set[str]:
    return {row.id for row in assessment.recommendations}


def offered(assessment: Assessment) -> set[str]:
    return {order.id for row in assessment.recommendations for order in row.orders}


@pytest.mark.parametrize("hours", [0, -1, -7, -9, -24])
def test_an_active_order_written_after_the_last_dose_is_not_offered_again(hours: int) -> None:
    assessment = judged([*LOW, tocilizumab_dose(560, -28)], order("tocilizumab", hours))
    assert "tocilizumab-ordered" in ids(assessment)
    assert "tocilizumab" not in offered(assessment)


@pytest.mark.parametrize("hours", [-9, -10, -28])
def test_an_order_written_before_the_last_dose_was_for_that_dose(hours: int) -> None:
    assessment = judged([*LOW, tocilizumab_dose(560, -9)], order("tocilizumab", hours))
    assert "tocilizumab-repeat" in ids(assessment)
    assert "tocilizumab" in offered(assessment)


def test_an_order_without_a_date_counts_as_standing() -> None:
    assessment = judged([*LOW, tocilizumab_dose(560, -9)], order("tocilizumab", None))
    assert "tocilizumab-ordered" in ids(assessment)
    assert "tocilizumab" not in offered(assessment)


@pytest.mark.parametrize(("status", "stands"), [("on-hold", True), ("stopped", False), ("completed", False)])
def test_an_order_on_hold_stands_since_it_may_be_resumed(status: str, stands: bool) -> None:
    assessment = judged(LOW, order("tocilizumab", -1, status=status))
    assert ("tocilizumab-ordered" in ids(assessment)) == stands
    assert ("tocilizumab" in offered(assessment)) != stands


@pytest.mark.parametrize(
    ("routes", "stands"),
    [
        ((Route.INTRAVENOUS,), True),
        ((Route.UNSPECIFIED,), True),
        ((), True),
        ((Route.SUBCUTANEOUS,), False),
        ((Route.SUBCUTANEOUS, Route.INTRAVENOUS), True),
    ],
)
def test_an_order_for_another_use_of_tocilizumab_does_not_stand(
    routes: tuple[Route, ...], stands: bool
) -> None:
    assessment = judged(LOW, order("tocilizumab", -1, routes=routes))
    assert ("tocilizumab" in offered(assessment)) != stands


@pytest.mark.parametrize(("route", "stands"), [(Route.ORAL, True), (Route.LOCAL, False)])
def test_eye_drops_do_not_stand_for_a_steroid(route: Route, stands: bool) -> None:
    assessment = judged(PRESSED, order("dexamethasone", -1, routes=(route,)))
    assert "dexamethasone-start" in ids(assessment)
    assert ("dexamethasone-every-6-h" in offered(assessment)) != stands


def test_another_steroid_that_is_ordered_is_named_and_no_second_is_offered() -> None:
    """DL-12; whether it is for this is not known, so the dose of the grade is said."""
    assessment = judged(PRESSED, order("methylprednisolone", -1))
    assert {"dexamethasone-start", "steroid-ordered"} <= ids(assessment)
    assert "dexamethasone-every-6-h" not in offered(assessment)


def test_an_order_of_another_drug_does_not_stand() -> None:
    assert "dexamethasone-every-6-h" in offered(judged(PRESSED, order("tocilizumab", -1)))


@pytest.mark.parametrize(
    ("fluid_h", "dose_h", "persists"), [(-5, -4, True), (-4, -5, True), (-5, 0, False), (0, -5, False)]
)
def test_hypotension_persists_only_after_both_fluid_and_tocilizumab(
    fluid_h: int, dose_h: int, persists: bool
) -> None:
    """TX-7."""
    given = [dose("sodium-chloride", 1000, fluid_h, unit="mL"), tocilizumab_dose(560, dose_h)]
    assert ("dexamethasone-persistent" in ids(judged([*LOW, *given]))) == persists


def test_fluids_from_before_the_onset_are_no_bolus_for_it() -> None:
    given = [dose("sodium-chloride", 1000, -40, unit="mL"), tocilizumab_dose(560, -4)]
    assert "dexamethasone-persistent" not in ids(judged([*LOW, *given]))


def test_a_pressure_as_low_as_before_the_therapy_does_not_persist() -> None:
    """GR-9: only the lower of the two readings is new."""
    given = [dose("sodium-chloride", 1000, -5, unit="mL"), tocilizumab_dose(560, -4)]
    before = [systolic(86, -100)]
    facts: list[Fact] = [car_t(-72), *WARM, ROOM_AIR, *before, *given, systolic(70, "-4.5"), systolic(85, 0)]
    assessment = judged(facts)
    assert assessment.grade is not None
    assert assessment.grade.lowest == 2
    assert "dexamethasone-persistent" not in ids(assessment)
    assert "dexamethasone-persistent" in ids(judged([*facts, systolic(80, -1)]))


def test_a_child_s_pressure_is_judged_by_the_child_s_limit() -> None:
    """GR-11, TX-7: 80 is no hypotension at 4 years, 76 is."""
    given = [dose("sodium-chloride", 300, -5, unit="mL"), tocilizumab_dose(200, -4)]
    born = (date(2022, 1, 1), date(2022, 1, 1))

    def child(value: int) -> Assessment:
        facts = chart(
            car_t(-72),
            *WARM,
            ROOM_AIR,
            systolic(70, -6),
            *given,
            systolic(value, 0),
            weight(17, -5),
            born=born,
        )
        return assess(facts, GUIDELINE, NOW)

    assert "dexamethasone-persistent" not in ids(child(80))
    assert "dexamethasone-persistent" in ids(child(76))


@pytest.mark.parametrize(("hours", "named"), [(-1, False), (-24, False), ("-24.01", True)])
def test_a_result_that_was_refused_was_resulted_all_the_same(hours: Hours, named: bool) -> None:
    """TX-14."""
    refused = MappingIssue("unit-missing", "Observation/crp", "crp", "84", time=at(hours), left_out=True)
    facts = replace(chart(*LOW), issues=(refused,))
    (row,) = [r for r in assess(facts, GUIDELINE, NOW).recommendations if r.id == "labs-not-resulted"]
    assert ("crp" in str(row.values["tests"])) == named


def test_results_known_for_the_last_day_are_enough_to_miss_one() -> None:
    """TX-14: the search need not reach back to the therapy."""
    for since, known in ((at(-24), True), (at("-23.9"), False)):
        coverage = {**EVERYTHING, Source.LABS: Coverage(since, "limited")}
        facts: PatientFacts = replace(chart(*LOW), coverage=coverage)
        assert ("labs-not-resulted" in ids(assess(facts, GUIDELINE, NOW))) == known


def test_an_escalated_dose_is_offered_over_the_taper() -> None:
    """TX-12: 500 mg within its interval does not hold back the 1,000 mg."""
    facts = [fact for fact in TWICE if not hasattr(fact, "rate")]
    running = [infusion("norepinephrine", -100), infusion("epinephrine", -100)]
    warm = [temperature(39, hour) for hour in (-100, -80, -60, -40)]
    doses = [dose("methylprednisolone", 500, hour) for hour in range(-76, 0, 12)]
    assessment = judged([car_t(-110), *facts[1:], *running, *warm, *doses])
    assert "methylprednisolone-escalated" in ids(assessment)
    assert "methylprednisolone-escalated" in offered(assessment)


@pytest.mark.parametrize(
    ("amount", "hours", "advice", "start"),
    [
        (10, "-5.99", "dexamethasone-go-on", "0.01"),
        (10, -6, "dexamethasone-go-on", None),
        (10, -12, "dexamethasone-go-on", None),
        (10, "-12.01", "dexamethasone-start", None),
        (4, -1, "dexamethasone-start", None),
        (20, -1, "dexamethasone-go-on", 5),
    ],
)
def test_dexamethasone_is_offered_from_when_the_last_dose_has_run(
    amount: int, hours: Hours, advice: str, start: Hours | None
) -> None:
    """TX-9: a dose below that of grade 3 holds nothing back."""
    assessment = judged([*PRESSED, dose("dexamethasone", amount, hours)])
    assert advice in ids(assessment)
    (order,) = [o for r in assessment.recommendations for o in r.orders if o.id == "dexamethasone-every-6-h"]
    assert order.start == (None if start is None else at(start))


@pytest.mark.parametrize(
    ("amount", "hours", "start"), [(500, -4, 8), (500, -12, None), (250, -4, 8), (125, -4, None)]
)
def test_the_next_step_of_the_taper_waits_for_the_interval_of_the_last_dose(
    amount: int, hours: int, start: int | None
) -> None:
    """TX-11: day 4, whose step is 250 mg every 12 h."""
    warm = [temperature(39, hour) for hour in (-110, -80, -60, -40)]
    was = [infusion("norepinephrine", -110, -40), infusion("epinephrine", -110, -40)]
    earlier = [dose("methylprednisolone", 500, hour) for hour in (-76, -64, -52, -40, -28, -16)]
    facts = [car_t(-115), *PRESSED[1:], *warm, *was, *earlier, dose("methylprednisolone", amount, hours)]
    assessment = judged(facts)
    (row,) = [r for r in assessment.recommendations if r.id == "methylprednisolone-taper"]
    assert (row.values["day"], row.values["dose"]) == (4, 250)
    (offer,) = row.orders
    assert offer.start == (None if start is None else at(start))


@pytest.mark.parametrize(("hours", "offers"), [(-1, False), (-6, True)])
def test_a_dose_of_unknown_amount_stands_for_its_interval(hours: int, offers: bool) -> None:
    """TX-9: nobody knows how much was given."""
    assessment = judged([*PRESSED, dose("dexamethasone", None, hours)])
    assert ("dexamethasone-every-6-h" in offered(assessment)) == offers


def test_nothing_is_advised_of_a_diagnosis_that_is_not_active() -> None:
    gone = [Condition(group, False, f"Condition/{group}") for group in ConditionGroup]
    assert {"icans", "infection-active"} & ids(judged([*LOW, *gone])) == set()


def test_every_condition_that_a_table_may_ask_for_can_hold() -> None:
    """One that is never asked for is dead; one that never holds would silence its advice."""
    asked = {name for row in GUIDELINE.regimen.advice for name in row.when | row.unless}
    unasked = CONDITIONS - asked
    assert unasked <= {"early-onset", "just-after-cells", "tocilizumab-improving"}, unasked


def relapsing(*doses: Fact) -> list[Fact]:
    """Grade 4, grade 1 for four days, and grade 4 again since 3 h."""
    hours = range(-220, 1, 20)
    running = [infusion(drug, -218, -120) for drug in ("norepinephrine", "epinephrine")]
    again = [infusion(drug, -3) for drug in ("norepinephrine", "epinephrine")]
    warm = [temperature(39, hour) for hour in hours]
    air = [oxygen(OxygenDevice.ROOM_AIR, hour) for hour in hours]
    pressure = [systolic(110, hour) for hour in hours]
    return [car_t(-300), weight(70, -5), *warm, *air, *pressure, *running, *again, *doses]


def test_a_second_rise_to_grade_4_begins_the_course_anew() -> None:
    """TX-11: never the 60 mg of the course before."""
    course = [(500, range(-216, -144, 12)), (250, range(-144, -96, 12)), (125, range(-96, -48, 12))]
    doses = [dose("methylprednisolone", amount, hour) for amount, hours in course for hour in hours]
    doses += [dose("methylprednisolone", 60, hour) for hour in range(-48, 0, 12)]
    assessment = judged(relapsing(*doses))
    assert assessment.grade is not None
    assert assessment.grade.lowest == 4
    (row,) = [r for r in assessment.recommendations if r.id.startswith("methylprednisolone")]
    assert row.id == "methylprednisolone-start"
    assert [(str(o.dose.value), o.count, o.start) for o in row.orders if o.dose] == [("500", 6, None)]


def test_grade_4_three_days_into_the_course_is_never_tapered() -> None:
    """TX-12: also where grade 3 lay between for some hours."""
    hours = range(-110, 1, 10)
    warm = [temperature(39, hour) for hour in hours]
    running = [
        infusion("norepinephrine", -105),
        infusion("epinephrine", -105, -60),
        infusion("epinephrine", -50),
    ]
    given = [dose("methylprednisolone", 500, hour) for hour in range(-100, -28, 12)]
    given += [dose("methylprednisolone", 250, hour) for hour in (-28, -16, -4)]
    assessment = judged([car_t(-150), weight(70, -5), *warm, ROOM_AIR, systolic(98, 0), *running, *given])
    assert "methylprednisolone-escalated" in ids(assessment)
    assert "methylprednisolone-taper" not in ids(assessment)


def test_a_dose_of_another_therapy_is_no_tocilizumab_of_this_one() -> None:
    """TX-7: hypotension persists after a dose of this episode, not of five weeks ago."""
    given = [dose("sodium-chloride", 1000, -5, unit="mL"), tocilizumab_dose(560, -960)]
    assert "dexamethasone-persistent" not in ids(judged([*LOW, *given]))


def test_rising_again_after_a_dose_that_helped_is_not_improving() -> None:
    """TX-6: grade 4, then 1, then 3."""
    hours = range(-50, 1, 5)
    warm = [temperature(39, hour) for hour in hours]
    air = [oxygen(OxygenDevice.ROOM_AIR, hour) for hour in hours]
    pressure = [systolic(110, hour) for hour in hours]
    two = [infusion(drug, -40, -20) for drug in ("norepinephrine", "epinephrine")]
    rise = [infusion("norepinephrine", -4), tocilizumab_dose(560, -30)]
    found = ids(judged([car_t(-72), weight(70, -5), *warm, *air, *pressure, *two, *rise]))
    assert "tocilizumab-undecided" in found
    assert "tocilizumab-improving" not in found


def test_no_steroid_dose_is_said_to_a_child_without_for_whom_it_is() -> None:
    """The sources have amounts for adults only."""
    born = (date(2010, 1, 1), date(2010, 1, 1))
    for facts in (LOW, PRESSED, TWICE):
        assessment = assess(chart(*facts, born=born), GUIDELINE, NOW)
        told = [
            text(r, assessment, GUIDELINE, None) for r in assessment.recommendations if r.line == "steroid"
        ]
        amounts = [said for said in told if " mg IV" in said]
        assert amounts
        assert all("dose of adults" in said for said in amounts)


def test_nothing_is_marked_as_recommended_where_orders_could_not_be_read() -> None:
    """A drug may be ordered already."""
    coverage: dict[Source, Coverage] = {
        name: EVERYTHING[name] for name in EVERYTHING if name is not Source.ORDERS
    }
    facts = replace(chart(*PRESSED), coverage=coverage)
    card = grading_card(assess(facts, GUIDELINE, NOW), GUIDELINE)
    assert card is not None
    drugs = [
        s for s in card["suggestions"] if s["actions"][0]["resource"]["resourceType"] == "MedicationRequest"
    ]
    assert drugs
    assert not any(s.get("isRecommended") for s in drugs)
    assert "Active orders were not available" in card["detail"]
