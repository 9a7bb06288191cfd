"""Random charts of five days, small enough to read when a test fails.

Times lie on a quarter of an hour, so that the ends of windows (6, 8, 12, 24 h) are met exactly.
A chart that fails is printed as the calls of ``tests.builders`` that make it.
"""

from dataclasses import dataclass
from datetime import date, datetime

from hypothesis import strategies as st

from fhir_mappings.facts import (
    Administration,
    Concept,
    Method,
    OxygenDevice,
    OxygenSupport,
    PatientFacts,
    Reading,
    Route,
    Source,
    Therapy,
)
from tests.builders import (
    ADULT,
    NOW,
    Fact,
    Hours,
    car_t,
    chart,
    crs_diagnosis,
    engager,
    infusion,
    oxygen,
    point,
    reading,
    saturation,
    systolic,
    temperature,
    tocilizumab,
    uncovered,
)


def hours(first: int = -96, last: int = 24) -> st.SearchStrategy[Hours]:
    """Mostly the last day and a half, and whole hours: windows then end exactly on a reading."""
    recent: st.SearchStrategy[Hours] = st.integers(max(first, -36), min(last, 6))
    quarters = st.integers(first * 4, last * 4).map(lambda quarter: quarter / 4)
    return recent | recent | quarters


TEMPERATURES = st.builds(
    reading,
    st.just(Concept.TEMPERATURE),
    st.sampled_from(["36.8", "37.9", "38.0", "39.5"]),
    hours(),
)
PRESSURES = st.builds(
    reading,
    st.just(Concept.SYSTOLIC),
    st.sampled_from(["58", "70", "84", "89", "90", "118", "131"]),
    hours(),
    st.sampled_from(Method),
)
MEAN_PRESSURES = st.builds(
    reading, st.just(Concept.MEAN_PRESSURE), st.sampled_from(["35", "39", "64", "65", "89", "90"]), hours()
)
SATURATIONS = st.builds(reading, st.just(Concept.SPO2), st.sampled_from(["88", "91", "92", "97"]), hours())

FLOWS = st.sampled_from([None, None, 0, 2, 6, "6.1", 15])
DEVICES = st.builds(oxygen, st.sampled_from(OxygenDevice), hours())
COMMON_DEVICES = st.builds(
    oxygen,
    st.sampled_from(
        [OxygenDevice.ROOM_AIR, OxygenDevice.NASAL_CANNULA, OxygenDevice.FACE_MASK, OxygenDevice.VENTILATOR]
    ),
    hours(),
    flow=FLOWS,
)
MODES = st.builds(
    oxygen,
    st.sampled_from([OxygenDevice.VENTILATOR, OxygenDevice.CPAP, OxygenDevice.STANDBY]),
    hours(),
    mode=st.just(True),
)
FLOWS_ALONE = st.builds(oxygen, st.none(), hours(), flow=st.sampled_from([0, 2, 6, 15]))
FIO2_ALONE = st.builds(oxygen, st.none(), hours(), fio2=st.sampled_from(["0.21", "0.4"]))
PERIODS = st.builds(
    lambda device, start, length: oxygen(
        device, start, ongoing=length is None, end=None if length is None else float(start) + length
    ),
    st.sampled_from([OxygenDevice.VENTILATOR, OxygenDevice.BIPAP, OxygenDevice.NASAL_CANNULA]),
    hours(),
    st.none() | st.integers(1, 30),
)

PRESSORS = st.sampled_from(["norepinephrine", "epinephrine", "vasopressin"])
SEGMENTS = st.builds(
    lambda drug, start, quarters, status, rate: infusion(
        drug, start, float(start) + quarters / 4, status=status, rate=rate
    ),
    PRESSORS,
    hours(),
    st.integers(1, 60),
    st.sampled_from(["completed", "completed", "stopped", "on-hold"]),
    st.sampled_from([None, "0.1", 0]),
)
OPEN_INFUSIONS = st.builds(
    infusion, PRESSORS, hours(), status=st.sampled_from(["in-progress", "on-hold", "stopped", "completed"])
)
EVENTS = st.builds(
    point,
    st.just("phenylephrine"),
    hours(),
    rate=st.sampled_from([None, "0.5", 0]),
    route=st.sampled_from(Route),
)
DOSES = st.builds(
    point,
    st.sampled_from(["acetaminophen", "dexamethasone", "anakinra", "milrinone"]),
    hours(),
    route=st.sampled_from(Route),
) | st.builds(tocilizumab, hours())

