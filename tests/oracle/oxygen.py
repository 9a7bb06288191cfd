"""The hypoxia axis at one instant: a timeline of charted states (GR-2, GR-3, GR-4, GR-7, GR-9)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from fhir_mappings.facts import BEGINNING, Concept, OxygenDevice, OxygenSupport, PatientFacts, Source
from tests.oracle.devices import (
    CLASS,
    NO_STATE,
    NOCTURNAL,
    NONINVASIVE,
    THROUGH_A_TUBE,
    Support,
    grade_of,
    no_oxygen,
)
from tests.oracle.limits import (
    BASELINE_LOOKS_BACK,
    OXYGEN_WINDOW,
    SATURATION_WINDOW,
    TICK,
    WELL_SATURATED,
    Span,
    within,
    worst,
)

D = OxygenDevice
UNKNOWN = Span(0, 4, known=False)

Items = Sequence[OxygenSupport]


def holds(item: OxygenSupport, at: datetime) -> bool:
    """An ended period no longer holds; an open one, or one that ends later, does not go stale; else 12 h."""
    if item.end is not None:
        return item.end > at
    return item.ongoing or within(item.time, OXYGEN_WINDOW, at)


def settled(items: Items) -> list[OxygenSupport]:
    return [i for i in items if i.device is not None and i.device not in NO_STATE]


def with_flow(flow: Decimal, before: list[Support]) -> list[Support]:
    """A flow charted alone is that of the device before it; after room air the device is not known."""
    devices = [s for s in before if s.device not in {None, D.ROOM_AIR}]
    return [s._replace(flow=flow) for s in devices] or [Support(None, flow)]


def of_devices(devices: Items, flow: Decimal | None, before: list[Support]) -> list[Support]:
    """The devices of one time stamp, all competing, each with its own flow or the one beside it.

    A ventilator charted again, now without its reason, keeps the one coded before.
    """
    found = []
    for item in devices:
        mine = item.flow if item.flow is not None else flow
        why = item.reasons or frozenset().union(
            *(s.reasons for s in before if s.device is item.device is D.VENTILATOR)
        )
        breathing_oxygen = item.device is D.ROOM_AIR and mine
        device = None if breathing_oxygen else item.device
        found.append(Support(device, mine, item.mode, why, item.end))
    return found


def of_stamp(group: Items, at: datetime, before: list[Support]) -> list[Support]:
    """One time stamp: its devices; without one, what was there before, as the rest of the stamp changes it.

    A flow or an FiO2 charted alone goes with the device that held when it was charted. So does a tube,
    but only with a device that works through a tube: it replaced any other.
    """
    flow = max((i.flow for i in group if i.flow is not None), default=None)
    if settled(group):
        return of_devices([i for i in settled(group) if holds(i, at)], flow, before)
    if any(i.device is D.STANDBY for i in group):
        return []
    if any(i.device is D.AIRWAY for i in group):
        return [s for s in before if s.device in THROUGH_A_TUBE]
    if flow is not None:
        return with_flow(flow, before)
    enriched = max(i.fio2 or Decimal(0) for i in group) > Decimal("0.21")
    nothing = all(no_oxygen(s) for s in before)
    return [Support(D.OXYGEN_UNSPECIFIED)] if enriched and nothing else before


def supports(items: Items, at: datetime) -> list[Support]:
    """What holds at ``at``: the newest charted state. Empty: nothing can be said.

    What was charted about a device during its period ends with that period.
    """
    past = [i for i in items if i.time <= at]
    if not past:
        return []
    stamp = max(i.time for i in past)
    group = [i for i in past if i.time == stamp]
    earlier = [i for i in past if i.time < stamp]
    ends_something = settled(group) or any(i.device is D.STANDBY for i in group)
    if not ends_something and not any(holds(i, at) for i in group):
        return supports(earlier, at)
    before = supports(earlier, stamp)
    lasting_on = [s for s in before if s.end is None or s.end > at]
    if before and not lasting_on and not ends_something:
        return []
    return of_stamp(group, at, lasting_on)


def lasting(items: Items, since: datetime, until: datetime) -> list[OxygenSupport]:
    """What was charted in a stretch of time, as if nothing of it went stale or (positive pressure) ended."""
    return [
        replace(
            i,
            ongoing=i.end is None or i.device in NONINVASIVE,
            end=None if i.device in NONINVASIVE else i.end,
        )
        for i in items
        if since <= i.time < until
    ]


RANK = {
    OxygenDevice.CPAP: 1,
    OxygenDevice.NOCTURNAL_CPAP: 1,
    OxygenDevice.BIPAP: 2,
    OxygenDevice.NOCTURNAL_BIPAP: 2,
    OxygenDevice.NONINVASIVE_VENTILATION: 3,
}


def covered_by_pressure(support: Support, recent: Items, therapy: datetime) -> bool:
    """GR-9: home CPAP (also nocturnal) covers positive pressure of no higher class through a mask."""
    if support.device not in NONINVASIVE or support.mode:
        return False
    worn = {i.device for i in recent if i.device in NOCTURNAL}
    worn |= {s.device for s in supports(recent, therapy - TICK) if not s.mode and s.device}
    return any(RANK[support.device] <= RANK.get(device, 0) for device in worn if device)


def covered_by_oxygen(now: Support, before: Support) -> bool | None:
    """GR-9: oxygen not above that from before the therapy; None where a flow is not known."""
    if now.device not in CLASS or before.device not in CLASS or CLASS[now.device] > CLASS[before.device]:
        return False
    return None if now.flow is None or before.flow is None else now.flow <= before.flow


def above_baseline(support: Support, facts: PatientFacts, therapy: datetime | None) -> Span:
    """GR-9: what was there before the therapy, and is not exceeded, does not count."""
    span = grade_of(support)
    if therapy is None or span == Span(0, 0):
        return span
    recent = lasting(facts.oxygen, therapy - BASELINE_LOOKS_BACK, therapy)
    if covered_by_pressure(support, recent, therapy):
        return Span(0, 0)
    before = [s for s in supports(recent, therapy - TICK) if not no_oxygen(s)]
    answers = [covered_by_oxygen(support, b) for b in before]
    if True in answers:
        return Span(0, 0)
    return span._replace(lowest=0) if None in answers else span


def room_air_assumed(facts: PatientFacts, at: datetime, anchor: datetime) -> bool:
    """SpO2 ≥ 92 % in 6 h, the search complete, and nothing charted since the therapy but room air."""
    saturation = [r for r in facts.readings.get(Concept.SPO2, ()) if within(r.time, SATURATION_WINDOW, at)]
    if not saturation or not facts.covered(Source.OXYGEN).reaches(anchor):
        return False
    newest = max(r.time for r in saturation)
    if min(r.value for r in saturation if r.time == newest) < WELL_SATURATED:
        return False
    past = [i for i in facts.oxygen if i.time <= at]
    last = supports(lasting(past, BEGINNING, at + TICK), at)
    untouched = all(i.time < anchor for i in past)
    return untouched or (bool(last) and all(no_oxygen(s) for s in last))


def oxygen_axis(facts: PatientFacts, at: datetime, anchor: datetime, therapy: datetime | None) -> Span:
    """GR-2 to GR-4 by the newest state; the worse of one time stamp wins; unknown leaves 4 open (GR-7)."""
    states = supports(facts.oxygen, at)
    if states:
        return worst([above_baseline(s, facts, therapy) for s in states])
    return Span(0, 0) if room_air_assumed(facts, at, anchor) else UNKNOWN
