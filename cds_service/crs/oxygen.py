"""What oxygen and ventilation a patient is on: one timeline of states.

Device, mode and flow are charted as separate items. Items of one time stamp make one state;
a flow or FiO2 alone continues the device before it; the newest state holds until another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from cds_service.crs.guideline import WITHOUT_STATE, Guideline, OxygenBand
from fhir_mappings.facts import OxygenDevice, OxygenSupport

ROOM_AIR_FIO2 = Decimal("0.21")
"""The fraction of oxygen in air."""

FOREVER = datetime.max.replace(tzinfo=UTC)
"""The end of a period that is still open."""

UNSETTLING = (OxygenDevice.STANDBY, OxygenDevice.NOT_UNDERSTOOD)
WITH_AIRWAY = frozenset(
    {OxygenDevice.VENTILATOR, OxygenDevice.CPAP, OxygenDevice.BIPAP, OxygenDevice.NONINVASIVE_VENTILATION,
     OxygenDevice.TRACHEOSTOMY_MASK, OxygenDevice.AEROSOL_MASK}
)  # fmt: skip
"""What a tube newly charted goes on with; a cannula it replaces."""


class State(NamedTuple):
    """Oxygen support from ``time`` on. ``device`` None: a flow of unknown device.

    ``settled`` is False where the items carry no state (standby, a tube alone, an ended period);
    ``partial`` marks a device beside one that was not understood. ``until`` is the end of a period:
    so long it does not go stale. ``flow_time`` is when the flow was charted.
    """

    time: datetime
    device: OxygenDevice | None
    flow: Decimal | None
    fio2: Decimal | None
    items: tuple[OxygenSupport, ...]
    flow_time: datetime | None = None
    settled: bool = True
    partial: bool = False
    until: datetime | None = None
    reasons: frozenset[str] = frozenset()

    @property
    def invasive(self) -> bool:
        """Named by a ventilator's mode, not by a mask or cannula."""
        return any(i.mode for i in self.items if i.device is self.device)

    def holds(self, time: datetime, window: timedelta) -> bool:
        """Not stale: recent, or a period that has not ended."""
        return time <= self.time + window or (self.until is not None and time < self.until)

    def flow_at(self, time: datetime, window: timedelta) -> Decimal | None:
        """The flow, where it is not stale; an open period does not keep a flow fresh."""
        return self.flow if self.flow_time is not None and time <= self.flow_time + window else None


def bands_for(guideline: Guideline, device: OxygenDevice | None, flow: Decimal | None) -> list[OxygenBand]:
    """The bands that a device and flow fall into; all of the device when the flow is not known."""
    bands = guideline.oxygen[device]
    if flow is None:
        return list(bands)
    return [b for b in bands if (b.above is None or flow > b.above) and (b.up_to is None or flow <= b.up_to)]


def interval(bands: Iterable[OxygenBand]) -> tuple[int, int]:
    found = list(bands)
    return min(b.grade for b in found), max(b.grade_up_to for b in found)


def oxygen_states(items: Sequence[OxygenSupport], guideline: Guideline, end: datetime) -> list[State]:
    """The timeline of states up to ``end``, from items sorted by time (GR-2, GR-3, GR-4)."""
    states: list[State] = []
    closing: list[tuple[datetime, OxygenSupport]] = []
    for time, group in groupby((i for i in items if i.time <= end), key=lambda i: i.time):
        _close(states, closing, time)
        together = tuple(group)
        states.append(_state(time, together, states[-1] if states else None, guideline))
        closing += [(i.end, i) for i in together if i.end is not None]
    _close(states, closing, end)
    return states


def _close(states: list[State], closing: list[tuple[datetime, OxygenSupport]], until: datetime) -> None:
    """A closed period ends its state, if nothing newer was charted before its end."""
    due = sorted((c for c in closing if c[0] <= until), key=lambda c: c[0])
    for end, item in due:
        closing.remove((end, item))
        if states and item in states[-1].items and end > item.time:
            states.append(State(end, item.device, None, None, (item,), settled=False))


