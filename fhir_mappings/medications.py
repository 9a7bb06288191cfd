"""MedicationAdministrations of recognised drugs: times, dose, rate and route as charted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fhir_mappings.chart import GIVEN, Chart
from fhir_mappings.code_systems import plain
from fhir_mappings.datetimes import EFFECTIVE, Precision, Span, read_span
from fhir_mappings.dosage import read_dose, read_rate
from fhir_mappings.drugs import MEDICATION, drugs_of, mentioned
from fhir_mappings.facts import Administration, Quantity, Route
from fhir_mappings.issues import Refusal
from fhir_mappings.meanings import DrugCode, RouteName
from fhir_mappings.resources import Json, records, status_of, texts_of
from fhir_mappings.therapies import add_therapy, is_running


def read_administration(reference: str, resource: Json, chart: Chart) -> None:
    found = drugs_of(resource, chart)
    named = found.codes[0] if found.codes else mentioned(found.mention, chart.book)
    concept = named.drug.id if named else MEDICATION
    if not (named or found.issue) or not chart.belongs(resource, reference, concept):
        return
    span = read_span(resource, EFFECTIVE, chart.zone)
    therapy = any(code.drug.therapy for code in found.codes)
    coarsest = Precision.DAY if therapy else Precision.TIME
    start = chart.admit(resource, reference, concept, span, GIVEN, coarsest)
    if start is None or isinstance(span, Refusal):
        return
    if found.issue:
        chart.note(found.issue, reference, concept, time=start)
    elif not found.codes:
        chart.note("name-not-exact", reference, concept, value=found.mention, time=start)
    if found.by_text:
        chart.note("matched-by-text", reference, concept, time=start)
    for code in found.codes:
        add_therapy(code.drug, reference, span, is_running(resource, span), chart)
        if span.start.precision is Precision.TIME:
            _add(code, reference, resource, start, span, chart, shared=len(found.codes) > 1)


def _add(
    code: DrugCode, reference: str, resource: Json, start: datetime, span: Span, chart: Chart, shared: bool
) -> None:
    status = status_of(resource)
    running = status == "in-progress" and (span.open or not span.period)
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
            route=amounts.route,
            product=code.product,
        )
    )


@dataclass(frozen=True, slots=True)
class _Amounts:
    dose: Quantity | None
    rate: Quantity | None
    route: Route

    @classmethod
    def of(
        cls, resource: Json, code: DrugCode, reference: str, time: datetime, chart: Chart, shared: bool
    ) -> _Amounts:
        dosage = next(iter(records(resource.get("dosage"))), {})
        note = _Noter(chart, reference, code.drug.id, time)
        route = read_route(dosage.get("route"), chart)
        if Route.UNSPECIFIED not in (route, code.route) and route is not code.route:
            note("route-conflict", value=f"{route} for {code.product}")
        route = code.route if route is Route.UNSPECIFIED else route
        if shared:
            if dosage.get("dose") or dosage.get("rateQuantity") or dosage.get("rateRatio"):
                note("dose-of-combination")
            return cls(None, None, route)
        return cls(read_dose(dosage, chart.book, note), read_rate(dosage, code.drug, chart.book, note), route)


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


def read_route(concept: Any, chart: Chart) -> Route:
    """The route by code, else by exact text; unspecified where neither is known."""
    meaning = chart.book.meaning(concept)
    if isinstance(meaning, RouteName):
        return meaning.route
    for words in texts_of(concept):
        known = chart.book.route_names.get(plain(words))
        if known is not None:
            return known.route
    return Route.UNSPECIFIED
