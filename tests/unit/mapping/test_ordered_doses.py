"""How much an order asks for, and when: exact, or why not."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fhir_mappings.facts import OrderedDose, Quantity, Route
from tests.unit.mapping.fhir_json import RXNORM, TOCILIZUMAB, coded, mapped, quantity
from tests.unit.mapping.orders_json import DOSE_TYPE, GTS, IV, instruction, only_dose, only_order, request

TOCILIZUMAB_VIAL = coded(RXNORM, "1657981")
DEXAMETHASONE = coded(RXNORM, "3264")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def read(dosage: dict[str, Any], drug: dict[str, Any] = TOCILIZUMAB_VIAL, zone: Any = None) -> OrderedDose:
    return only_dose(mapped(request(drug, dosage), zone=zone))


def mg(value: str) -> Quantity:
    return Quantity(Decimal(value), "mg")


@pytest.mark.parametrize(
    ("value", "unit", "code"),
    [
        ("560", "mg", "mg"),
        ("0.56", "g", "g"),
        ("560000", "mcg", ""),
        ("28", "mL", "mL"),
        ("0.028", "L", "L"),
        ("1.4", "vial", ""),
        ("560.0", "milligrams", ""),
    ],
)
def test_equal_doses_have_equal_mass_in_whatever_unit(value: str, unit: str, code: str) -> None:
    dose = read(instruction(quantity(value, unit, code), route=IV))
    assert (dose.mass, dose.problems) == (mg("560"), ())


def test_a_dose_by_weight_stays_by_weight() -> None:
    dose = read(instruction(quantity("8", "mg/kg")))
    assert (dose.dose, dose.mass) == (Quantity(Decimal(8), "mg/kg"),) * 2


def test_a_dose_without_a_strength_is_kept_and_said() -> None:
    dose = read(instruction(quantity("28", "mL")), TOCILIZUMAB)
    assert (dose.dose, dose.mass, dose.problems) == (
        Quantity(Decimal(28), "mL"),
        None,
        ("dose-not-convertible",),
    )
    assert read(instruction(quantity("28", "mL"), route=IV), TOCILIZUMAB).mass == mg("560")


@pytest.mark.parametrize(
    ("dose", "problem"),
    [
        (quantity("1", "{pill}"), "unit-not-understood"),
        (quantity("1", "tablet", ""), "unit-not-understood"),
        (quantity("560", "", ""), "unit-missing"),
        ({"value": 560, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "g"}, "unit-conflict"),
        (quantity("300", "mg/m2"), "dose-not-convertible"),
        (quantity("40", "U"), "dose-not-convertible"),
        (quantity("0", "mg"), "implausible"),
        (quantity("-5", "mg"), "implausible"),
        ({"value": "560", "unit": "mg"}, "value-not-a-number"),
        ({"value": True, "unit": "mg"}, "value-not-a-number"),
        (quantity("560", "mg") | {"comparator": "<"}, "comparator"),
        ({}, "value-absent"),
        ("560 mg", "value-not-a-quantity"),
    ],
)
def test_a_dose_that_cannot_be_read_says_why(dose: Any, problem: str) -> None:
    found = read({"doseAndRate": [{"doseQuantity": dose}]})
    assert (found.mass, found.problems) == (None, (problem,))


def test_an_order_without_a_dose_or_with_words_only_is_told_apart() -> None:
    words = read({"text": "560 mg IV once"})
    assert (words.problems, words.text, words.mass) == (("dose-text-only",), "560 mg IV once", None)
    assert only_dose(mapped(request(TOCILIZUMAB_VIAL))).problems == ("dose-missing",)
    assert read({"route": IV}).problems == ("dose-missing",)
    assert read({"doseAndRate": [{"rateQuantity": quantity("28", "mL/h")}]}).problems == ("dose-as-rate",)


def test_units_are_what_vasopressin_is_dosed_in_and_millilitres_a_fluid() -> None:
    assert read(instruction(quantity("20", "U")), coded(RXNORM, "11149")).problems == ()
    assert read(instruction(quantity("500", "mL")), {"text": "normal saline"}).problems == ()


def ranged(low: Any = None, high: Any = None) -> dict[str, Any]:
    limits = {key: value for key, value in (("low", low), ("high", high)) if value is not None}
    return {"doseAndRate": [{"doseRange": limits}]}


def test_a_range_has_both_ends() -> None:
    dose = read(ranged(quantity("0.4", "g"), quantity("28", "mL")))
    assert (dose.mass, dose.mass_high, dose.problems) == (mg("400"), mg("560"), ())


def test_a_range_that_is_open_reversed_or_empty_says_so() -> None:
    low = read(ranged(low=quantity("400", "mg")))
    assert (low.mass, low.mass_high, low.problems) == (mg("400"), None, ("dose-range-open",))
    high = read(ranged(high=quantity("400", "mg")))
    assert (high.mass, high.mass_high, high.problems) == (None, mg("400"), ("dose-range-open",))
    reverse = read(ranged(quantity("1", "g"), quantity("400", "mg")))
    assert (reverse.mass, reverse.mass_high) == (mg("1000"), mg("400"))
    assert reverse.problems == ("dose-range-reversed",)
    assert read(ranged()).problems == ("value-absent",)


def typed(kind: str, dose: dict[str, Any]) -> dict[str, Any]:
    return {"type": coded(DOSE_TYPE, kind), "doseQuantity": dose}


def test_of_several_amounts_the_ordered_one_counts() -> None:
    ordered, calculated = (
        typed("ordered", quantity("8", "mg/kg")),
        typed("calculated", quantity("560", "mg")),
    )
    for entries in ([ordered, calculated], [calculated, ordered]):
        assert str(read({"doseAndRate": entries}).mass) == "8 mg/kg"
    unread = typed("ordered", quantity("1", "{pill}"))
    assert read({"doseAndRate": [unread, calculated]}).mass == mg("560")


def test_amounts_that_differ_are_none() -> None:
    entries = [typed("ordered", quantity("560", "mg")), typed("calculated", quantity("0.8", "g"))]
    dose = read({"doseAndRate": entries})
    assert (dose.dose, dose.mass, dose.problems) == (None, None, ("dose-conflict",))
    alike = [typed("ordered", quantity("560", "mg")), typed("calculated", quantity("0.56", "g"))]
    assert read({"doseAndRate": alike}).problems == ()


def test_a_dose_in_the_place_of_older_releases_is_read() -> None:
    assert read({"doseQuantity": quantity("560", "mg")}).mass == mg("560")


def test_a_rate_stands_beside_the_dose() -> None:
    rate = {"doseQuantity": quantity("560", "mg"), "rateRatio": {}}
    rate["rateRatio"] = {"numerator": quantity("100", "mL"), "denominator": quantity("1", "h")}
    dose = read({"doseAndRate": [rate]})
    assert (dose.mass, dose.rate, dose.problems) == (mg("560"), Quantity(Decimal(100), "mL/h"), ())


@pytest.mark.parametrize(
    ("rate", "problem"),
    [
        ({"rateQuantity": quantity("60", "min")}, "rate-is-a-duration"),
        ({"rateQuantity": quantity("60", "mg")}, "rate-unit-mismatch"),
        ({"rateQuantity": quantity("-1", "mL/h")}, "rate-not-understood"),
        ({"rateRatio": {"numerator": quantity("1", "mL")}}, "rate-not-understood"),
        ({"rateRange": {"low": quantity("1", "mL/h"), "high": quantity("5", "mL/h")}}, "rate-is-a-range"),
    ],
)
def test_a_rate_that_cannot_be_read_leaves_the_dose(rate: dict[str, Any], problem: str) -> None:
    dose = read({"doseAndRate": [{"doseQuantity": quantity("560", "mg"), **rate}]})
    assert (dose.mass, dose.rate, dose.problems) == (mg("560"), None, (problem,))


def test_a_course_in_steps_has_a_dose_for_each_in_sequence() -> None:
    steps = [
        instruction(quantity("250", "mg"), sequence=2),
        instruction(quantity("500", "mg"), sequence=1),
    ]
    order = only_order(mapped(request(coded(RXNORM, "6902"), *steps)))
    assert [str(dose.mass) for dose in order.doses] == ["500 mg", "250 mg"]


def test_an_instruction_with_an_unknown_modifier_is_not_read() -> None:
    dose = read(instruction(quantity("560", "mg"), modifierExtension=[{"url": "https://x.example"}]))
    assert (dose.mass, dose.problems) == (None, ("modifier-extension",))


def test_the_route_is_charted_or_the_products() -> None:
    assert read(instruction(quantity("560", "mg"), route={"text": "IV"})).route is Route.INTRAVENOUS
    odd = read(instruction(quantity("560", "mg"), route={"text": "per telepathy"}), TOCILIZUMAB)
    assert (odd.route, odd.problems) == (Route.UNSPECIFIED, ("route-not-understood",))
    subcutaneous = coded(RXNORM, "1441527")
    assert read(instruction(quantity("162", "mg")), subcutaneous).route is Route.SUBCUTANEOUS
    both = read(instruction(quantity("162", "mg"), route=IV), subcutaneous)
    assert (both.route, both.problems) == (Route.INTRAVENOUS, ("route-conflict",))


def timed(timing: Any, **more: Any) -> OrderedDose:
    return read(instruction(quantity("10", "mg"), timing=timing, **more), DEXAMETHASONE)


def repeat(**members: Any) -> dict[str, Any]:
    return {"repeat": members}


@pytest.mark.parametrize(
    ("timing", "hours"),
    [
        (repeat(frequency=1, period=6, periodUnit="h"), 6),
        (repeat(frequency=4, period=1, periodUnit="d"), 6),
        (repeat(period=Decimal("0.5"), periodUnit="d"), 12),
        (repeat(frequency=1, period=12, periodMax=24, periodUnit="h"), 12),
        (repeat(frequency=2, frequencyMax=3, period=1, periodUnit="d"), 8),
        (repeat(frequency=1, period=1, periodUnit="wk"), 168),
        (repeat(frequency=1, period=1, periodUnit="mo"), 672),
        (repeat(dayOfWeek=["mon", "thu"]), 72),
        (repeat(frequency=1, period=1, periodUnit="d", dayOfWeek=["mon"]), 168),
        (repeat(frequency=1, period=1, periodUnit="d", when=["HS"]), 24),
        (repeat(when=["HS"]), 24),
        ({"code": coded(GTS, "BID")}, 12),
        ({"code": coded(GTS, "Q6H")}, 6),
        ({"code": coded("http://hl7.org/fhir/v3/GTSAbbreviation", "Q8H")}, 8),
        ({"code": coded(GTS, "QD")}, 24),
        ({"code": coded(GTS, "AM")}, 24),
        ({"code": {"text": "Q6H"}}, 6),
        ({"code": {"text": "every 6 hours"}}, 6),
        ({"code": {"text": "q12h"}}, 12),
        ({"code": {"text": "Daily"}}, 24),
        ({"code": {"coding": [{"system": "urn:oid:1.2", "code": "77", "display": "Every 8 Hours"}]}}, 8),
        ({"code": {"text": "Q6H"}, **repeat(frequency=4, period=1, periodUnit="d")}, 6),
        ({"code": {"text": "local 17"}, **repeat(frequency=1, period=6, periodUnit="h")}, 6),
    ],
)
def test_how_often_is_read_from_structure_code_or_exact_text(timing: dict[str, Any], hours: int) -> None:
    dose = timed(timing)
    assert (dose.interval, dose.count, dose.problems) == (hours * HOUR, None, ())


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("told", "hours", "first"),
    [
        (
            {"frequency": 2, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00:00", "20:00:00"]},
            12,
            "10T20",
        ),
        (
            {"frequency": 3, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00", "14:00", "20:00"]},
            6,
            "10T14",
        ),
        ({"timeOfDay": ["08:00:00"]}, 24, "11T08"),
        ({"frequency": 1, "period": 2, "periodUnit": "d", "timeOfDay": ["08:00:00"]}, 48, "11T08"),
        ({"timeOfDay": ["08:00:00"], "dayOfWeek": ["mon", "thu"]}, 72, "12T08"),
        ({"timeOfDay": ["13:00:00"], "dayOfWeek": ["tue"]}, 168, "10T13"),
        ({"timeOfDay": ["08:00:00"], "boundsPeriod": {"start": "2026-03-14"}}, 24, "14T08"),
        ({"timeOfDay": ["08:00:00"], "boundsPeriod": {"start": "2026-03-28T09:00:00+01:00"}}, 24, "29T08"),
    ],
)
def test_listed_hours_are_those_of_the_ward(told: dict[str, Any], hours: int, first: str) -> None:
    """It is 10:00 in Berlin, on a Tuesday; on the 29th its clocks go forward."""
    dose = read(instruction(quantity("560", "mg"), timing=repeat(**told)), zone=BERLIN)
    assert dose.start == datetime.fromisoformat(f"2026-03-{first}:00").replace(tzinfo=BERLIN)
    assert (dose.interval, dose.problems) == (hours * HOUR, ())


@pytest.mark.parametrize(
    ("told", "daily", "count"),
    [
        ({"timeOfDay": ["08:00", "20:00"]}, None, 4),
        ({"timeOfDay": ["06:00", "14:00"]}, 2, 4),
        ({"timeOfDay": ["06:00", "14:00"], "count": 3}, 2, 3),
        ({"timeOfDay": ["06:00", "14:00"], "count": 1}, None, 1),
        ({"timeOfDay": ["08:00"], "dayOfWeek": ["mon", "tue"]}, 1, 2),
        ({"timeOfDay": ["08:00"], "dayOfWeek": ["mon"]}, None, 1),
        ({"timeOfDay": ["08:00"], "frequency": 3, "period": 1, "periodUnit": "d"}, None, 6),
        ({"dayOfWeek": ["mon", "tue"], "frequency": 2, "period": 1, "periodUnit": "d"}, 2, 4),
    ],
)
def test_uneven_hours_are_as_many_in_a_day_as_are_listed(
    told: dict[str, Any], daily: int | None, count: int
) -> None:
    """In two days: the shortest gap alone would make six doses of 06:00 and 14:00."""
    two_days = {"boundsDuration": quantity("2", "d")}
    dose = read(instruction(quantity("560", "mg"), timing=repeat(**two_days, **told)), zone=BERLIN)
    assert (dose.daily, dose.count, dose.problems) == (daily, count, ())


def test_a_period_beyond_any_calendar_is_none_that_fails() -> None:
    dose = timed(repeat(frequency=1_000_000, period=10_000_000, periodUnit="a"))
    assert dose.interval == timedelta(days=3650)


def test_listed_hours_without_a_zone_are_no_time() -> None:
    dose = timed(repeat(timeOfDay=["08:00:00"]))
    assert (dose.start, dose.interval, dose.problems) == (None, 24 * HOUR, ("timing-not-understood",))


@pytest.mark.parametrize(
    "timing",
    [
        {"code": {"text": "Once"}},
        {"code": {"text": "STAT"}},
        repeat(count=1),
        repeat(count=1, frequency=1, period=1, periodUnit="d"),
        {"event": ["2026-03-10T12:00:00Z"]},
        {"code": {"text": "once"}, **repeat(count=1, frequency=1, period=1, periodUnit="d")},
    ],
)
def test_a_single_dose_is_known_as_one(timing: dict[str, Any]) -> None:
    dose = timed(timing)
    assert (dose.count, dose.interval, dose.problems) == (1, None, ())


@pytest.mark.parametrize(
    "timing",
    [
        {"code": {"text": "10 mg q6h"}},
        {"code": {"text": "every 6 to 8 hours"}},
        {"code": coded("urn:oid:1.2", "77")},
        repeat(frequency=3),
        repeat(period=6),
        repeat(period=6, periodUnit="fortnight"),
        repeat(period=-6, periodUnit="h"),
        repeat(period="6", periodUnit="h"),
        repeat(frequency=0, period=6, periodUnit="h"),
        repeat(period=10**11, periodUnit="a"),
        repeat(count=Decimal("1.5")),
        repeat(when=["ACM", "ACV"]),
        repeat(timeOfDay=["morning"]),
        repeat(dayOfWeek=["someday"]),
        repeat(boundsPeriod={"start": "soon"}),
        repeat(boundsPeriod={"start": "2026-03-11T08:00:00Z", "end": "2026-03-10T08:00:00Z"}),
        repeat(boundsDuration={"value": 3}),
        {"event": ["2026-03-10T12:00:00"]},
        {"event": [7]},
        {"repeat": "q6h"},
        "q6h",
        ["q6h"],
    ],
)
def test_a_timing_that_cannot_be_read_says_so(timing: Any) -> None:
    assert timed(timing).problems == ("timing-not-understood",)


def test_no_timing_says_nothing_and_is_no_problem() -> None:
    dose = timed(None)
    assert (dose.start, dose.interval, dose.count, dose.problems) == (None, None, None, ())
    assert timed({"code": {"text": "continuous infusion"}}).problems == ()


def test_where_code_and_structure_differ_the_shorter_interval_holds() -> None:
    dose = timed({"code": {"text": "Q12H"}, **repeat(frequency=1, period=6, periodUnit="h")})
    assert (dose.interval, dose.problems) == (6 * HOUR, ("timing-conflict",))
    dose = timed({"code": {"text": "once"}, **repeat(frequency=1, period=6, periodUnit="h")})
    assert (dose.interval, dose.count, dose.problems) == (6 * HOUR, None, ("timing-conflict",))


def test_a_course_has_a_start_an_end_and_a_number_of_doses() -> None:
    bounds = {"start": "2026-03-10T12:00:00+02:00", "end": "2026-03-12"}
    dose = timed(repeat(frequency=1, period=6, periodUnit="h", boundsPeriod=bounds))
    assert dose.start == datetime(2026, 3, 10, 10, tzinfo=UTC)
    assert dose.until == datetime(2026, 3, 13, tzinfo=UTC)
    three_days = repeat(frequency=1, period=12, periodUnit="h", boundsDuration=quantity("3", "d"))
    assert (timed(three_days).count, timed(three_days).until) == (6, None)
    at_most = repeat(frequency=1, period=8, periodUnit="h", boundsRange={"high": quantity("20", "h")})
    assert timed(at_most).count == 3
    assert timed(repeat(count=3, countMax=4, period=8, periodUnit="h")).count == 4


def test_events_are_the_doses() -> None:
    dose = timed({"event": ["2026-03-11T02:00:00Z", "2026-03-10T10:00:00Z", "2026-03-10T18:00:00Z"]})
    assert (dose.start, dose.interval, dose.count) == (datetime(2026, 3, 10, 10, tzinfo=UTC), 8 * HOUR, 3)


@pytest.mark.parametrize(
    "dosage",
    [
        {"asNeededBoolean": True},
        {"asNeededCodeableConcept": {"text": "fever"}},
        {"timing": {"code": {"text": "Q6H PRN"}}},
        {"timing": {"code": {"text": "as needed"}}},
    ],
)
def test_a_dose_given_when_needed_is_marked(dosage: dict[str, Any]) -> None:
    assert read(instruction(quantity("650", "mg"), **dosage), coded(RXNORM, "161")).as_needed
    assert not timed(None, asNeededBoolean=False).as_needed
