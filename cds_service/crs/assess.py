"""The engine's front door: facts of one patient, a guideline and an instant in; an assessment out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cds_service.crs.concepts import concerns
from cds_service.crs.episode import Episode, Moment, episodes, moments
from cds_service.crs.equivalents import equivalents
from cds_service.crs.evidence import Assessment, Delay, Exposure, PressorSupport, Response, Status
from cds_service.crs.explain import Picture, criteria, missing
from cds_service.crs.exposure import anchor, exposures, lapsed
from cds_service.crs.fever import Fever, fever_steps, masking_doses, masking_steps, temperatures
from cds_service.crs.guideline import Guideline
from cds_service.crs.hypoxia import HypoxiaAxis
from cds_service.crs.infusions import infusions
from cds_service.crs.pressure import PressureAxis
from cds_service.crs.remarks import notes
from cds_service.crs.situation import active, cells_ordered
from cds_service.crs.treatment import Treatment, advise
from cds_service.crs.weight import weight_at
from fhir_mappings.facts import Administration, ConditionGroup, DrugGroup, PatientFacts, Source

RESPONSE_GROUPS = frozenset({DrugGroup.TOCILIZUMAB, DrugGroup.ANTICYTOKINE, DrugGroup.STEROID})


def assess(facts: PatientFacts, guideline: Guideline, as_of: datetime, *, in_full: bool = True) -> Assessment:
    """Grade CRS by the guideline as of an instant (GR-1 to GR-11).

    ``facts`` hold nothing later than ``as_of``. The same input gives an equal answer. Not ``in_full``:
    status, grade, onset and exposures only, which is what an order is held against.
    """
    build = _assessment if in_full else _outline
    opened_by = exposures(facts, guideline, as_of)
    if opened_by:
        picture, found = _picture(facts, guideline, as_of, opened_by, as_of)
        return build(picture, _status(picture, found), found[-1] if found else None)
    past = lapsed(facts, guideline, as_of)
    if past is not None:
        exposure, end = past
        picture, found = _picture(facts, guideline, as_of, (exposure,), end)
        if picture.episode and picture.episode.onset <= end and not picture.moment.blind:
            return build(picture, Status.ACTIVE, picture.episode)  # begun in the window, still open
    issues = tuple(issue for issue in facts.issues if concerns(issue))
    return Assessment(Status.NOT_CONSIDERED, as_of, facts.patient_id, delay=_delay(facts), issues=issues)


def _delay(facts: PatientFacts) -> Delay | None:
    """Cells that are ordered while an infection is active (TX-17)."""
    cells, infections = cells_ordered(facts), active(facts, ConditionGroup.INFECTION)
    return Delay(cells.reference, cells.drug, infections[0].display) if cells and infections else None


def _picture(
    facts: PatientFacts,
    guideline: Guideline,
    as_of: datetime,
    opened_by: tuple[Exposure, ...],
    considered_until: datetime,
) -> tuple[Picture, list[Episode]]:
    start, has_therapy = anchor(facts, guideline, considered_until)
    flows = infusions(facts, guideline, as_of)
    pressure = PressureAxis(facts, guideline, start, has_therapy, as_of)
    hypoxia = HypoxiaAxis(facts, guideline, start, has_therapy, as_of)
    doses = masking_doses(facts, guideline, as_of)
    course = moments(
        fever_steps(facts, guideline, start, as_of),
        pressure.steps(flows),
        hypoxia.steps(),
        masking_steps(
            doses,
            guideline.windows["masking"],
            start,
            as_of,
            facts.unplaced_since(guideline.masking, start),
        ),
        as_of,
    )
    found = episodes(course, temperatures(facts, start, as_of), doses, guideline)
    current = found[-1] if found and found[-1].resolved is None else None
    picture = Picture(
        facts, guideline, as_of, opened_by, start, course[-1], flows, pressure.readings, current
    )
    return picture, found


def _status(picture: Picture, found: Sequence[Episode]) -> Status:
    now = picture.moment
    if picture.episode is not None:
        return Status.NOT_GRADABLE if now.blind else Status.ACTIVE
    if _signs(now) and _fever_may_be_hidden(picture):
        return Status.NOT_GRADABLE
    closed = found[-1].resolved if found else None
    if closed is not None and picture.as_of - closed <= picture.guideline.windows["resolved"]:
        return Status.RESOLVED
    return Status.NOT_GRADABLE if now.fever.fever is Fever.UNKNOWN else Status.NO_EPISODE


def _signs(now: Moment) -> bool:
    return max(now.pressure.lowest, now.hypoxia.lowest) >= 2


def _fever_may_be_hidden(picture: Picture) -> bool:
    """By a masking drug (GR-6), or because the chart since the therapy is not all at hand (GR-7)."""
    whole = all(picture.facts.covered(s).reaches(picture.anchor) for s in (Source.VITALS, Source.MEDICATIONS))
    return picture.moment.masking.perhaps or not whole


def _shown(picture: Picture, status: Status, episode: Episode | None) -> Episode | None:
    return episode if status in (Status.ACTIVE, Status.RESOLVED) or picture.episode else None


def _outline(picture: Picture, status: Status, episode: Episode | None) -> Assessment:
    as_of, shown = picture.as_of, _shown(picture, status, episode)
    return Assessment(
        status=status,
        as_of=as_of,
        patient=picture.facts.patient_id,
        grade=shown.grade_at(as_of) if shown and status is Status.ACTIVE else None,
        exposures=picture.opened_by,
        onset=shown.onset if shown else None,
        orders_known=picture.facts.covered(Source.ORDERS).reaches(as_of),
    )


def _assessment(picture: Picture, status: Status, episode: Episode | None) -> Assessment:
    as_of, guideline, shown = picture.as_of, picture.guideline, _shown(picture, status, episode)
    current = shown.grade_at(as_of) if shown and status is Status.ACTIVE else None
    treatment = advise(picture, shown, current) if shown and current else Treatment()
    return Assessment(
        status=status,
        as_of=as_of,
        patient=picture.facts.patient_id,
        grade=current,
        exposures=picture.opened_by,
        onset=shown.onset if shown else None,
        orders_known=picture.facts.covered(Source.ORDERS).reaches(as_of),
        criteria=criteria(picture) if status in (Status.ACTIVE, Status.NOT_GRADABLE) else (),
        missing=missing(picture),
        notes=notes(picture, status),
        grade_since=shown.floor_since() if shown and current else None,
        peak=shown.peak() if shown else None,
        worst_24h=shown.worst_since(as_of - guideline.windows["fever"]) if shown else None,
        resolved=shown.resolved if shown else None,
        course=tuple(shown.changes) if shown else (),
        responses=_responses(picture, shown) if shown else (),
        pressors=_pressors(picture, shown) if shown else (),
        tocilizumab=treatment.ledger,
        recommendations=treatment.advice,
        is_adult=treatment.is_adult,
        delay=_delay(picture.facts),
        options=guideline.regimen.unusual,
        issues=tuple(issue for issue in picture.facts.issues if concerns(issue)),
    )


def _pressors(picture: Picture, episode: Episode) -> tuple[PressorSupport, ...]:
    end = episode.resolved or picture.as_of
    flows = picture.infusions
    doubtful = {run.drug for run in flows.uncertain}
    every = (*flows.uncertain, *(run for run in flows.runs if run.drug not in doubtful))
    runs = [run for run in every if run.end is None or run.end > episode.onset]
    weight = weight_at(picture.facts, picture.guideline, end)
    steps = equivalents(runs, weight, picture.guideline, episode.onset, end) if runs else []
    return tuple(PressorSupport(time, sum_.value, sum_.lacking) for time, sum_ in steps)


def _responses(picture: Picture, episode: Episode) -> tuple[Response, ...]:
    """The lower end of the grade at each immunosuppressive dose, and now (GR-10)."""
    end = episode.resolved or picture.as_of
    after = episode.grade_at(end)
    return tuple(
        _response(dose, episode, after.lowest if after else None)
        for dose in picture.facts.administrations
        if dose.groups & RESPONSE_GROUPS
        and episode.onset <= dose.start <= end
        and dose.certain
        and dose.status != "on-hold"
    )


def _response(dose: Administration, episode: Episode, after: int | None) -> Response:
    before = episode.grade_at(dose.start)
    return Response(
        drug=dose.drug,
        reference=dose.reference,
        time=dose.start,
        dose=str(dose.dose.value) if dose.dose else "",
        unit=dose.dose.unit if dose.dose else "",
        before=before.lowest if before else None,
        after=after,
    )
