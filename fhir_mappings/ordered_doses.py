"""The ``dosageInstruction`` of a MedicationRequest: how much, by which route, and when."""

from __future__ import annotations

from datetime import datetime

from fhir_mappings.amounts import read_number
from fhir_mappings.chart import Chart
from fhir_mappings.datetimes import Moment, read_time
from fhir_mappings.facts import OrderedDose
from fhir_mappings.meanings import DrugCode
from fhir_mappings.ordered_amounts import DOSES, Amount, amounts_of, read_amount, read_most, read_ordered_rate
from fhir_mappings.resources import Json, record, records, text
from fhir_mappings.routes import settle_route
from fhir_mappings.timing import read_when


def read_doses(resource: Json, code: DrugCode, chart: Chart, *, shared: bool) -> tuple[OrderedDose, ...]:
    """One a dosage instruction, in their sequence; one that says so where there is none.

    ``shared``: the product holds several recognised drugs, so that nobody can say how much of each.
    """
    valid_until = _valid_until(resource, chart)
    instructions = sorted(records(resource.get("dosageInstruction")), key=_sequence)
    return tuple(_read_dose(each, code, chart, valid_until, shared) for each in instructions or [{}])


def unread_dose(problem: str) -> tuple[OrderedDose, ...]:
    """In place of doses that cannot be trusted at all."""
    return (OrderedDose(problems=(problem,)),)


def _sequence(dosage: Json) -> int:
    number = read_number(dosage.get("sequence"))
    return int(number) if number is not None else 0


def _valid_until(resource: Json, chart: Chart) -> datetime | None:
    period = record(record(resource.get("dispenseRequest")).get("validityPeriod"))
    end = read_time(period.get("end"), chart.zone)
    return end.latest if isinstance(end, Moment) else None


def _read_dose(
    dosage: Json, code: DrugCode, chart: Chart, valid_until: datetime | None, shared: bool
) -> OrderedDose:
    words = text(dosage.get("text"))
    if dosage.get("modifierExtension"):
        return OrderedDose(text=words, problems=("modifier-extension",))
    problems: set[str] = set()

    def note(issue: str, value: object = "", unit: str = "", detail: str = "") -> None:
        del value, unit, detail
        problems.add(issue)

    route, _ = settle_route(dosage.get("route"), code, chart, note)
    amount = _of_combination(dosage) if shared else read_amount(dosage, code, route, chart)
    rate, faults = (None, ()) if shared else read_ordered_rate(dosage, code, chart)
    when = read_when(dosage, chart)
    return OrderedDose(
        dose=amount.dose,
        high=amount.high,
        mass=amount.mass,
        mass_high=amount.mass_high,
        also=amount.also,
        most=None if shared else read_most(dosage, code, route, chart),
        rate=rate,
        route=route,
        start=when.start,
        until=when.until or valid_until,
        interval=when.interval,
        count=when.count,
        times=when.times,
        daily=when.daily,
        as_needed=when.as_needed,
        text=words,
        problems=tuple(sorted({*problems, *amount.problems, *faults, *when.problems})),
    )


def _of_combination(dosage: Json) -> Amount:
    told = any(key in entry for entry in amounts_of(dosage) for key in DOSES)
    return Amount(problems=("dose-of-combination" if told else "dose-missing",))
