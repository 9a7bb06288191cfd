"""The same chart seen earlier, or moved in time."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from fhir_mappings.facts import Administration, OxygenSupport, PatientFacts

Item = TypeVar("Item", OxygenSupport, Administration)


def seen_at(item: Item, now: datetime) -> Item:
    """A period that ends after ``now`` is still open at ``now``."""
    if item.end is None or item.end <= now:
        return item
    return replace(item, end=None, ongoing=True)


def known_at(facts: PatientFacts, now: datetime) -> PatientFacts:
    """What a live call at ``now`` could have seen: nothing later, and no end that was still to come."""
    return replace(
        facts,
        readings={c: tuple(r for r in found if r.time <= now) for c, found in facts.readings.items()},
        oxygen=tuple(seen_at(o, now) for o in facts.oxygen if o.time <= now),
        administrations=tuple(seen_at(a, now) for a in facts.administrations if a.start <= now),
        therapies=tuple(t for t in facts.therapies if t.time <= now),
        conditions=tuple(c for c in facts.conditions if c.onset is None or c.onset <= now),
    )


def ends_later(item: Item, by: timedelta) -> Item:
    return item if item.end is None else replace(item, end=item.end + by)


def shifted(facts: PatientFacts, by: timedelta) -> PatientFacts:
    """Everything charted, moved by ``by``; the birth date stays."""
    readings = {c: tuple(r._replace(time=r.time + by) for r in found) for c, found in facts.readings.items()}
    drugs = (ends_later(a, by) for a in facts.administrations)
    return replace(
        facts,
        readings=readings,
        oxygen=tuple(replace(ends_later(o, by), time=o.time + by) for o in facts.oxygen),
        administrations=tuple(replace(a, start=a.start + by) for a in drugs),
        therapies=tuple(replace(t, time=t.time + by) for t in facts.therapies),
        conditions=tuple(replace(c, onset=c.onset and c.onset + by) for c in facts.conditions),
    )
