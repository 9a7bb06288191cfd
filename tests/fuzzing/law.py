"""The law of provenance: every number and time of a fact stands in the resource that the fact names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Any

from fhir_mappings.facts import (
    Administration,
    Concept,
    Condition,
    OxygenDevice,
    OxygenSupport,
    PatientFacts,
    Quantity,
    Reading,
    Therapy,
)
from tests.fuzzing.amounts import (
    FLOWS,
    FRACTIONS,
    LENGTHS,
    close,
    converted,
    per_minute,
    scaled,
    seconds_of,
)
from tests.fuzzing.charted import Json, Number, gathered, numbers, quotients, times, walk

Fact = Reading | OxygenSupport | Administration | Therapy | Condition
NAMELESS = "(no id)"
NEVER = ("entered-in-error", "cancelled", "not-done")


@dataclass(frozen=True)
class Origin:
    """A resource that a fact may come from, with what it says."""

    resource: Json

    @cached_property
    def numbers(self) -> list[Number]:
        return numbers(self.resource)

    @cached_property
    def quotients(self) -> list[tuple[Number, Number]]:
        return quotients(self.resource)

    @cached_property
    def times(self) -> set[datetime]:
        return times(self.resource)

    def holds(self, value: Fraction) -> bool:
        return any(number.value == value for number in self.numbers)


@dataclass(frozen=True)
class Law:
    """Checks the facts of one heap of resources."""

    sources: list[Any]
    patient: str
    as_of: datetime
    latest: datetime

    def broken(self, facts: PatientFacts) -> Iterator[str]:
        """What is wrong, one sentence each; nothing for a lawful mapping."""
        resources, named = gathered(self.sources)
        by_reference: dict[str, list[Origin]] = {}
        for resource in resources:
            identity = resource.get("id")
            name = identity if isinstance(identity, str) and identity else NAMELESS
            origin = Origin(resource)
            by_reference.setdefault(f"{resource.get('resourceType')}/{name}", []).append(origin)
        for fact in all_facts(facts):
            origins = by_reference.get(_named_in(fact.reference)) or by_reference.get(
                _named_in(fact.reference.rpartition("#")[0]), []
            )
            faults = [fault for origin in origins if (fault := self.fault(fact, origin, named))]
            if not origins or len(faults) == len(origins):
                yield f"{max(faults, default='no such resource')}: {fact!r}"
        yield from _birth_date(facts, resources)

    def fault(self, fact: Fact, origin: Origin, named: bool) -> str:
        """Why the fact cannot be from this resource, or nothing."""
        resource = origin.resource
        if not isinstance(fact, Condition) and str(resource.get("status")).strip().lower() in NEVER:
            return "a fact from what never happened"
        if not says_nothing(fact):
            if resource.get("modifierExtension"):
                return "a fact in spite of a modifier extension"
            if not named and self.is_of_another(resource):
                return "a fact of another patient"
        if not all(self.timely(time, origin) for time in _times_of(fact)):
            return "a time that was not charted"
        return "" if _is_charted(fact, origin) else "an amount that was not charted"

    def is_of_another(self, resource: Json) -> bool:
        """Whether the subject, or what the resource is focused on, is somebody else."""
        subject = f"{resource.get('subject')}{resource.get('patient')}"
        focus = resource.get("focus") if resource.get("resourceType") == "Observation" else None
        links = [each for each in walk(focus) if isinstance(each, dict)]
        return self.patient not in subject or not all(self.patient in f"{link}" for link in links[:1])

    def timely(self, time: datetime, origin: Origin) -> bool:
        """As charted, or the time of the call where the charted one is a little later."""
        if time in origin.times:
            return True
        return time == self.as_of and any(self.as_of < each <= self.latest for each in origin.times)


def _named_in(reference: str) -> str:
    """The resource that a reference is about: the whole one, of one that is contained."""
    kind, _, name = reference.partition("/")
    return f"{kind}/{NAMELESS}" if name.startswith(NAMELESS[:-1]) else reference


def says_nothing(fact: Fact) -> bool:
    """Oxygen of which only the time is told: what was charted of a subject or at a time that nobody knows."""
    if not isinstance(fact, OxygenSupport) or fact.flow is not None or fact.fio2 is not None:
        return False
    return fact.device in (None, OxygenDevice.NOT_UNDERSTOOD)


def all_facts(facts: PatientFacts) -> Iterator[Fact]:
    for readings in facts.readings.values():
        yield from readings
    for found in (facts.oxygen, facts.administrations, facts.therapies, facts.conditions):
        yield from found


def _times_of(fact: Fact) -> list[datetime]:
    names = ("time", "start", "end", "onset")
    return [time for name in names if isinstance(time := getattr(fact, name, None), datetime)]


def _birth_date(facts: PatientFacts, resources: list[Json]) -> Iterator[str]:
    if facts.birth_date is None:
        return
    texts = [each["birthDate"].strip() for each in resources if isinstance(each.get("birthDate"), str)]
    ends = [day.isoformat() for day in facts.birth_date]
    if not any(text and all(end.startswith(text) for end in ends) for text in texts):
        yield f"a birth date that was not charted: {ends}"


def _is_charted(fact: Fact, origin: Origin) -> bool:
    match fact:
        case Reading():
            return _is_read(fact, origin)
        case OxygenSupport():
            return _is_oxygen(fact, origin)
        case Administration():
            return _is_given(fact, origin)
    return True


def _is_read(reading: Reading, origin: Origin) -> bool:
    charted = reading.charted or Quantity(reading.value, reading.unit)
    value = Fraction(charted.value)
    ratio = any(close(value, top.value / bottom.value) for top, bottom in origin.quotients)
    if not (origin.holds(value) or ratio):
        return False
    if reading.charted is None:
        return True
    exact = converted(value, charted.unit, reading.unit)
    weight = reading.concept is Concept.WEIGHT
    return exact is not None and close(Fraction(reading.value), exact, Fraction(1, 200) if weight else None)


def _is_oxygen(item: OxygenSupport, origin: Origin) -> bool:
    flow, fio2 = item.flow, item.fio2
    flows = flow is None or any(
        close(Fraction(flow), value) for n in origin.numbers for value in scaled(n, FLOWS)
    )
    fractions = [value for n in origin.numbers for value in scaled(n, FRACTIONS)]
    fractions += [top.value / bottom.value for top, bottom in origin.quotients]
    return flows and (fio2 is None or any(close(Fraction(fio2), value) for value in fractions))


def _is_given(given: Administration, origin: Origin) -> bool:
    """Dose and rate as charted, or the rate of a ratio; and what follows from them, in scale."""
    if given.dose is not None and not origin.holds(Fraction(given.dose.value)):
        return False
    if given.rate is not None and not (
        origin.holds(Fraction(given.rate.value)) or _is_rate(given.rate, origin)
    ):
        return False
    return _follows(given.mass, given.dose, per_minute) and _follows(given.per_minute, given.rate, per_minute)


def _is_rate(rate: Quantity, origin: Origin) -> bool:
    """An amount in a time, told per minute or per hour, to six places where it does not end."""
    per = LENGTHS.get(rate.unit.rsplit("/", 1)[-1])
    return per is not None and any(
        close(Fraction(rate.value), top.value / bottom.value * per / length, Fraction(1, 2_000_000))
        and (rate.value > 0) == (top.value > 0)
        for top, bottom in origin.quotients
        for length in seconds_of(bottom)
    )


def _follows(derived: Quantity | None, charted: Quantity | None, scale: Any) -> bool:
    if derived is None:
        return True
    if charted is None:
        return False
    ratio = scale(charted.unit, derived.unit)
    value = Fraction(charted.value)
    if ratio is None:
        return (derived.value > 0) == (value > 0)
    return close(Fraction(derived.value), value * ratio)
