"""MedicationAdministrations of recognised drugs: times, dose, rate and route as charted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from fhir_mappings.chart import MEDICATION, Chart, is_unclear, last_instant, usable
from fhir_mappings.datetimes import EFFECTIVE, Precision, Span, read_span
from fhir_mappings.dosage import read_dose, read_rate
from fhir_mappings.drugs import Found, drugs_of
from fhir_mappings.facts import PRESSORS, Administration, Quantity, Route
from fhir_mappings.issues import Refusal
from fhir_mappings.meanings import DrugCode
from fhir_mappings.resources import Json, records, status_of
from fhir_mappings.routes import settle_route
from fhir_mappings.strength import mass_of, per_minute
from fhir_mappings.therapies import add_therapy, is_running, read_therapy_span


def read_administration(reference: str, resource: Json, chart: Chart) -> None:
    """One administration; what names a known drug but is not fully understood is kept as uncertain."""
    found = drugs_of(resource, chart)
    named = found.named(chart.book)
    drugs = [code.drug for code in named] or [chart.book.drugs[drug] for drug in found.disputed]
    drugs.sort(key=lambda drug: drug.therapy is None)
    concept = drugs[0].id if drugs else MEDICATION
    if not (named or found.issue) or not chart.belongs(resource, reference, concept):
        return
    therapy = bool(drugs and drugs[0].therapy)
    span, zoned = read_therapy_span(resource, EFFECTIVE, chart) if therapy else (_span(resource, chart), True)
    coarsest = Precision.MONTH if therapy else Precision.TIME
    start = chart.admit(resource, reference, concept, span, usable(resource), coarsest)
    if start is None or isinstance(span, Refusal):
        return
    _note_name(found, reference, concept, start, last_instant(span, resource), chart)
    clear = not is_unclear(status_of(resource))
    if not clear:
        chart.note("status-unknown", reference, concept, value=status_of(resource), time=start)
    certain = bool(found.codes) and clear and zoned
    for code in named:
        add_therapy(code.drug, reference, span, chart, is_running(resource, span), certain)
        if span.start.precision is Precision.TIME:
            given = _Given(reference, resource, start, span, shared=len(named) > 1, certain=certain)
            _add(code, given, chart)


def _span(resource: Json, chart: Chart) -> Span | Refusal:
    return read_span(resource, EFFECTIVE, chart.zone)


def _note_name(
    found: Found, reference: str, concept: str, start: datetime, latest: datetime | None, chart: Chart
) -> None:
    if found.disputed:
        for drug in found.disputed:
            chart.note(found.issue, reference, drug, time=start)
            chart.lose(found.issue, reference, drug, latest)
    elif found.issue:
        chart.note(found.issue, reference, concept, value=found.mention, time=start)
        if not found.mention:
            chart.lose(found.issue, reference, MEDICATION, latest)
    elif not found.codes:
        chart.note("name-not-exact", reference, concept, value=found.mention, time=start)
    if found.by_text:
        chart.note("matched-by-text", reference, concept, time=start)


class _Given(NamedTuple):
    """What the drugs of one administration have in common."""

    reference: str
    resource: Json
    start: datetime
    span: Span
    shared: bool
    certain: bool


def _add(code: DrugCode, given: _Given, chart: Chart) -> None:
    reference, resource, start, span, shared, certain = given
    status = status_of(resource)
    endless = span.open or bool(span.issue)
    unclear = is_unclear(status)
    running = (status == "in-progress" and (endless or not span.period)) or (unclear and endless)
    unended = running and bool(span.issue)
    amounts = _Amounts.of(resource, code, reference, start, chart, shared)
    chart.administrations.append(
        Administration(
            drug=code.drug.id,
            groups=code.drug.groups,
            start=start,
            reference=reference,
            display=code.drug.display,
            end=span.end.time if span.end is not None else None,
            point=not span.period and not running,
            ongoing=running,
            status=status,
            dose=amounts.dose,
            rate=amounts.rate,
            mass=mass_of(amounts.dose, code, amounts.route, chart.book),
            per_minute=per_minute(amounts.rate, code, chart.book),
            route=amounts.route,
            product=code.product,
            rated=amounts.rated,
            certain=certain and amounts.route_understood and not (unended and code.drug.groups & PRESSORS),
        )
    )


RATES = ("rateQuantity", "rateRatio")


@dataclass(frozen=True, slots=True)
class _Amounts:
    dose: Quantity | None
    rate: Quantity | None
    route: Route
    route_understood: bool = True
    rated: bool = False

    @classmethod
    def of(
        cls, resource: Json, code: DrugCode, reference: str, time: datetime, chart: Chart, shared: bool
    ) -> _Amounts:
        dosage = next(iter(records(resource.get("dosage"))), {})
        note = _Noter(chart, reference, code.drug.id, time)
        route, understood = settle_route(dosage.get("route"), code, chart, note)
        rated = any(isinstance(dosage.get(key), dict) and dosage[key] for key in RATES)
        if shared:
            if dosage.get("dose") or dosage.get("rateQuantity") or dosage.get("rateRatio"):
                note("dose-of-combination")
            return cls(None, None, route, understood, rated)
        dose = read_dose(dosage, chart.book, note)
        return cls(dose, read_rate(dosage, code, chart.book, note), route, understood, rated)


@dataclass(frozen=True, slots=True)
class _Noter:
    """Notes issues about one administration."""

    chart: Chart
    reference: str
    concept: str
    time: datetime

    def __call__(self, issue: str, value: object = "", unit: str = "", detail: str = "") -> None:
        self.chart.note(
            issue, self.reference, self.concept, value=value, unit=unit, time=self.time, detail=detail
        )
