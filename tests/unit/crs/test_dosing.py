"""TX-5: the dose by weight, its vials, and weights from which nothing is computed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cds_service.crs.dosing import Dose, dose_for, whole_vials
from cds_service.crs.drug_table import Vials
from cds_service.crs.weight import weight_at
from cds_service.tables import load_guideline
from fhir_mappings.facts import Reading
from tests.builders import NOW, Hours, at, chart
from tests.unit.crs.treated import weight

GUIDELINE = load_guideline("astct-2019")
TABLE = GUIDELINE.drugs["tocilizumab"]


@pytest.mark.parametrize(
    ("kilograms", "milligrams", "per_kg", "exact", "capped"),
    [
        ("0.3", "3.6", 12, "3.6", False),
        ("11", "132.0", 12, "132", False),
        ("29.9", "358.8", 12, "358.8", False),
        ("29.99", "359.9", 12, "359.88", False),
        ("30", "240.0", 8, "240", False),
        ("30.00", "240.0", 8, "240", False),
        ("70", "560.0", 8, "560", False),
        ("99.9", "799.2", 8, "799.2", False),
        ("99.99", "799.9", 8, "799.92", False),
        ("100", "800.0", 8, "800", False),
        ("100.01", "800.0", 8, "800.08", True),
        ("110", "800.0", 8, "880", True),
        ("400", "800.0", 8, "3200", True),
    ],
)
def test_the_dose_by_weight_is_exact_and_capped(
    kilograms: str, milligrams: str, per_kg: int, exact: str, capped: bool
) -> None:
    found = dose_for(TABLE, Decimal(kilograms))
    wanted = Dose(Decimal(milligrams), Decimal(per_kg), Decimal(exact), Decimal(kilograms), capped)
    assert found == wanted


def test_half_a_tenth_is_rounded_up() -> None:
    """8.05 mg/kg would be 0.05 mg too much for half-even."""
    by_half = replace(TABLE, bands=(replace(TABLE.bands[-1], per_kg=Decimal("0.05")),))
    assert dose_for(by_half, Decimal(1)).milligrams == Decimal("0.1")
    assert dose_for(by_half, Decimal(5)).milligrams == Decimal("0.3")


def test_a_drug_without_a_cap_is_not_capped() -> None:
    siltuximab = GUIDELINE.drugs["siltuximab"]
    assert dose_for(siltuximab, Decimal(110)).milligrams == Decimal("1210.0")


@pytest.mark.parametrize(
    ("milligrams", "vials"),
    [
        ("72.7", ()),
        ("72.8", (80,)),
        ("80", (80,)),
        ("88.8", (80,)),
        ("88.9", ()),
        ("132", ()),
        ("144", ()),
        ("146", (80, 80)),
        ("204", (200,)),
        ("240", (80, 80, 80)),
        ("358.8", (200, 80, 80)),
        ("400", (400,)),
        ("560", (400, 80, 80)),
        ("799.2", (400, 400)),
        ("800", (400, 400)),
    ],
)
def test_whole_vials_are_hinted_where_they_are_near_enough(milligrams: str, vials: tuple[int, ...]) -> None:
    assert whole_vials(TABLE, Decimal(milligrams)) == vials


def test_vials_never_exceed_the_cap_even_where_that_is_nearer() -> None:
    coarse = replace(TABLE, vials=Vials((Decimal(300),), Decimal(50)))
    assert [int(vial) for vial in whole_vials(coarse, Decimal(800))] == [300, 300]


def test_without_vials_in_the_table_nothing_is_hinted() -> None:
    assert whole_vials(replace(TABLE, vials=None), Decimal(560)) == ()
    assert whole_vials(TABLE, Decimal(0)) == ()


def judged(*weights: Reading) -> tuple[str, str, bool]:
    found = weight_at(chart(*weights), GUIDELINE, NOW)
    return (str(found.reading.value) if found.reading else "", found.reason, found.old)


@pytest.mark.parametrize(
    ("hours", "reason", "old"),
    [
        (0, "", False),
        (-168, "", False),
        ("-168.001", "", True),
        (-720, "", True),
        ("-720.001", "stale", False),
    ],
)
def test_a_weight_grows_old_and_then_too_old(hours: Hours, reason: str, old: bool) -> None:
    """DL-8."""
    assert judged(weight(70, hours)) == ("70", reason, old)


def test_without_a_weight_that_is_the_reason() -> None:
    assert judged() == ("", "missing", False)


@pytest.mark.parametrize(
    ("first", "first_h", "second", "second_h", "reason"),
    [
        ("70", -20, "77", -2, ""),
        ("70", -20, "77.01", -2, "contradictory"),
        ("77.01", -20, "70", -2, "contradictory"),
        ("77", -20, "70", -2, ""),
        ("70", -26, "90", -2, "contradictory"),
        ("70", "-26.001", "80", -2, ""),
        ("70", "-26.001", "87.5", -2, ""),
        ("70", "-26.001", "87.51", -2, "contradictory"),
        ("154", -300, "70", -2, "contradictory"),
        ("154", -3, "70", -2, "contradictory"),
    ],
)
def test_two_weights_may_contradict_each_other(
    first: str, first_h: Hours, second: str, second_h: Hours, reason: str
) -> None:
    """DL-8: within a day a tenth, over longer a quarter; 154 is 70 kg in pounds."""
    assert judged(weight(first, first_h), weight(second, second_h))[:2] == (second, reason)


def test_a_weight_of_later_is_not_yet_known() -> None:
    assert weight_at(chart(weight(70, 1)), GUIDELINE, NOW).reason == "missing"
    assert weight_at(chart(weight(70, 1)), GUIDELINE, at(1)).reason == ""


def test_an_old_contradiction_is_over() -> None:
    """Two weights that contradicted each other a week ago, and a clear one since."""
    assert judged(weight(70, -160), weight(81, -159), weight(75, -2)) == ("75", "", False)


def test_no_dose_from_a_weight_that_the_one_before_makes_doubtful() -> None:
    """Which of both is wrong is not for the service to say."""
    assert judged(weight(70, -160), weight(95, -80), weight(71, -2)) == ("71", "contradictory", False)
