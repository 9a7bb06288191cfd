"""Norepinephrine equivalents: a trend of vasopressor support, or the reason why there is none."""

import dataclasses
from datetime import timedelta
from decimal import Decimal

import pytest

from cds_service.crs.equivalents import equivalents
from cds_service.crs.infusions import infusions
from cds_service.crs.weight import Weight, weight_at
from cds_service.tables import load_guideline
from fhir_mappings.facts import (
    Administration,
    Concept,
    DrugGroup,
    PatientFacts,
    Quantity,
    Reading,
    Route,
)
from tests.builders import NOW

GUIDELINE = load_guideline("astct-2019")
START = NOW - timedelta(hours=12)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def segment(drug: str, begun: float, ended: float | None, rate: str, unit: str) -> Administration:
    """A segment from ``begun`` to ``ended`` hours ago."""
    group = DrugGroup.VASOPRESSIN if drug == "vasopressin" else DrugGroup.VASOPRESSOR
    amount = Quantity(Decimal(rate), unit) if rate else None
    return Administration(
        drug=drug,
        groups=frozenset({group}),
        start=NOW - hours(begun),
        end=None if ended is None else NOW - hours(ended),
        ongoing=ended is None,
        reference=f"MedicationAdministration/{drug}-{begun}",
        rate=amount,
        per_minute=amount if unit.endswith("/min") and not unit.startswith("mL") else None,
        route=Route.INTRAVENOUS,
    )


def weights(*charted: tuple[float, str]) -> tuple[Reading, ...]:
    found = [Reading(Concept.WEIGHT, Decimal(kg), "kg", NOW - hours(ago), f"w-{ago}") for ago, kg in charted]
    return tuple(sorted(found, key=lambda reading: reading.time))


def trend(
    *segments: Administration, charted: tuple[tuple[float, str], ...] = ((1, "80"),)
) -> list[tuple[float, str | None, tuple[tuple[str, str], ...]]]:
    """Hours ago, value and what is lacking, at every change."""
    facts = PatientFacts("p", administrations=segments, readings={Concept.WEIGHT: weights(*charted)})
    weight = weight_at(facts, GUIDELINE, NOW)
    runs = infusions(facts, GUIDELINE, NOW).runs
    steps = equivalents(runs, weight, GUIDELINE, START, NOW)
    return [
        (
            (NOW - time).total_seconds() / 3600,
            None if found.value is None else f"{found.value.normalize():f}",
            found.lacking,
        )
        for time, found in steps
    ]


@pytest.mark.parametrize(
    ("drug", "rate", "unit", "expected"),
    [
        ("norepinephrine", "0.12", "ug/kg/min", "0.12"),
        ("norepinephrine", "9.6", "ug/min", "0.12"),
        ("epinephrine", "0.05", "ug/kg/min", "0.05"),
        ("phenylephrine", "1", "ug/kg/min", "0.1"),
        ("dopamine", "5", "ug/kg/min", "0.05"),
        ("metaraminol", "0.8", "ug/kg/min", "0.1"),
        ("vasopressin", "0.04", "U/min", "0.1"),
        ("vasopressin", "0.0005", "U/kg/min", "0.1"),
        ("angiotensin-ii", "0.02", "ug/kg/min", "0.2"),
    ],
)
def test_each_vasopressor_has_its_equivalent(drug: str, rate: str, unit: str, expected: str) -> None:
    assert trend(segment(drug, 2, None, rate, unit)) == [(12, "0", ()), (2, expected, ())]


def test_drugs_that_run_together_add_up_and_rates_follow_each_segment() -> None:
    assert trend(
        segment("norepinephrine", 6, 4, "0.1", "ug/kg/min"),
        segment("norepinephrine", 4, 2, "0.3", "ug/kg/min"),
        segment("vasopressin", 3, None, "0.04", "U/min"),
    ) == [(12, "0", ()), (6, "0.1", ()), (4, "0.3", ()), (3, "0.4", ()), (2, "0.1", ())]


