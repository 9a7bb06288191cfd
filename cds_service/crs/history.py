"""Whether all that was given of a drug since some time is known, and if not, why (GR-7)."""

from __future__ import annotations

from datetime import datetime

from fhir_mappings.facts import DrugGroup, PatientFacts, Source


def why_unknown(facts: PatientFacts, groups: frozenset[DrugGroup], drug: str, since: datetime) -> str:
    """``medications-not-available``, ``dose-not-placed``, or nothing. ``drug`` narrows the groups to one."""
    if not facts.covered(Source.MEDICATIONS).reaches(since):
        return "medications-not-available"
    lost = (u for u in facts.unplaced if u.groups & groups and (not drug or u.drug in ("", drug)))
    return "dose-not-placed" if any(u.latest is None or u.latest >= since for u in lost) else ""
