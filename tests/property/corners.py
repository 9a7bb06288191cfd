"""Corners of gate, fever, pressure and drugs: charts small enough to check by hand."""

from datetime import date
from typing import NamedTuple

from fhir_mappings.facts import Method, OxygenDevice, Route, Source
from tests.builders import (
    ADULT,
    Fact,
    car_t,
    crs_diagnosis,
    engager,
    infusion,
    mean_pressure,
    oxygen,
    point,
    systolic,
    temperature,
    tocilizumab,
)

D = OxygenDevice
CHILD = (date(2020, 1, 1), date(2020, 1, 1))
CELLS, FEVER, NORMAL, AIR = car_t(-96), temperature(39, 0), systolic(118, 0), oxygen(D.ROOM_AIR, 0)
COOL_AFTER_FEVER: list[Fact] = [CELLS, temperature(39, -26), temperature(37, -1), AIR]
NE = "norepinephrine"


class Corner(NamedTuple):
    says: str
    facts: list[Fact]
    expected: tuple[int, int] | str
    """The interval of an active episode, or another status."""
    born: tuple[date, date] | None = ADULT
    incomplete: tuple[Source, ...] = ()


def with_air(*facts: Fact) -> list[Fact]:
    """Febrile on room air: the pressure axis decides."""
    return [CELLS, FEVER, AIR, *facts]


def stable(*facts: Fact) -> list[Fact]:
    """Febrile with a normal pressure: the oxygen axis decides."""
    return [CELLS, FEVER, NORMAL, *facts]


