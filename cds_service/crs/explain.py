"""Why the grade is what it is: criteria with evidence, what is missing, and what to know beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cds_service.crs.episode import Episode, Moment
from cds_service.crs.evidence import Axis, Criterion, Evidence, Exposure, Missing
from cds_service.crs.fever import Fever
from cds_service.crs.guideline import Guideline
from cds_service.crs.infusions import Infusions, Run
from cds_service.crs.oxygen import State, bands_for
from cds_service.crs.pressure import Pressure, Readings, vasopressors_known
from cds_service.crs.timeline import newest
from fhir_mappings.facts import (
    Administration,
    Concept,
    Known,
    KnownAbsent,
    OxygenSupport,
    PatientFacts,
    Reading,
    Source,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that was worked out for one patient at one instant."""

    facts: PatientFacts
    guideline: Guideline
    as_of: datetime
    opened_by: tuple[Exposure, ...]
    anchor: datetime
    moment: Moment
    infusions: Infusions
    readings: Readings
    episode: Episode | None


def of_reading(reading: Reading, label: str = "") -> Evidence:
    """``label`` says which of several readings it is."""
    return Evidence(reading.reference, reading.concept, reading.time, str(reading.value), reading.unit, label)


def of_dose(dose: Administration) -> Evidence:
    value, unit = (str(dose.dose.value), dose.dose.unit) if dose.dose else ("", "")
    return Evidence(dose.reference, dose.drug, dose.start, value, unit)


def of_run(run: Run, time: datetime) -> Evidence:
    segment = run.segment_at(time)
    value, unit = (str(segment.rate.value), segment.rate.unit) if segment.rate else ("", "")
    return Evidence(segment.reference, run.drug, segment.start, value, unit, since=run.start)


def of_oxygen(item: OxygenSupport) -> Evidence:
    concept = str(item.device) if item.device else "oxygen-flow" if item.flow is not None else "fio2"
    if item.flow is not None:
        return Evidence(item.reference, concept, item.time, str(item.flow), "L/min")
    if item.fio2 is not None:
        return Evidence(item.reference, concept, item.time, str(item.fio2), "1")
    return Evidence(item.reference, concept, item.time)


def of_state(state: State) -> tuple[Evidence, ...]:
    """What names the state first, then its flow and FiO2, then what else was charted with it.

    An amount that could not be read tells nothing here: it is said as an issue.
    """
    telling = [i for i in state.items if i.device or i.flow is not None or i.fio2 is not None]
    ranked = sorted(telling, key=lambda i: (i.device is not state.device, i.device is not None))
    return tuple(of_oxygen(item) for item in ranked)


def criteria(picture: Picture) -> tuple[Criterion, ...]:
    """What grades now, axis by axis; nothing where no episode is open and nothing is to be weighed."""
    return tuple(_criteria(picture))


def _criteria(picture: Picture) -> Iterator[Criterion]:
    now = picture.moment
    if now.fever.reading is not None:
        yield Criterion("GR-1", Axis.FEVER, 1, (of_reading(now.fever.reading),))
    elif picture.episode and picture.episode.surely_masked and now.masking.recent and now.masking.last:
        shown = (of_reading(now.fever.newest, "newest"),) if now.fever.newest else ()
        yield Criterion("GR-6", Axis.FEVER, 1, (of_dose(now.masking.last), *shown))
    if now.pressure.lowest > 0:
        yield _hypotension(picture, now.pressure)
    if now.hypoxia.lowest > 0 and now.hypoxia.state is not None:
        bands = bands_for(picture.guideline, now.hypoxia.state.device, now.hypoxia.state.flow)
        low = min(bands, key=lambda b: b.grade)
        highest = now.hypoxia.highest if now.hypoxia.highest > now.hypoxia.lowest else None
        evidence = of_state(now.hypoxia.state)
        yield Criterion(
            f"GR-{now.hypoxia.lowest}", Axis.HYPOXIA, now.hypoxia.lowest, evidence, low.site_policy, highest
        )