def _state(
    time: datetime, items: tuple[OxygenSupport, ...], before: State | None, guideline: Guideline
) -> State:
    alive = before if _goes_on(before, time, guideline) else None
    devices = [i for i in items if i.device is not None and i.device not in WITHOUT_STATE]
    flow = max((i.flow for i in items if i.flow is not None), default=None)
    fio2 = max((i.fio2 for i in items if i.fio2 is not None), default=None)
    unsettling = next((i for i in items if i.device in UNSETTLING), None)
    foreign = any(i.device is OxygenDevice.NOT_UNDERSTOOD for i in items)
    if devices or (foreign and flow):
        device, used = _worst(devices, flow, guideline) if devices else (None, flow)
        state = State(time, device, used, fio2, items, time, partial=foreign, until=_until(devices))
    elif unsettling is not None:
        return State(time, unsettling.device, None, fio2, items, settled=False)
    elif any(i.device is OxygenDevice.AIRWAY for i in items):
        if alive is None or alive.device not in WITH_AIRWAY:
            return State(time, OxygenDevice.AIRWAY, flow, fio2, items, settled=False)
        state = alive._replace(time=time, fio2=fio2 or alive.fio2, items=(*items, *_device_items(alive)))
    else:
        state = _continued(time, items, flow, fio2, alive, guideline)
    return state._replace(reasons=_reasons(state, alive))


def _goes_on(before: State | None, time: datetime, guideline: Guideline) -> bool:
    """Whether the state before still holds at ``time``."""
    return before is not None and before.settled and before.holds(time, guideline.windows["oxygen"])


def _until(items: Sequence[OxygenSupport]) -> datetime | None:
    """The end of the longest period among items; a closed one may end after the time that is judged."""
    ends = [FOREVER for i in items if i.ongoing] + [i.end for i in items if i.end is not None]
    return max(ends, default=None)


def _worst(
    items: Sequence[OxygenSupport], shared_flow: Decimal | None, guideline: Guideline
) -> tuple[OxygenDevice | None, Decimal | None]:
    """Of devices charted at one time the worse wins; an item's own flow belongs to its device."""
    candidates = [_effective(i.device, i.flow if i.flow is not None else shared_flow) for i in items]
    return max(
        candidates,
        key=lambda c: (*reversed(interval(bands_for(guideline, *c))), c[1] or Decimal(0), str(c[0])),
    )


def _effective(
    device: OxygenDevice | None, flow: Decimal | None
) -> tuple[OxygenDevice | None, Decimal | None]:
    """Room air with a flow is a flow of unknown device; a cannula at 0 L/min gives no oxygen."""
    if device in (OxygenDevice.ROOM_AIR, OxygenDevice.OXYGEN_UNSPECIFIED) and flow:
        return None, flow
    if device is OxygenDevice.ROOM_AIR:
        return device, None
    if flow == 0 and device in (None, OxygenDevice.NASAL_CANNULA, OxygenDevice.OXYGEN_UNSPECIFIED):
        return OxygenDevice.ROOM_AIR, None
    return device, flow


def _continued(
    time: datetime,
    items: tuple[OxygenSupport, ...],
    flow: Decimal | None,
    fio2: Decimal | None,
    alive: State | None,
    guideline: Guideline,
) -> State:
    """A flow or FiO2 charted alone: the device before it goes on, if it still holds."""
    refused = flow is None and fio2 is None  # an amount was charted that could not be read
    if refused and (alive is None or alive.device in (None, OxygenDevice.ROOM_AIR)):
        return State(time, OxygenDevice.NOT_UNDERSTOOD, None, None, items, settled=False)
    flow_time = time if flow is not None else alive.flow_time if alive and not refused else None
    if flow is None and alive is not None and not refused:
        flow = alive.flow_at(time, guideline.windows["oxygen"])
    device, used = _effective(alive.device if alive else None, flow)
    if (device is None and used is None) or (device is OxygenDevice.ROOM_AIR and flow is None):
        if fio2 is not None and fio2 > ROOM_AIR_FIO2:
            device = OxygenDevice.OXYGEN_UNSPECIFIED
        elif alive is None:
            return State(time, None, None, fio2, items, settled=False)
    if alive is None or device is not alive.device:
        return State(time, device, used, fio2, items, flow_time)
    items = (*items, *_device_items(alive))
    return State(time, device, used, fio2, items, flow_time, partial=alive.partial, until=alive.until)


def _device_items(state: State) -> tuple[OxygenSupport, ...]:
    """The items that named the device, kept while later flows continue it."""
    return tuple(i for i in state.items if i.device is not None and i.device is state.device)


def _reasons(state: State, alive: State | None) -> frozenset[str]:
    """Why a patient is ventilated: as coded, or as coded at the start of the same stretch (GR-9)."""
    if state.device is not OxygenDevice.VENTILATOR:
        return frozenset()
    own = frozenset(r for i in state.items if i.device is OxygenDevice.VENTILATOR for r in i.reasons)
    if own or alive is None or alive.device is not OxygenDevice.VENTILATOR:
        return own
    return alive.reasons