GATE = [
    Corner("30 days exactly are inside", [car_t(-720), FEVER, NORMAL, AIR], (1, 1)),
    Corner("a minute more is not", [car_t(-720 - 1 / 60), FEVER, NORMAL, AIR], "not-considered"),
    Corner("14 days exactly for an engager", [engager(-336), FEVER, NORMAL, AIR], (1, 1)),
    Corner("a minute more is not, engager", [engager(-336 - 1 / 60), FEVER, NORMAL, AIR], "not-considered"),
    Corner("a diagnosis of later than now", [crs_diagnosis(1), FEVER, NORMAL, AIR], "not-considered"),
    Corner(
        "a diagnosis no longer active", [crs_diagnosis(active=False), FEVER, NORMAL, AIR], "not-considered"
    ),
    Corner(
        "a diagnosis alone looks back 30 days",
        [crs_diagnosis(), temperature(39, -720), temperature(37, 0), systolic(118, 0), AIR],
        (0, 0),
    ),
    Corner("and no further", [crs_diagnosis(), temperature(39, -721), temperature(37, 0)], "no-episode"),
    Corner("a therapy still to come", [car_t(1), FEVER, NORMAL, AIR], "not-considered"),
    Corner(
        "a fever of before the cells", [car_t(-2), temperature(39, -3), temperature(37, -1)], "no-episode"
    ),
]
FEVERS = [
    Corner(
        "24 h exactly are inside", [CELLS, temperature(38, -24), temperature(37, -1), NORMAL, AIR], (1, 1)
    ),
    Corner(
        "24 h and a minute", [CELLS, temperature(38, -24 - 1 / 60), temperature(37, -1), NORMAL, AIR], (0, 0)
    ),
    Corner("37.9 is no fever", [CELLS, temperature("37.9", 0), systolic(118, 0), AIR], "no-episode"),
    Corner("no reading for 8 h", [CELLS, temperature(38, -30), temperature(37, -8), NORMAL, AIR], (0, 0)),
    Corner("no reading for longer", [CELLS, temperature(38, -30), temperature(37, -9), NORMAL, AIR], (0, 1)),
    Corner(
        "two sites, the hot one first", [CELLS, temperature(39, 0), temperature(37, 0), NORMAL, AIR], (1, 1)
    ),
    Corner(
        "two sites, the hot one last", [CELLS, temperature(37, 0), temperature(39, 0), NORMAL, AIR], (1, 1)
    ),
    Corner(
        "two sites some hours ago",
        [CELLS, temperature(39, -5), temperature(37, -5), temperature(37, -1), NORMAL, AIR],
        (1, 1),
    ),
]
MASKING = [
    Corner("low, not masked", [*COOL_AFTER_FEVER, systolic(80, 0)], (0, 2)),
    Corner(
        "low, masked in the episode",
        [*COOL_AFTER_FEVER, point("acetaminophen", -25), systolic(80, 0)],
        (2, 2),
    ),
    Corner("the last dose 24 h ago", [*COOL_AFTER_FEVER, point("acetaminophen", -24), NORMAL], (1, 1)),
    Corner("the last dose 25 h ago", [*COOL_AFTER_FEVER, point("acetaminophen", -25), NORMAL], (0, 0)),
    Corner(
        "a dose of before the episode",
        [*COOL_AFTER_FEVER, point("acetaminophen", -27), systolic(80, 0)],
        (0, 2),
    ),
    Corner(
        "a dose with the first fever",
        [*COOL_AFTER_FEVER, point("acetaminophen", -26), systolic(80, 0)],
        (2, 2),
    ),
    Corner(
        "a steroid on the skin",
        [*COOL_AFTER_FEVER, point("dexamethasone", -20, route=Route.LOCAL), systolic(80, 0)],
        (0, 2),
    ),
    Corner(
        "tocilizumab under the skin masks too",
        [*COOL_AFTER_FEVER, tocilizumab(-20, Route.SUBCUTANEOUS), systolic(80, 0)],
        (2, 2),
    ),
    Corner(
        "masked and never febrile",
        [CELLS, temperature(37, -1), point("acetaminophen", -3), systolic(80, 0), AIR],
        "not-gradable",
    ),
    Corner("never febrile, not masked", [CELLS, temperature(37, -1), systolic(80, 0), AIR], "no-episode"),
]
PRESSURES = [
    Corner("90 is no hypotension", with_air(systolic(90, 0)), (1, 1)),
    Corner("the lowest of 6 h counts", with_air(systolic(89, -6), NORMAL), (2, 2)),
    Corner("what is older does not", with_air(systolic(89, -6 - 1 / 60), NORMAL), (1, 1)),
    Corner("six years old: 82", with_air(systolic(81, 0)), (2, 2), CHILD),
    Corner("six years old: 82 itself", with_air(systolic(82, 0)), (1, 1), CHILD),
    Corner("ten years: 90", with_air(systolic(89, 0)), (2, 2), (date(2015, 3, 11), date(2015, 3, 11))),
    Corner("28 days old: 60", with_air(systolic(60, 0)), (1, 1), (date(2026, 2, 10), date(2026, 2, 10))),
    Corner("29 days old: 70", with_air(systolic(69, 0)), (2, 2), (date(2026, 2, 9), date(2026, 2, 9))),
    Corner("age unknown, 89", with_air(systolic(89, 0)), (1, 2), None),
    Corner("age unknown, 59", with_air(systolic(59, 0)), (2, 2), None),
    Corner("age unknown, 90", with_air(systolic(90, 0)), (1, 1), None),
    Corner("mean pressure 64, no systolic", with_air(mean_pressure(64, 0)), (2, 2)),
    Corner("mean pressure 65, no systolic", with_air(mean_pressure(65, 0)), (1, 2)),
    Corner("mean pressure 90, no systolic", with_air(mean_pressure(90, 0)), (1, 1)),
    Corner("mean pressure 40 once", with_air(mean_pressure(40, 0)), (2, 2)),
    Corner("mean pressure 39 once", with_air(mean_pressure(39, 0)), (1, 2)),
    Corner("mean pressure 39, then 64", with_air(mean_pressure(39, -1), mean_pressure(64, 0)), (2, 2)),
    Corner("mean pressure beside a systolic", with_air(mean_pressure(50, 0), systolic(100, -6)), (1, 1)),
    Corner("mean pressure of a child", with_air(mean_pressure(50, 0)), (1, 2), CHILD),
    Corner(
        "a damped line", with_air(systolic(130, -1, Method.CUFF), systolic(89, 0, Method.ARTERIAL)), (1, 1)
    ),
    Corner("40 apart is no damping", with_air(systolic(129, -1), systolic(89, 0, Method.ARTERIAL)), (2, 2)),
    Corner("61 min apart", with_air(systolic(130, -61 / 60), systolic(89, 0, Method.ARTERIAL)), (2, 2)),
    Corner("always low, not lower now", with_air(systolic(85, -120), systolic(80, 0)), (1, 1)),
    Corner("always low, more than 5 lower now", with_air(systolic(85, -120), systolic(79, 0)), (2, 2)),
    Corner("low only since the cells", with_air(systolic(85, -90), systolic(85, 0)), (2, 2)),
]
DRUGS = [
    Corner("a drug that ended now", with_air(NORMAL, infusion(NE, -5, 0)), (1, 1)),
    Corner("an end still to come", with_air(NORMAL, infusion(NE, -5, 1)), (3, 3)),
    Corner("on hold", with_air(NORMAL, infusion(NE, -5, status="on-hold")), (1, 1)),
    Corner("stopped, no end", with_air(NORMAL, infusion(NE, -5, status="stopped")), (1, 1)),
    Corner("completed, no end", with_air(NORMAL, infusion(NE, -5, status="completed")), (1, 1)),
    Corner("rate 0", with_air(NORMAL, infusion(NE, -5, rate=0)), (1, 1)),
    Corner("a charted event 6 h ago", with_air(NORMAL, point(NE, -6, rate="0.1")), (3, 3)),
    Corner("a charted event before that", with_air(NORMAL, point(NE, -6 - 1 / 60, rate="0.1")), (1, 1)),
    Corner("one bolus", with_air(NORMAL, point(NE, -1)), (1, 1)),
    Corner("two events without rate", with_air(NORMAL, point(NE, -7), point(NE, -1)), (3, 3)),
    Corner("two that lie further apart", with_air(NORMAL, point(NE, -8), point(NE, -1)), (1, 1)),
    Corner(
        "an event, then rate 0", with_air(NORMAL, point(NE, -3, rate="0.1"), point(NE, -1, rate=0)), (1, 1)
    ),
    Corner("a switch of drugs", with_air(NORMAL, infusion(NE, -5, -1), infusion("epinephrine", -1)), (3, 3)),
    Corner("two bags of one drug", with_air(NORMAL, infusion(NE, -5), infusion(NE, -1)), (3, 3)),
    Corner("vasopressin alone", with_air(NORMAL, infusion("vasopressin", -1)), (3, 3)),
    Corner("none found, search not complete", with_air(NORMAL), (1, 4), ADULT, (Source.MEDICATIONS,)),
]
CIRCULATION = [*GATE, *FEVERS, *MASKING, *PRESSURES, *DRUGS]
