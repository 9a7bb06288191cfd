"""From when on doses count towards the limit of an episode (DL-5)."""

from __future__ import annotations

from datetime import datetime

from cds_service.crs.exposure import last_given
from cds_service.crs.guideline import Guideline
from fhir_mappings.facts import PatientFacts, Therapy, TherapyKind


def counted_since(
    facts: PatientFacts, guideline: Guideline, as_of: datetime, onset: datetime | None
) -> datetime:
    """The newest immune therapy that surely was given, and no later than the onset of an open episode.

    Where only a diagnosis is on record, as far back as the course is read.
    """
    given = [
        t
        for t in facts.therapies
        if t.certain and t.time <= as_of <= last_given(t, as_of) + guideline.windows[t.kind]
    ]
    start = _begun(given, guideline, as_of) if given else as_of - guideline.windows["diagnosis"]
    return min(start, onset) if onset is not None else start


def _begun(given: list[Therapy], guideline: Guideline, as_of: datetime) -> datetime:
    """The start of the newest therapy; an engager that follows on itself, bag by bag, is one infusion."""
    newest = given[-1]
    for before in reversed(given[:-1]):
        same = before.product == newest.product and before.kind is TherapyKind.T_CELL_ENGAGER
        if not same or newest.time - last_given(before, as_of) > guideline.windows["same-infusion"]:
            break
        newest = before
    return newest.time
