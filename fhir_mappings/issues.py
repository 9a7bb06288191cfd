"""Why something charted was not used: the stable codes and a sentence for each.

Explained for integrators in docs/reference/mapping-issues.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ISSUES: Mapping[str, str] = MappingProxyType(
    {
        # Whose it is, and whether it counts
        "other-patient": "The resource is about another patient.",
        "subject-missing": "The resource does not say which patient it is about.",
        "other-focus": "The observation is not about the patient (a fetus, a donor, a device).",
        "modifier-extension": "A modifier extension changes the meaning in a way that is not known here.",
        "entered-in-error": "Marked as entered in error.",
        "cancelled": "Cancelled before a result was there.",
        "not-done": "Charted as not done.",
        "not-begun": "Planned or registered only; nothing has happened yet.",
        "on-hold": "On hold; the support is not running.",
        "refuted": "The diagnosis was refuted.",
        "status-unknown": "The status is missing, unknown or not one that FHIR defines.",
        "superseded": "Replaced by an amended or corrected resource with the same identifier.",
        "conflicting-codes": "The codings of one concept mean different things.",
        # When it was
        "time-missing": "No time is given.",
        "time-not-understood": "The time is not a FHIR date or dateTime.",
        "time-too-coarse": "Only a date is given where the time of day matters.",
        "time-without-zone": "The time has no zone, and no zone is set for this site.",
        "time-from-issued": "No effective time is given; the time of issue was used.",
        "time-from-recorded": "No onset is given; the recorded date was used.",
        "future-time": "The time lies in the future by more than clocks may differ.",
        "period-reversed": "The period ends before it starts; the end was not used.",
        # What it says
        "value-absent": "No value is given.",
        "value-not-a-number": "The value is not a number that can be read.",
        "value-not-a-quantity": "The value is not given as a quantity.",
        "comparator": "The value is a bound (such as < or >), not a measurement.",
        "bound-used": "The value is a bound (such as < or >); the bound itself was used.",
        "implausible": "The value lies outside the plausible range.",
        "unit-missing": "The value has no unit.",
        "unit-not-understood": "The unit is not known.",
        "unit-mismatch": "The unit measures something else.",
        "unit-conflict": "The unit's code and its text name different units.",
        "birth-weight": "A birth weight is not the weight now.",
        "standing-pressure": "A pressure taken standing does not show hypotension at rest.",
        "not-systemic-pressure": "Not a systemic arterial pressure.",
        "device-not-understood": "The oxygen device or ventilation mode is not in the device table.",
        "negated": "The value says that this is not so.",
        # Drugs
        "matched-by-text": "No known code; recognised by its exact name.",
        "name-not-exact": "No known code, and a text that names a drug among other words.",
        "medication-unresolved": "The medication is not at hand, or shows no code and no word that is known.",
        "dose-text-only": "The dose is given as text only.",
        "dose-of-combination": "One dose is given for several drugs; it was not used.",
        "rate-is-a-duration": "The rate is given as a length of time.",
        "rate-implausible": "The rate is impossible for this drug; the number was not used.",
        "rate-unit-mismatch": "The rate is in a unit that no rate of this drug can have; it was not used.",
        "rate-not-understood": "The rate is not a ratio that can be read.",
        "route-not-understood": "The route is not in the route table.",
        "route-conflict": "The charted route is not the route of the product; the charted one was used.",
        # Orders
        "dose-missing": "No dose is given.",
        "dose-as-rate": "A rate is ordered, and no amount.",
        "dose-not-convertible": "The dose is in a unit that the product does not make an amount of the drug.",
        "dose-range-open": "A range of doses has only one end.",
        "dose-range-reversed": "A range of doses ends below its beginning.",
        "dose-conflict": "Several amounts are given for one dose, and they differ; none was used.",
        "rate-is-a-range": "The rate is given as a range; it was not used.",
        "timing-not-understood": "The timing, or a part of it, could not be read.",
        "timing-conflict": "Code and structure of the timing differ; the shorter interval was used.",
        # Diagnoses and the patient
        "clinical-status-missing": "The clinical status is missing or not known; taken as active.",
        "birth-date-not-understood": "The date of birth is not a FHIR date.",
    }
)

USED = frozenset(
    {"matched-by-text", "time-from-issued", "time-from-recorded", "bound-used", "dose-text-only"}
    | {"dose-of-combination", "route-conflict", "clinical-status-missing", "period-reversed"}
    | {"rate-is-a-duration", "rate-implausible", "rate-unit-mismatch", "rate-not-understood"}
)
"""Codes that say how something was used; what all others name was left out, in whole or in part."""

NOT_GIVEN = frozenset(
    {"entered-in-error", "cancelled", "not-done", "not-begun", "on-hold", "refuted", "superseded"}
    | {"other-patient", "other-focus", "future-time"}
)
"""Codes of what did not happen, or not to this patient: nothing is missing without it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A value that was not read: an issue code, and a sentence where one helps."""

    code: str
    detail: str = ""