def _hypotension(picture: Picture, pressure: Pressure) -> Criterion:
    beside = newest(picture.readings.usable, picture.as_of) if pressure.systolic else None
    low = (pressure.systolic, "lowest" if beside != pressure.systolic else "")
    shown = (low, (beside if beside != pressure.systolic else None, "newest"), (pressure.mean, "lowest"))
    readings = tuple(of_reading(reading, label) for reading, label in shown if reading is not None)
    runs = tuple(of_run(run, picture.as_of) for run in pressure.running)
    policy = pressure.basis == "mean" or (bool(runs) and not any(r.counted for r in pressure.running))
    return Criterion(f"GR-{pressure.lowest}", Axis.HYPOTENSION, pressure.lowest, runs + readings, policy)


def missing(picture: Picture) -> tuple[Missing, ...]:
    """What is not known and how high it could lift the grade (GR-7)."""
    return tuple(_missing(picture))


def _missing(picture: Picture) -> Iterator[Missing]:
    now, unknown = picture.moment, picture.guideline.unknown
    if now.fever.fever is Fever.UNKNOWN:
        signs = max(now.pressure.highest, now.hypoxia.highest)
        could_be = unknown.fever if picture.episode else max(unknown.fever, signs)
        yield _axis_missing(picture, Axis.FEVER, Concept.TEMPERATURE, could_be)
    yield from _pressure_missing(picture)
    hypoxia = now.hypoxia
    if not hypoxia.known:
        seen = hypoxia.state.time if hypoxia.state else None
        yield Missing(Axis.HYPOXIA, hypoxia.basis, seen, hypoxia.highest)
    elif hypoxia.highest > hypoxia.lowest and hypoxia.state is not None:
        reason = "flow-not-charted" if hypoxia.state.flow is None else "device-not-specified"
        yield Missing(Axis.HYPOXIA, reason, hypoxia.state.time, hypoxia.highest)


def _pressure_missing(picture: Picture) -> Iterator[Missing]:
    pressure, unknown = picture.moment.pressure, picture.guideline.unknown
    grade = picture.guideline.hypotension_grade
    if not vasopressors_known(picture.facts, picture.anchor):
        yield Missing(Axis.HYPOTENSION, "medications-not-available", None, unknown.pressure)
    for run in pressure.uncertain:
        yield Missing(
            Axis.HYPOTENSION, "vasopressor-not-understood", run.segments[-1].start, unknown.pressure
        )
    if not pressure.known:
        yield _axis_missing(picture, Axis.HYPOTENSION, Concept.SYSTOLIC, grade)
    elif pressure.unread and not pressure.running:
        yield Missing(Axis.HYPOTENSION, "not-usable", pressure.unread, grade)
    elif pressure.age_decides and not pressure.running:
        yield Missing(Axis.HYPOTENSION, "age-unknown", None, grade)
    elif pressure.basis == "mean" and pressure.highest > pressure.lowest and not pressure.running:
        seen = pressure.mean.time if pressure.mean else None
        yield Missing(Axis.HYPOTENSION, "systolic-not-charted", seen, grade)


def _axis_missing(picture: Picture, axis: Axis, concept: Concept, could_be: int) -> Missing:
    found = picture.facts.newest(concept, Source.VITALS, picture.anchor, picture.as_of)
    last = found.value if isinstance(found, Known) else None
    refused = [i for i in picture.facts.issues if i.left_out and i.concept == concept]
    times = [i.time for i in refused if i.time is not None]
    if (refused and last is None) or (times and last is not None and max(times) > last.time):
        return Missing(axis, "not-usable", max(times, default=None), could_be)
    if last is not None:
        return Missing(axis, "stale", last.time, could_be)
    return Missing(axis, "not-charted" if isinstance(found, KnownAbsent) else "not-available", None, could_be)