THERAPIES: st.SearchStrategy[Fact] = (
    st.builds(car_t, st.sampled_from([-96, -96, -72, -48, -10, -29 * 24]))
    | st.builds(engager, st.sampled_from([-96, -48, -15 * 24, -30 * 24]))
    | st.builds(crs_diagnosis, st.sampled_from([None, -50, 10]))
)
FACTS: st.SearchStrategy[Fact] = st.one_of(
    TEMPERATURES,
    PRESSURES,
    PRESSURES,
    MEAN_PRESSURES,
    SATURATIONS,
    COMMON_DEVICES,
    DEVICES,
    MODES,
    FLOWS_ALONE,
    FIO2_ALONE,
    PERIODS,
    SEGMENTS,
    OPEN_INFUSIONS,
    EVENTS,
    DOSES,
)
MISSING = [(), (), (), (Source.MEDICATIONS,), (Source.OXYGEN,)]
BORN = st.sampled_from(
    [
        ADULT,
        ADULT,
        None,
        (date(2022, 3, 10), date(2022, 3, 10)),
        (date(2015, 1, 1), date(2015, 12, 31)),
        (date(2026, 2, 9), date(2026, 2, 9)),
        (date(2025, 9, 1), date(2025, 9, 30)),
    ]
)


@dataclass(frozen=True)
class Told:
    """A chart that prints as a short text."""

    facts: PatientFacts

    def __repr__(self) -> str:
        absent = [source.value for source, coverage in self.facts.coverage.items() if coverage.since is None]
        born = f"born={self.facts.birth_date and [str(day) for day in self.facts.birth_date]}"
        rows = [*map(told, rows_of(self.facts)), born, f"incomplete={absent}"]
        return "chart(\n        " + ",\n        ".join(rows) + ")"


def rows_of(facts: PatientFacts) -> list[Fact]:
    readings = [r for found in facts.readings.values() for r in found]
    return [*facts.therapies, *facts.conditions, *readings, *facts.oxygen, *facts.administrations]


def hour_of(time: datetime | None) -> float | None:
    return None if time is None else (time - NOW).total_seconds() / 3600


def told(fact: Fact) -> str:
    """One charted item, shorter than its ``repr``."""
    match fact:
        case Reading():
            method = "" if fact.method is Method.UNSPECIFIED else f", {fact.method.value}"
            return f"{fact.concept.value}({fact.value}, {hour_of(fact.time)}{method})"
        case OxygenSupport():
            names = [n for n in ("mode", "ongoing") if getattr(fact, n)]
            amounts = [f"{n}={getattr(fact, n)}" for n in ("flow", "fio2") if getattr(fact, n) is not None]
            ends = [] if fact.end is None else [f"end={hour_of(fact.end)}"]
            device = fact.device.value if fact.device else "oxygen"
            return f"{device}({', '.join([str(hour_of(fact.time)), *amounts, *names, *ends])})"
        case Administration():
            kind = (
                "point" if fact.point else f"{'ongoing' if fact.ongoing else 'period'} to {hour_of(fact.end)}"
            )
            rate = "no rate" if fact.rate is None else f"rate {fact.rate.value}"
            return f"{fact.drug}({hour_of(fact.start)}, {kind}, {fact.status}, {rate}, {fact.route.value})"
        case Therapy():
            return f"{fact.kind.value}({hour_of(fact.time)})"
        case _:
            return f"{fact.group.value}-diagnosis({hour_of(fact.onset)}, active={fact.active})"


@st.composite
def charts(draw: st.DrawFn, facts: st.SearchStrategy[Fact] = FACTS, most: int = 12) -> Told:
    """A considered patient with temperatures; now and then a search is not complete."""
    found = draw(st.lists(THERAPIES, min_size=1, max_size=2))
    found += draw(st.lists(TEMPERATURES, min_size=1, max_size=5)) + draw(
        st.lists(facts, min_size=3, max_size=most)
    )
    missing = draw(st.sampled_from(MISSING))
    return Told(uncovered(chart(*found, born=draw(BORN)), *missing))


FEVERISH = st.sampled_from(["36.8", "36.8", "37.4", "37.9", "38.0", "39.5"])
AFEBRILE = st.sampled_from(["36.8", "37.9"])
COURSE_DEVICES = st.sampled_from(
    [OxygenDevice.ROOM_AIR] * 4 + [OxygenDevice.NASAL_CANNULA, OxygenDevice.CPAP]
)
COURSE_FACTS: st.SearchStrategy[Fact] = st.one_of(DOSES, SEGMENTS, PRESSURES, TEMPERATURES, FLOWS_ALONE)


@st.composite
def courses(draw: st.DrawFn) -> Told:
    """Four days at regular hours: fever in the first days, then perhaps a resolution, perhaps a relapse."""
    every = draw(st.sampled_from([4, 6, 8]))
    ends = draw(st.integers(-90, -20))
    found: list[Fact] = [car_t(-96)]
    for hour in range(-90, 9, every):
        value = draw(FEVERISH if hour <= ends else AFEBRILE)
        found += [temperature(value, hour), saturation(97, hour)]
        if draw(st.integers(0, 9)):
            found.append(
                systolic(draw(st.sampled_from([118, 118, 118, 118, 84])) if hour <= ends else 118, hour)
            )
    for hour in range(-92, 9, 10):
        found.append(oxygen(draw(COURSE_DEVICES) if hour <= ends else OxygenDevice.ROOM_AIR, hour, flow=None))
    return Told(chart(*found, *draw(st.lists(COURSE_FACTS, max_size=3))))
