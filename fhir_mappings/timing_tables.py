"""Reader of timing.toml: how often an ordered drug is due."""

from __future__ import annotations

from datetime import timedelta

from fhir_mappings.draft import Draft
from fhir_mappings.meanings import Schedule, TableRow
from fhir_mappings.observation_tables import unit_of
from fhir_mappings.toml_entry import Entry, closed
from fhir_mappings.units import convert


def read_schedule(draft: Draft, entry: Entry) -> None:
    """How often, by codes and by exact texts."""
    name = entry.text("id")
    known = draft.schedules.get(name)
    draft.site_adds_only(entry, known is not None, "timing")
    schedule = _schedule(draft, entry) if known is None else known
    draft.schedules[name] = schedule
    row = TableRow("timing", name, name.replace("-", " "), range=_shown(schedule))
    for code in closed(entry.entries("codes")):
        draft.bind_code(code, name, schedule, row)
    draft.bind_texts(entry, "texts", draft.timing_names, name, schedule, "timing")


def _schedule(draft: Draft, entry: Entry) -> Schedule:
    once, continuous, as_needed = entry.flag("once"), entry.flag("continuous"), entry.flag("as_needed")
    interval = _every(draft, entry)
    if (interval is not None) + once + continuous > 1 or not (interval or once or continuous or as_needed):
        raise entry.error("every", "needs one of every, once and continuous, or as_needed")
    return Schedule(interval, once, as_needed)


def _shown(schedule: Schedule) -> str:
    """For people: ``every 6 h, as needed``."""
    hours = schedule.interval // timedelta(hours=1) if schedule.interval is not None else 0
    parts = (f"every {hours} h" if hours else "", "once" if schedule.once else "")
    return ", ".join(filter(None, (*parts, "as needed" if schedule.as_needed else "")))


def _every(draft: Draft, entry: Entry) -> timedelta | None:
    inner = entry.entry("every")
    if inner is None:
        return None
    unit, value = unit_of(draft, inner, "unit"), inner.number("value")
    if unit.dimension != "duration" or value <= 0:
        raise inner.error("unit", "must be an amount of time above zero")
    inner.close()
    return timedelta(seconds=int(convert(value, unit, draft.unit_codes["s"])))
