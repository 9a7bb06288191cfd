"""The lanes of the plot, one time axis for all: what was charted, with the limits of the tables.

An item has its time ``t`` (seconds since 1970), ``text`` and ``ref``, the resource that it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cds_service.cards.document import without_empty
from cds_service.cards.formats import amount, plain
from cds_service.cards.formats import unit as unit_in_words
from cds_service.cards.wording import companion as wording
from cds_service.cards.wording.grading import concept
from cds_service.crs.evidence import Assessment
from cds_service.crs.fever import last_given, masking_doses
from cds_service.crs.guideline import Guideline
from cds_service.crs.pressure import threshold
from cds_service.smart.grade_lanes import dose_lane, grade_lane
from cds_service.smart.support_lanes import oxygen_lane, vasopressor_lane
from cds_service.smart.times import seconds
from fhir_mappings.facts import Concept, PatientFacts, Reading

Json = dict[str, Any]
FURTHEST = timedelta(days=14)
"""How far back the plot goes; an episode of CRS is shorter."""
BEFORE_ONSET, WITHOUT_ONSET, MARGIN = timedelta(hours=18), timedelta(days=3), timedelta(minutes=45)
"""What is shown first, of all that can be shown."""
DECIMALS = {"Cel": 1}


class Shown(NamedTuple):
    """What the lanes are drawn from."""

    facts: PatientFacts
    assessment: Assessment
    guideline: Guideline

    @property
    def since(self) -> datetime:
        return self.assessment.as_of - FURTHEST


def lanes(shown: Shown) -> list[Json]:
    """All lanes, from the grade down; one without items stays, so that its absence is seen."""
    facts, assessment, guideline, since = shown.facts, shown.assessment, shown.guideline, shown.since
    return [
        grade_lane(assessment),
        dose_lane(facts, assessment.as_of, since),
        _temperature(shown),
        _pressure(shown),
        vasopressor_lane(facts, guideline, assessment.as_of, since),
        oxygen_lane(facts, guideline, assessment.as_of, since),
        _line(shown, "spo2", [Concept.SPO2], [("spo2", "low-spo2")]),
        _line(shown, "crp", [Concept.CRP]),
        _line(shown, "ferritin", [Concept.FERRITIN]),
    ]


def window(shown: Shown, drawn: Sequence[Json]) -> Json:
    """The whole axis, and what of it is shown first."""
    as_of, onset = shown.assessment.as_of, shown.assessment.onset
    times = [item["t"] for lane in drawn for item in (*lane["items"], *lane.get("marks", ()))]
    ends = [mark["t"] for lane in drawn for mark in lane.get("marks", ())]
    end = max([seconds(as_of), *ends]) + seconds_of(MARGIN)
    first = min([*times, seconds(as_of - timedelta(hours=12))])
    begin = onset - BEFORE_ONSET if onset else as_of - WITHOUT_ONSET
    whole = max(first - seconds_of(MARGIN), seconds(shown.since))
    return {"whole": [whole, end], "first": [max(seconds(begin), whole), end], "now": seconds(as_of)}


def _temperature(shown: Shown) -> Json:
    lane = _line(shown, "temperature", [Concept.TEMPERATURE], [("fever", "fever")])
    return lane | {"spans": _masked(shown), "spansTitle": wording.MASKED}


def _masked(shown: Shown) -> list[Json]:
    """For each masking drug given: until when it may hide a fever (GR-6)."""
    lasting, as_of = shown.guideline.windows["masking"], shown.assessment.as_of
    return [
        {
            "t": seconds(dose.start),
            "until": seconds(last_given(dose, as_of) + lasting),
            "text": f"{concept(dose.drug)}: {wording.MASKED}",
            "ref": dose.reference,
        }
        for dose in masking_doses(shown.facts, shown.guideline, as_of)
        if dose.start >= shown.since
    ]


def _pressure(shown: Shown) -> Json:
    lane = _line(shown, "pressure", [Concept.SYSTOLIC, Concept.MEAN_PRESSURE])
    day = shown.assessment.as_of.date()
    limits = sorted(set(threshold(shown.guideline, shown.facts.birth_date, day)))
    said = [{"y": str(value), "text": wording.limit("pressure", value, "mm[Hg]")} for value in limits]
    return lane | {"limits": said}


def _line(
    shown: Shown, name: str, concepts: Sequence[Concept], limits: Sequence[tuple[str, str]] = ()
) -> Json:
    readings = [list(_recent(shown, concept)) for concept in concepts]
    unit = next((r.unit for found in readings for r in found), "")
    thresholds = shown.guideline.thresholds
    lines = [
        {"y": str(thresholds[key]), "text": wording.limit(word, thresholds[key], UNITS[key])}
        for word, key in limits
    ]
    several = len(concepts) > 1
    return without_empty(
        {
            "id": name,
            "kind": "line",
            "title": wording.LANES[name],
            "unit": plain(unit_in_words(unit)),
            "series": [wording.SERIES[c] for c, found in zip(concepts, readings, strict=True) if found]
            if several
            else None,
            "limits": lines,
        }
    ) | {"items": [_point(r, several) for found in readings for r in found]}


UNITS = {"fever": "Cel", "low-spo2": "%"}


def _recent(shown: Shown, concept: Concept) -> Iterator[Reading]:
    end = shown.assessment.as_of
    return (r for r in shown.facts.readings.get(concept, ()) if shown.since <= r.time <= end)


def _point(reading: Reading, several: bool) -> Json:
    shown = plain(amount(reading.value, reading.unit))
    item = {
        "t": seconds(reading.time),
        "y": str(reading.value),
        "text": f"{wording.SERIES[reading.concept]} {shown}" if several else shown,
        "ref": reading.reference,
    }
    return item | {"series": wording.SERIES[reading.concept]} if several else item


def seconds_of(span: timedelta) -> int:
    return int(span.total_seconds())
