"""What a clinician should know beside the grade: each remark with a stable code and its rule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from cds_service.crs.equivalents import outliers
from cds_service.crs.evidence import Note, Status
from cds_service.crs.explain import Picture
from cds_service.crs.fever import Fever
from cds_service.crs.infusions import Run
from cds_service.crs.pressure import threshold
from cds_service.crs.timeline import newest, within
from fhir_mappings.facts import Concept, DrugGroup, Method, OxygenDevice, Reading, Source, TherapyKind


def notes(picture: Picture, status: Status) -> tuple[Note, ...]:
    """All remarks, in the order in which a clinician needs them."""
    return tuple(
        note
        for part in (
            _therapy(picture),
            _fever(picture, status),
            _hypoxia(picture),
            _pressure(picture),
            _infusions(picture),
            _course(picture),
        )
        for note in part
    )


def _therapy(picture: Picture) -> Iterator[Note]:
    for exposure in picture.opened_by:
        if not exposure.certain:
            yield Note("therapy-uncertain", "GR-8", exposure.reference)


def _course(picture: Picture) -> Iterator[Note]:
    """The chart since the therapy is not all at hand: onset and peak may lie before it (GR-10)."""
    covered = picture.facts.covered(Source.VITALS)
    if not covered.reaches(picture.anchor):
        values = {"time": covered.since} if covered.since else {}
        yield Note("course-known-since" if covered.since else "course-not-known", "GR-10", values=values)


def _fever(picture: Picture, status: Status) -> Iterator[Note]:
    now, episode = picture.moment, picture.episode
    signs = max(now.pressure.lowest, now.hypoxia.lowest)
    if episode is None:
        if status is Status.NOT_GRADABLE and now.masking.recent and now.masking.last and signs:
            yield Note("fever-may-be-masked", "GR-6", now.masking.last.reference,
                       {"drug": now.masking.last.drug, "time": now.masking.last.start})  # fmt: skip
        return
    last = now.masking.last
    if episode.surely_masked and last is not None and last.start >= episode.onset and now.fever.afebrile_now:
        yield Note("fever-masked", "GR-6", last.reference, {"drug": last.drug, "time": last.start})
    if now.fever.fever is Fever.ABSENT and not episode.surely_masked and signs:
        code = "afebrile-masking-not-understood" if episode.masked else "afebrile-unmasked"
        hot = [
            r
            for r in picture.facts.readings.get(Concept.TEMPERATURE, ())
            if episode.onset <= r.time and r.value >= picture.guideline.thresholds["fever"]
        ]
        yield Note(code, "GR-6", hot[-1].reference, {"time": hot[-1].time})
    yield from _onset(picture)


def _onset(picture: Picture) -> Iterator[Note]:
    """CAR-T reactions usually begin within two weeks (GR-8)."""
    given = [e for e in picture.opened_by if e.kind is TherapyKind.CAR_T]
    if given and picture.episode is not None:
        days = (picture.episode.onset - given[0].time).days
        if picture.episode.onset - given[0].time > picture.guideline.windows["usual-onset"]:
            yield Note("onset-outside-usual-window", "GR-8", given[0].reference, {"days": days})


def _hypoxia(picture: Picture) -> Iterator[Note]:
    hypoxia = picture.moment.hypoxia
    state, spo2 = hypoxia.state, hypoxia.spo2
    if spo2 is not None and spo2.value < picture.guideline.thresholds["low-spo2"]:
        yield from _low_spo2(picture, spo2)
    if hypoxia.basis == "assumed-room-air" and spo2 is not None:
        yield Note("room-air-assumed", "GR-7", spo2.reference, {"value": spo2.value, "time": spo2.time})
    if state is None or not hypoxia.known:
        return
    reference, device = state.items[0].reference, str(state.device or "")
    if hypoxia.basis in ("baseline", "reason"):
        code = "oxygen-baseline" if hypoxia.basis == "baseline" else "ventilation-not-counted"
        yield Note(code, "GR-9", reference, {"device": device, "reasons": ", ".join(sorted(state.reasons))})
    elif state.device is OxygenDevice.VENTILATOR and not state.reasons:
        yield Note("ventilation-reason-unknown", "GR-4", reference)
    if state.device is None and hypoxia.lowest:
        yield Note("device-unknown", "GR-7", reference)
    if state.device is OxygenDevice.HIGH_FLOW_CANNULA and _low_flow(picture):
        yield Note("device-and-flow-disagree", "GR-3", reference, {"flow": state.flow or 0})


def _low_spo2(picture: Picture, spo2: Reading) -> Iterator[Note]:
    """A low saturation that the grade does not show: said by what is known of oxygen support."""
    hypoxia = picture.moment.hypoxia
    state = hypoxia.state
    values: dict[str, str | int | Decimal | datetime] = {"value": spo2.value, "time": spo2.time}
    if hypoxia.basis in ("baseline", "reason"):
        yield Note("low-spo2-not-counted", "GR-9", spo2.reference, values)
    elif not hypoxia.known and state is not None and state.device is not OxygenDevice.ROOM_AIR:
        yield Note("low-spo2-oxygen-unknown", "GR-7", spo2.reference, values)
    elif not hypoxia.known or (state is not None and state.device is OxygenDevice.ROOM_AIR):
        yield Note("low-spo2-without-oxygen", "GR-7", spo2.reference, values)


def _low_flow(picture: Picture) -> bool:
    """The flow would be low flow on a plain cannula."""
    state = picture.moment.hypoxia.state
    if state is None or state.flow is None:
        return False
    low = min(picture.guideline.oxygen[OxygenDevice.NASAL_CANNULA], key=lambda b: b.grade)
    return low.up_to is not None and state.flow <= low.up_to


def _pressure(picture: Picture) -> Iterator[Note]:
    now, guideline = picture.moment.pressure, picture.guideline
    start = picture.as_of - guideline.windows["pressure"]
    limits = threshold(guideline, picture.facts.birth_date, picture.as_of.date())
    if now.systolic is not None and limits[0] == limits[1] < guideline.pressure_bands[-1].base:
        yield Note("limit-for-age", "GR-11", now.systolic.reference, {"value": limits[0]})
    if now.basis == "baseline" and now.systolic is not None:
        yield Note("pressure-baseline", "GR-9", now.systolic.reference, {"value": now.systolic.value})
    if now.basis == "mean" and now.mean is not None and now.lowest:
        yield Note("mean-pressure-unconfirmed", "GR-2", now.mean.reference, {"value": now.mean.value})
    for arterial, cuff in picture.readings.suspect:
        if arterial.time >= start:
            yield Note("arterial-suspect", "GR-2", arterial.reference,
                       {"value": arterial.value, "cuff": cuff.value, "time": arterial.time})  # fmt: skip
    for mean in picture.readings.means_refused:
        if mean.time >= start:
            yield Note(
                "mean-pressure-refused", "GR-2", mean.reference, {"value": mean.value, "time": mean.time}
            )
    yield from _disagreement(picture)


def _disagreement(picture: Picture) -> Iterator[Note]:
    """The newest arterial reading against the cuff reading nearest to it."""
    guideline = picture.guideline
    usable = within(picture.readings.usable, picture.as_of - guideline.windows["pressure"], picture.as_of)
    arterial = newest([r for r in usable if r.method is Method.ARTERIAL], picture.as_of)
    if arterial is None:
        return
    near = guideline.windows["arterial-pairing"]
    cuffs = within(
        [r for r in usable if r.method is not Method.ARTERIAL], arterial.time - near, arterial.time + near
    )
    cuff = min(cuffs, key=lambda c: (abs(c.time - arterial.time), c.value), default=None)
    if cuff and abs(cuff.value - arterial.value) > guideline.thresholds["pressure-disagreement"]:
        yield Note("pressures-disagree", "GR-2", arterial.reference,
                   {"arterial": arterial.value, "cuff": cuff.value, "time": arterial.time})  # fmt: skip


def _infusions(picture: Picture) -> Iterator[Note]:
    running = picture.moment.pressure.running
    if running and not any(run.counted for run in running):
        yield Note("vasopressin-alone", "GR-3", running[0].segments[-1].reference)
    recent = picture.guideline.windows["recently-stopped"]
    on_now = {run.drug for run in running}
    for run in picture.infusions.runs:
        stopped = run.end is not None and run.end <= picture.as_of <= run.end + recent
        if stopped and run.end is not None and run.drug not in on_now:
            yield Note("vasopressor-stopped", "GR-3", run.segments[-1].reference,
                       {"drug": run.drug, "time": run.end})  # fmt: skip
    for dose in picture.infusions.boluses:
        if picture.as_of - dose.start <= recent:
            yield Note("vasopressor-bolus", "GR-3", dose.reference, {"drug": dose.drug, "time": dose.start})
    for dose in picture.infusions.without_end:
        if picture.as_of - dose.start <= picture.guideline.windows["fever"]:
            yield Note(
                "infusion-without-end", "GR-3", dose.reference, {"drug": dose.drug, "time": dose.start}
            )
    yield from (note for run in running for note in _outliers(run, picture))
    yield from _inotropes(picture)


def _outliers(run: Run, picture: Picture) -> Iterator[Note]:
    """A rate far above both neighbours is likely a slip; the drug runs all the same."""
    for segment in outliers(run, picture.guideline):
        if segment.rate is not None:
            values: dict[str, str | int | Decimal | datetime] = {
                "drug": run.drug,
                "value": segment.rate.value,
            }
            yield Note("rate-outlier", "GR-3", segment.reference, values)


def _inotropes(picture: Picture) -> Iterator[Note]:
    for dose in picture.facts.administrations:
        running = dose.ongoing or (dose.end is not None and dose.end > picture.as_of)
        if DrugGroup.INOTROPE in dose.groups and running and dose.status != "on-hold":
            yield Note("inotrope-running", "GR-3", dose.reference, {"drug": dose.drug})
