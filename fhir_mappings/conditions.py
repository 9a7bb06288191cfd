"""Diagnoses of the groups that matter, and whether they are active at the time asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fhir_mappings.chart import Chart
from fhir_mappings.datetimes import Moment, Span, TimeKeys, read_period, read_span, read_time
from fhir_mappings.facts import Condition
from fhir_mappings.issues import Refusal
from fhir_mappings.meanings import Conflict, Diagnosis
from fhir_mappings.resources import Json, codings, text

ONSET = TimeKeys.of("onset")
ACTIVE = frozenset({"active", "recurrence", "relapse"})
INACTIVE = frozenset({"inactive", "remission", "resolved"})
DROPPED = {"refuted": "refuted", "entered-in-error": "entered-in-error"}
ABATED_SOMETIME = ("abatementAge", "abatementRange", "abatementString")


def read_condition(reference: str, resource: Json, chart: Chart) -> None:
    diagnosis = chart.book.meaning(resource.get("code"))
    if isinstance(diagnosis, Conflict):
        disputed = diagnosis.about(Diagnosis)
        if disputed is not None:
            chart.note("conflicting-codes", reference, disputed.group)
        return
    if not isinstance(diagnosis, Diagnosis):
        return
    group = diagnosis.group.value
    if not chart.belongs(resource, reference, group):
        return
    onset = _onset(reference, resource, group, chart)
    if onset is not None and onset > chart.latest:
        return
    if _dropped(reference, resource, group, onset, chart):
        return
    active = _is_active(reference, resource, group, onset, chart)
    display = diagnosis.display
    when = None if onset is None else min(onset, chart.as_of)
    chart.conditions.append(Condition(diagnosis.group, active, reference, display, when, diagnosis.grade))


def _onset(reference: str, resource: Json, group: str, chart: Chart) -> datetime | None:
    """The onset, else the day it was recorded; a coarse date stands for its first day."""
    span = read_span(resource, ONSET, chart.zone)
    if isinstance(span, Span):
        return span.start.time
    if span.code != "time-missing":
        chart.note(span.code, reference, group, detail=span.detail)
    recorded = read_time(resource.get("recordedDate"), chart.zone)
    if isinstance(recorded, Refusal):
        return None
    if recorded.time <= chart.latest:
        chart.note("time-from-recorded", reference, group, time=recorded.time)
    return recorded.time


def _dropped(reference: str, resource: Json, group: str, time: datetime | None, chart: Chart) -> bool:
    verification = _status(resource.get("verificationStatus"))
    issue = DROPPED.get(verification, "")
    if not issue and resource.get("modifierExtension"):
        issue = "modifier-extension"
    if issue:
        chart.note(issue, reference, group, time=time)
    return bool(issue)


def _status(concept: Any) -> str:
    """The code of a status, as a CodeableConcept or (older servers) as a plain text."""
    codes = [text(coding.get("code")).lower() for coding in codings(concept)]
    return next((code for code in codes if code), text(concept).lower())


def _is_active(reference: str, resource: Json, group: str, time: datetime | None, chart: Chart) -> bool:
    abated = _abatement(resource, chart)
    if isinstance(abated, datetime):
        return abated > chart.as_of
    status = _status(resource.get("clinicalStatus"))
    if abated or status in INACTIVE:
        return False
    if status not in ACTIVE:
        chart.note("clinical-status-missing", reference, group, value=status, time=time)
    return True


def _abatement(resource: Json, chart: Chart) -> datetime | bool:
    """When it ended; True where it ended at a time that is not given."""
    ended = resource.get("abatementDateTime")
    period = resource.get("abatementPeriod")
    if ended is None and isinstance(period, dict):
        ended = period.get("end")
        if ended is None:
            span = read_period(period, chart.zone)
            return isinstance(span, Span) and span.start.time <= chart.as_of
    if ended is not None:
        moment = read_time(ended, chart.zone)
        return moment.time if isinstance(moment, Moment) else True
    return resource.get("abatementBoolean") is True or any(key in resource for key in ABATED_SOMETIME)
