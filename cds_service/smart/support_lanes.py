"""Vasopressors as norepinephrine equivalents, and oxygen support as bands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from cds_service.cards.document import without_empty
from cds_service.cards.formats import amount, plain, unit
from cds_service.cards.wording import companion as wording
from cds_service.cards.wording.grading import DEVICES, evidence_value, oxygen
from cds_service.crs.equivalents import Equivalent, equivalents
from cds_service.crs.explain import of_run, of_state
from cds_service.crs.guideline import Guideline
from cds_service.crs.infusions import Run, infusions
from cds_service.crs.oxygen import State, bands_for, interval, oxygen_states
from cds_service.crs.weight import weight_at
from cds_service.smart.times import seconds
from fhir_mappings.facts import PatientFacts

Json = dict[str, Any]
UNIT = "ug/kg/min"


def vasopressor_lane(facts: PatientFacts, guideline: Guideline, as_of: datetime, since: datetime) -> Json:
    """The sum at each change of a rate; where a part is lacking there is none, and it says why."""
    flows = infusions(facts, guideline, as_of)
    doubtful = {run.drug for run in flows.uncertain}
    every = (*flows.uncertain, *(run for run in flows.runs if run.drug not in doubtful))
    runs = [run for run in every if run.end is None or run.end > since]
    steps = equivalents(runs, weight_at(facts, guideline, as_of), guideline, since, as_of) if runs else []
    ends = [*(time for time, _ in steps), as_of][1:]
    items = [
        _sum(time, until, found, [run for run in runs if _holds(run, time)])
        for (time, found), until in zip(steps, ends, strict=True)
        if until > time
    ]
    return {
        "id": "vasopressors",
        "kind": "area",
        "title": wording.LANES["vasopressors"],
        "unit": plain(unit(UNIT)),
        "items": [item for item in items if item["text"]],
    }


def _holds(run: Run, time: datetime) -> bool:
    return run.start <= time and (run.end is None or time < run.end)


def _sum(time: datetime, until: datetime, found: Equivalent, running: Sequence[Run]) -> Json:
    evidence = [of_run(run, time) for run in running]
    drugs = " + ".join(plain(evidence_value(item)) for item in evidence)
    if found.value is None:
        why = "; ".join(wording.lacking(drug, reason) for drug, reason in found.lacking)
        total = wording.NO_SUM.format(why=why)
    else:
        total = plain(amount(found.value, UNIT))
    return without_empty(
        {
            "t": seconds(time),
            "until": seconds(until),
            "y": str(found.value) if found.value is not None else None,
        }
    ) | {"text": f"{total} ({drugs})" if running else "", "ref": ", ".join(i.reference for i in evidence)}


def oxygen_lane(facts: PatientFacts, guideline: Guideline, as_of: datetime, since: datetime) -> Json:
    """Each state as long as it holds; a gap is a time for which nothing is known."""
    return {
        "id": "oxygen",
        "kind": "bands",
        "title": wording.LANES["oxygen"],
        "note": wording.OXYGEN_KEY,
        "items": list(_bands(facts, guideline, as_of, since)),
    }


def _bands(facts: PatientFacts, guideline: Guideline, as_of: datetime, since: datetime) -> Iterator[Json]:
    states = oxygen_states(facts.oxygen, guideline, as_of)
    window = guideline.windows["oxygen"]
    ends = [*(state.time for state in states), as_of][1:]
    for state, until in zip(states, ends, strict=True):
        held = max(state.time + window, state.until or state.time)
        if until >= since and state.settled:
            yield _band(state, max(state.time, since), min(until, held), guideline)


def _band(state: State, start: datetime, until: datetime, guideline: Guideline) -> Json:
    low, high = interval(bands_for(guideline, state.device, state.flow))
    items = of_state(state)
    flow = plain(amount(state.flow, "L/min")) if state.flow is not None else ""
    fio2 = wording.fraction(state.fio2) if state.fio2 is not None else ""
    return {
        "t": seconds(start),
        "until": seconds(until),
        "low": low,
        "high": guideline.unknown.hypoxia if state.partial else high,
        "name": plain(DEVICES[str(state.device or "")]),
        "amount": ", ".join(part for part in (flow, fio2) if part),
        "text": ", ".join(part for part in (plain(oxygen(items)), fio2) if part),
        "ref": ", ".join(dict.fromkeys(item.reference for item in items)),
    }
