"""Asks the engine and the oracle the same question, and shows where their answers part."""

from datetime import datetime
from typing import NamedTuple

from cds_service.crs.assess import assess
from cds_service.tables import load_guideline
from fhir_mappings.facts import PatientFacts
from tests.oracle.oracle import course, judge

GUIDELINE = load_guideline("astct-2019")


class Answer(NamedTuple):
    status: str
    lowest: int | None = None
    highest: int | None = None
    onset: str = ""
    peak: str = ""
    worst_24h: int | None = None


def engine(facts: PatientFacts, now: datetime) -> Answer:
    """Status and interval, as the engine has them."""
    found = assess(facts, GUIDELINE, now)
    if found.grade is None:
        return Answer(str(found.status))
    return Answer(str(found.status), found.grade.lowest, found.grade.highest)


def oracle(facts: PatientFacts, now: datetime) -> Answer:
    """Status and interval, as the oracle has them."""
    return Answer(*judge(facts, now)[:3])


def engine_course(facts: PatientFacts, now: datetime) -> Answer:
    """The engine's answer with onset, peak and the worst of 24 h, where an episode is open."""
    found = assess(facts, GUIDELINE, now)
    answer = engine(facts, now)
    if found.grade is None:
        return answer
    peak = f"{found.peak.grade} at {found.peak.time}" if found.peak else ""
    return answer._replace(onset=str(found.onset), peak=peak, worst_24h=found.worst_24h)


def oracle_course(facts: PatientFacts, now: datetime) -> Answer:
    """The oracle's answer with onset, peak and the worst of 24 h, where an episode is open."""
    answer, verdict = oracle(facts, now), judge(facts, now)
    if answer.lowest is None:
        return answer
    peak, worst = course(facts, now)
    told = f"{peak[0]} at {peak[1]}" if peak else ""
    return answer._replace(onset=str(verdict.onset), peak=told, worst_24h=worst)


def disagreement(facts: PatientFacts, now: datetime) -> str | None:
    """Both answers where status or interval differ."""
    one, other = engine(facts, now), oracle(facts, now)
    return None if one == other else f"engine {one[:3]}, oracle {other[:3]}"
