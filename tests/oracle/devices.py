"""What one state of oxygen or ventilation is worth (GR-2, GR-3, GR-4)."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from fhir_mappings.facts import OxygenDevice
from tests.oracle.limits import LOW_FLOW, Span

D = OxygenDevice
MASKS = {
    D.FACE_MASK,
    D.PARTIAL_REBREATHER,
    D.NON_REBREATHER,
    D.VENTURI_MASK,
    D.AEROSOL_MASK,
    D.FACE_TENT,
    D.TRACHEOSTOMY_MASK,
}
NOCTURNAL = {D.NOCTURNAL_CPAP, D.NOCTURNAL_BIPAP}
NONINVASIVE = {D.CPAP, D.BIPAP, D.NONINVASIVE_VENTILATION, *NOCTURNAL}
CLASS: dict[OxygenDevice | None, int] = {
    D.NASAL_CANNULA: 1,
    D.BLOW_BY: 1,
    D.HIGH_FLOW_CANNULA: 2,
    **dict.fromkeys(MASKS, 2),
}
NO_STATE = {D.AIRWAY, D.STANDBY}
THROUGH_A_TUBE = {
    D.VENTILATOR,
    D.CPAP,
    D.BIPAP,
    D.NONINVASIVE_VENTILATION,
    D.TRACHEOSTOMY_MASK,
    D.AEROSOL_MASK,
}
OTHER_REASON = {"airway-protection", "seizure"}


class Support(NamedTuple):
    """What the patient was on: a device (None: not said) with the flow that belongs to it."""

    device: OxygenDevice | None
    flow: Decimal | None = None
    mode: bool = False
    reasons: frozenset[str] = frozenset()
    end: datetime | None = None


def no_oxygen(support: Support) -> bool:
    """Room air, or a cannula or an unnamed device at flow 0."""
    may_be_off = {D.NASAL_CANNULA, D.OXYGEN_UNSPECIFIED, None}
    return support.device is D.ROOM_AIR or (support.flow == 0 and support.device in may_be_off)


def by_flow(flow: Decimal) -> Span:
    """GR-2: at most 6 L/min is low flow; GR-3: more is high flow."""
    return Span(2, 2) if flow <= LOW_FLOW else Span(3, 3)


def excused(support: Support) -> bool:
    """GR-9: ventilated, and every coded reason is another one than hypoxia."""
    return support.device is D.VENTILATOR and bool(support.reasons) and support.reasons <= OTHER_REASON


def grade_of(support: Support) -> Span:
    """GR-2, GR-3, GR-4: what one state is worth."""
    device, flow = support.device, support.flow
    if no_oxygen(support) or excused(support):
        return Span(0, 0)
    if device in {D.VENTILATOR, *NONINVASIVE}:
        return Span(4, 4)
    if device in {D.HIGH_FLOW_CANNULA, *MASKS}:
        return Span(3, 3)
    if device is D.BLOW_BY:
        return Span(2, 2)
    if flow is not None:
        return by_flow(flow)
    return Span(2, 3) if device is D.NASAL_CANNULA else Span(2, 4)