def test_the_point_events_of_an_infusion_are_a_trend_too() -> None:
    points = [
        Administration(
            "norepinephrine", frozenset({DrugGroup.VASOPRESSOR}), NOW - hours(ago), f"m-{ago}", point=True,
            rate=Quantity(Decimal(rate), "ug/kg/min"), per_minute=Quantity(Decimal(rate), "ug/kg/min"),
            rated=True,
        )
        for ago, rate in ((9, "0.1"), (5, "0.2"), (1, "0.05"))
    ]  # fmt: skip
    assert trend(*points) == [(12, "0", ()), (9, "0.1", ()), (5, "0.2", ()), (1, "0.05", ())]


def test_a_part_of_a_sum_is_not_shown_as_the_sum() -> None:
    lacking = (("vasopressin", "rate-not-charted"),)
    assert trend(
        segment("norepinephrine", 6, None, "0.1", "ug/kg/min"), segment("vasopressin", 3, None, "", "")
    ) == [(12, "0", ()), (6, "0.1", ()), (3, None, lacking)]


def test_a_volume_without_a_strength_has_no_equivalent() -> None:
    found = trend(segment("norepinephrine", 6, None, "12", "mL/h"))
    assert found[-1] == (6, None, (("norepinephrine", "rate-not-convertible"),))


def test_a_slip_of_the_rate_is_left_out_of_the_trend() -> None:
    found = trend(
        segment("norepinephrine", 6, 5, "0.1", "ug/kg/min"),
        segment("norepinephrine", 5, 4, "10", "ug/kg/min"),
        segment("norepinephrine", 4, None, "0.1", "ug/kg/min"),
    )
    assert found[1:] == [(6, "0.1", ()), (5, None, (("norepinephrine", "rate-outlier"),)), (4, "0.1", ())]


def test_two_rates_at_once_are_not_taken_for_weaning() -> None:
    overlap = (("norepinephrine", "rates-overlap"),)
    assert trend(
        segment("norepinephrine", 10, None, "0.3", "ug/kg/min"),
        segment("norepinephrine", 8, 7, "0.02", "ug/kg/min"),
    ) == [(12, "0", ()), (10, "0.3", ()), (8, None, overlap), (7, "0.3", ())]


def test_a_drug_that_was_not_understood_is_not_left_out_of_the_sum_in_silence() -> None:
    doubtful = dataclasses.replace(segment("epinephrine", 3, None, "0.2", "ug/kg/min"), certain=False)
    facts = PatientFacts("p", administrations=(doubtful,), readings={Concept.WEIGHT: weights((1, "80"))})
    runs = infusions(facts, GUIDELINE, NOW).uncertain
    steps = equivalents(runs, weight_at(facts, GUIDELINE, NOW), GUIDELINE, START, NOW)
    assert steps[-1][1].lacking == (("epinephrine", "not-understood"),)


@pytest.mark.parametrize(
    ("charted", "reason"),
    [
        ((), "missing"),
        (((24 * 30 + 1, "80"),), "stale"),
        (((2, "80"), (3, "89")), "contradictory"),
    ],
)
def test_nothing_is_computed_from_a_doubtful_weight(
    charted: tuple[tuple[float, str], ...], reason: str
) -> None:
    found = trend(segment("norepinephrine", 6, None, "9.6", "ug/min"), charted=charted)
    assert found[-1][1:] == (None, (("norepinephrine", f"weight-{reason}"),))
    by_weight = trend(segment("norepinephrine", 6, None, "0.12", "ug/kg/min"), charted=charted)
    assert by_weight[-1][1:] == ("0.12", ())


@pytest.mark.parametrize(
    ("charted", "kilograms", "old"),
    [
        (((24 * 7, "70"),), "70", False),
        (((24 * 7 + 1, "70"),), "70", True),
        (((24 * 30, "70"),), "70", True),
        (((2, "80"), (3, "88")), "80", False),  # ten percent exactly
        (((2, "80"), (27, "100")), "80", False),  # more than a day apart
    ],
)
def test_the_newest_weight_counts(charted: tuple[tuple[float, str], ...], kilograms: str, old: bool) -> None:
    facts = PatientFacts("p", readings={Concept.WEIGHT: weights(*charted)})
    weight = weight_at(facts, GUIDELINE, NOW)
    assert isinstance(weight, Weight)
    assert weight.reading is not None
    assert (weight.reading.value, weight.reason, weight.old) == (Decimal(kilograms), "", old)
