"""Cell products and T-cell engagers: when they were given, whichever resource says so."""

from __future__ import annotations

from datetime import datetime

from fhir_mappings.chart import GIVEN, Chart
from fhir_mappings.datetimes import OCCURRENCE, PERFORMED, Precision, Span, read_span
from fhir_mappings.drugs import drug_of
from fhir_mappings.facts import Therapy
from fhir_mappings.issues import Refusal
from fhir_mappings.meanings import Conflict, Drug, DrugCode, Support
from fhir_mappings.resources import Json, status_of, texts_of
from fhir_mappings.respiratory import OXYGEN_DEVICE, by_name, read_support_procedure

PERFORMED_STATUSES = GIVEN - {"on-hold"}
IMMUNIZED = frozenset({"completed"})


def add_therapy(drug: Drug, reference: str, span: Span, ongoing: bool, chart: Chart) -> None:
    """A therapy from ``span.start``, which may be known to the day only; ``ongoing`` if it still runs."""
    if drug.therapy is None:
        return
    chart.therapies.append(
        Therapy(
            kind=drug.therapy,
            product=None if drug.generic else drug.id,
            time=min(span.start.time, chart.as_of),
            reference=reference,
            display=drug.display,
            date_only=span.start.precision is not Precision.TIME,
            end=span.end.time if span.end is not None else None,
            ongoing=ongoing,
        )
    )


def is_running(resource: Json, span: Span) -> bool:
    """A period that is open and in progress."""
    return span.open and status_of(resource) == "in-progress"


def read_procedure(reference: str, resource: Json, chart: Chart) -> None:
    """A Procedure: giving a cell product, or oxygen and ventilation."""
    code = resource.get("code")
    meaning = chart.book.meaning(code) or by_name(texts_of(code), False, chart)
    if isinstance(meaning, DrugCode) and meaning.drug.therapy is not None:
        span = read_span(resource, PERFORMED, chart.zone)
        _read_therapy(reference, resource, meaning.drug, span, PERFORMED_STATUSES, "subject", chart)
    elif isinstance(meaning, Conflict):
        disputed = meaning.about(Support) or meaning.about(DrugCode)
        if disputed is not None:
            concept = disputed.drug.id if isinstance(disputed, DrugCode) else OXYGEN_DEVICE
            chart.note("conflicting-codes", reference, concept)
    else:
        support = meaning if isinstance(meaning, Support) else None
        read_support_procedure(reference, resource, support, chart)


def read_immunization(reference: str, resource: Json, chart: Chart) -> None:
    """A cell product charted as an Immunization."""
    found = drug_of(resource.get("vaccineCode"), chart.book)
    for code in found.codes:
        if code.drug.therapy is not None:
            span = read_span(resource, OCCURRENCE, chart.zone)
            given = _read_therapy(reference, resource, code.drug, span, IMMUNIZED, "patient", chart)
            if given is not None and found.by_text:
                chart.note("matched-by-text", reference, code.drug.id, time=given)


def _read_therapy(
    reference: str,
    resource: Json,
    drug: Drug,
    span: Span | Refusal,
    usable: frozenset[str],
    key: str,
    chart: Chart,
) -> datetime | None:
    """When it was given, if it was."""
    if not chart.belongs(resource, reference, drug.id, key):
        return None
    given = chart.admit(resource, reference, drug.id, span, usable, Precision.DAY)
    if given is not None and isinstance(span, Span):
        add_therapy(drug, reference, span, is_running(resource, span), chart)
    return given
