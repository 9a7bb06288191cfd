"""Cell products and T-cell engagers: when they were given, whichever resource says so."""

from __future__ import annotations

from datetime import UTC, datetime

from fhir_mappings.chart import GIVEN, Chart, is_unclear, usable
from fhir_mappings.datetimes import OCCURRENCE, PERFORMED, Precision, Span, TimeKeys, read_span
from fhir_mappings.drugs import drug_of
from fhir_mappings.facts import Therapy
from fhir_mappings.issues import Refusal
from fhir_mappings.meanings import Conflict, Drug, DrugCode, Support
from fhir_mappings.resources import Json, status_of, texts_of
from fhir_mappings.respiratory import OXYGEN_DEVICE, named_or_mentioned, read_support_procedure

PERFORMED_STATUSES = GIVEN - {"on-hold"}
IMMUNIZED = frozenset({"completed"})


def add_therapy(
    drug: Drug, reference: str, span: Span, chart: Chart, ongoing: bool = False, certain: bool = True
) -> None:
    """A therapy from ``span.start``, which may be known to the day only; ``ongoing`` if it still runs."""
    if drug.therapy is None:
        return
    end = span.end.time if span.end is not None else None
    if end is None and span.start.precision > Precision.DAY:
        end = span.start.latest
    chart.therapies.append(
        Therapy(
            kind=drug.therapy,
            product=None if drug.generic else drug.id,
            time=min(span.start.time, chart.as_of),
            reference=reference,
            display=drug.display,
            date_only=span.start.precision is not Precision.TIME,
            end=end,
            ongoing=ongoing,
            certain=certain and span.start.precision <= Precision.DAY,
        )
    )


def read_therapy_span(resource: Json, keys: TimeKeys, chart: Chart) -> tuple[Span | Refusal, bool]:
    """When a therapy was given, and whether its zone is known: a day more or less does not lose it."""
    span = read_span(resource, keys, chart.zone)
    if isinstance(span, Refusal) and span.code == "time-without-zone":
        span = read_span(resource, keys, UTC)
        return (span if isinstance(span, Refusal) else span._replace(issue="time-without-zone")), False
    return span, True


def is_running(resource: Json, span: Span) -> bool:
    """A period that is open and in progress."""
    return span.open and status_of(resource) == "in-progress"


def read_procedure(reference: str, resource: Json, chart: Chart) -> None:
    """A Procedure: giving a cell product, or oxygen and ventilation."""
    code = resource.get("code")
    meaning = chart.book.meaning(code) or named_or_mentioned(texts_of(code), chart)
    drugs = drug_of(code, chart.book)
    named = next(iter(drugs.named(chart.book)), None)
    if named is not None and named.drug.therapy is not None and not isinstance(meaning, Conflict):
        given = _read_therapy(reference, resource, named.drug, "subject", chart, certain=bool(drugs.codes))
        if given is not None and drugs.name_issue:
            chart.note(drugs.name_issue, reference, named.drug.id, time=given)
    elif isinstance(meaning, Conflict):
        disputed = meaning.about(Support) or meaning.about(DrugCode)
        if disputed is not None:
            concept = disputed.drug.id if isinstance(disputed, DrugCode) else OXYGEN_DEVICE
            chart.note("conflicting-codes", reference, concept)
            chart.lose("conflicting-codes", reference, concept)
    else:
        support = meaning if isinstance(meaning, Support) else None
        read_support_procedure(reference, resource, support, chart)


def read_immunization(reference: str, resource: Json, chart: Chart) -> None:
    """A cell product charted as an Immunization."""
    found = drug_of(resource.get("vaccineCode"), chart.book)
    for code in found.named(chart.book):
        if code.drug.therapy is not None:
            given = _read_therapy(reference, resource, code.drug, "patient", chart, certain=bool(found.codes))
            if given is not None and found.name_issue:
                chart.note(found.name_issue, reference, code.drug.id, time=given)
    for drug in found.disputed:
        if chart.belongs(resource, reference, drug, "patient"):
            chart.note("conflicting-codes", reference, drug)
            chart.lose("conflicting-codes", reference, drug)


def _read_therapy(
    reference: str, resource: Json, drug: Drug, key: str, chart: Chart, certain: bool = True
) -> datetime | None:
    """When it was given, if it was."""
    if not chart.belongs(resource, reference, drug.id, key):
        return None
    immunization = resource.get("resourceType") == "Immunization"
    keys, statuses = (OCCURRENCE, IMMUNIZED) if immunization else (PERFORMED, PERFORMED_STATUSES)
    span, zoned = read_therapy_span(resource, keys, chart)
    given = chart.admit(resource, reference, drug.id, span, usable(resource, statuses), Precision.MONTH)
    if given is None or isinstance(span, Refusal):
        return None
    clear = not is_unclear(status_of(resource))
    if not clear:
        chart.note("status-unknown", reference, drug.id, value=status_of(resource), time=given)
    add_therapy(drug, reference, span, chart, is_running(resource, span), certain and clear and zoned)
    return given
