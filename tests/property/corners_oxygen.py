"""Corners of oxygen, ventilation and what was there before the therapy."""

from fhir_mappings.facts import OxygenDevice, Source
from tests.builders import ADULT, crs_diagnosis, oxygen, saturation
from tests.property.corners import FEVER, NORMAL, Corner, stable

D = OxygenDevice

OXYGEN = [
    Corner("12 h exactly hold", stable(oxygen(D.FACE_MASK, -12)), (3, 3)),
    Corner("longer does not", stable(oxygen(D.FACE_MASK, -12 - 1 / 60)), (1, 4)),
    Corner("extubated", stable(oxygen(D.VENTILATOR, -2), oxygen(D.ROOM_AIR, -1)), (1, 1)),
    Corner(
        "a mode older than a mask",
        stable(oxygen(D.VENTILATOR, -2, mode=True), oxygen(D.FACE_MASK, -1)),
        (3, 3),
    ),
    Corner(
        "a mode where the device is stale",
        stable(oxygen(D.FACE_MASK, -13), oxygen(D.VENTILATOR, -1, mode=True)),
        (4, 4),
    ),
    Corner(
        "two at one time: the worse",
        stable(oxygen(D.NASAL_CANNULA, 0, flow=2), oxygen(D.FACE_MASK, 0)),
        (3, 3),
    ),
    Corner("connected, not running", stable(oxygen(D.CPAP, -2), oxygen(D.STANDBY, -1)), (1, 4)),
    Corner("a flow alone, 6", stable(oxygen(None, 0, flow=6)), (2, 2)),
    Corner("a flow alone, 6.5", stable(oxygen(None, 0, flow="6.5")), (3, 3)),
    Corner("a flow after a mask", stable(oxygen(D.FACE_MASK, -2), oxygen(None, 0, flow=2)), (3, 3)),
    Corner("a flow after room air", stable(oxygen(D.ROOM_AIR, -2), oxygen(None, 0, flow=2)), (2, 2)),
    Corner("a cannula turned off", stable(oxygen(D.NASAL_CANNULA, 0, flow=0)), (1, 1)),
    Corner("a cannula without flow", stable(oxygen(D.NASAL_CANNULA, 0)), (2, 3)),
    Corner("oxygen, no word how", stable(oxygen(D.OXYGEN_UNSPECIFIED, 0)), (2, 4)),
    Corner("an FiO2 alone", stable(oxygen(None, 0, fio2="0.4")), (2, 4)),
    Corner("an FiO2 of air says nothing", stable(oxygen(None, 0, fio2="0.21")), (1, 4)),
    Corner(
        "an FiO2 above air after room air",
        stable(oxygen(D.ROOM_AIR, -2), oxygen(None, 0, fio2="0.4")),
        (2, 4),
    ),
    Corner("high-flow cannula at 5 L/min", stable(oxygen(D.HIGH_FLOW_CANNULA, 0, flow=5)), (3, 3)),
    Corner("a tube alone", stable(oxygen(D.AIRWAY, 0)), (1, 4)),
    Corner(
        "a tube after a cannula", stable(oxygen(D.NASAL_CANNULA, -3, flow=2), oxygen(D.AIRWAY, 0)), (1, 4)
    ),
    Corner("a tube after a ventilator", stable(oxygen(D.VENTILATOR, -3), oxygen(D.AIRWAY, 0)), (4, 4)),
    Corner("an open period does not go stale", stable(oxygen(D.BIPAP, -40, ongoing=True)), (4, 4)),
    Corner("a closed one holds no longer", stable(oxygen(D.BIPAP, -5, end=-1)), (1, 4)),
    Corner("a period that ends later holds now", stable(oxygen(D.VENTILATOR, -20, end=5)), (4, 4)),
    Corner(
        "an old flow does not narrow an open cannula",
        stable(oxygen(D.NASAL_CANNULA, -30, ongoing=True), oxygen(None, -20, flow=2)),
        (2, 3),
    ),
    Corner("room air assumed", stable(saturation(92, -6)), (1, 1)),
    Corner("not from a saturation of before", stable(saturation(97, -6 - 1 / 60)), (1, 4)),
    Corner("not at 91 %", stable(saturation(91, 0)), (1, 4)),
    Corner("not after an older 95 %", stable(saturation(95, -1), saturation(91, 0)), (1, 4)),
    Corner("two probes, the lower counts", stable(saturation(91, 0), saturation(95, 0)), (1, 4)),
    Corner(
        "not after oxygen since the cells",
        stable(oxygen(D.NASAL_CANNULA, -90, flow=2), saturation(97, 0)),
        (1, 4),
    ),
    Corner("room air charted long ago", stable(oxygen(D.ROOM_AIR, -90), saturation(97, 0)), (1, 1)),
    Corner("search not complete", stable(saturation(97, 0)), (1, 4), ADULT, (Source.OXYGEN,)),
]
HOME = -100
BASELINE = [
    Corner(
        "2 L/min as before",
        stable(oxygen(D.NASAL_CANNULA, HOME, flow=2), oxygen(D.NASAL_CANNULA, 0, flow=2)),
        (1, 1),
    ),
    Corner(
        "2.5 is more",
        stable(oxygen(D.NASAL_CANNULA, HOME, flow=2), oxygen(D.NASAL_CANNULA, 0, flow="2.5")),
        (2, 2),
    ),
    Corner(
        "a mask is more",
        stable(oxygen(D.NASAL_CANNULA, HOME, flow=5), oxygen(D.FACE_MASK, 0, flow=5)),
        (3, 3),
    ),
    Corner(
        "flow not charted now",
        stable(oxygen(D.NASAL_CANNULA, HOME, flow=2), oxygen(D.NASAL_CANNULA, 0)),
        (1, 3),
    ),
    Corner("CPAP at home", stable(oxygen(D.CPAP, HOME), oxygen(D.CPAP, 0)), (1, 1)),
    Corner("CPAP at home, BiPAP now", stable(oxygen(D.CPAP, HOME), oxygen(D.BIPAP, 0)), (4, 4)),
    Corner(
        "CPAP at night, room air by day",
        stable(oxygen(D.NOCTURNAL_CPAP, HOME - 9), oxygen(D.ROOM_AIR, HOME), oxygen(D.CPAP, 0)),
        (1, 1),
    ),
    Corner(
        "home CPAP does not explain a cannula",
        stable(oxygen(D.CPAP, HOME), oxygen(D.NASAL_CANNULA, 0, flow=2)),
        (2, 2),
    ),
    Corner(
        "home CPAP does not explain a ventilator",
        stable(oxygen(D.CPAP, HOME), oxygen(D.VENTILATOR, 0)),
        (4, 4),
    ),
    Corner(
        "home CPAP does not explain a ventilator's mode",
        stable(oxygen(D.CPAP, HOME), oxygen(D.CPAP, 0, mode=True)),
        (4, 4),
    ),
    Corner(
        "a ventilator's mode is no baseline",
        stable(oxygen(D.CPAP, HOME, mode=True), oxygen(D.CPAP, 0)),
        (4, 4),
    ),
    Corner(
        "a ventilator is no baseline", stable(oxygen(D.VENTILATOR, HOME), oxygen(D.VENTILATOR, 0)), (4, 4)
    ),
    Corner("30 days before the therapy", stable(oxygen(D.CPAP, -96 - 720), oxygen(D.CPAP, 0)), (1, 1)),
    Corner("older than 30 days", stable(oxygen(D.CPAP, -96 - 721), oxygen(D.CPAP, 0)), (4, 4)),
    Corner(
        "no therapy, no baseline",
        [crs_diagnosis(), FEVER, NORMAL, oxygen(D.CPAP, -800), oxygen(D.CPAP, 0)],
        (4, 4),
    ),
    Corner("ventilated for a seizure", stable(oxygen(D.VENTILATOR, 0, reasons=["seizure"])), (1, 1)),
    Corner(
        "for a seizure and hypoxia", stable(oxygen(D.VENTILATOR, 0, reasons=["seizure", "hypoxia"])), (4, 4)
    ),
    Corner(
        "a cannula after a seizure", stable(oxygen(D.NASAL_CANNULA, 0, flow=2, reasons=["seizure"])), (2, 2)
    ),
]
RESPIRATION = [*OXYGEN, *BASELINE]
