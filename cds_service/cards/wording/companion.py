"""The words of the SMART page: what each lane and table is, and what could not be had and why."""

from __future__ import annotations

from decimal import Decimal

from cds_service.cards.formats import amount, number
from cds_service.cards.wording.grading import concept
from cds_service.cards.wording.telling import WHY_NOT
from fhir_mappings.facts import Concept

LINK_LABEL = "See the course"
TITLE = "Course of cytokine release syndrome"

NOT_AN_ISSUER = (
    "This EHR may not open the page",
    "The address that asked (iss) is not in CRS_CDS_SMART_ISSUERS. Nothing was sent to it.",
)
NOT_LAUNCHED = (
    "Open this page from the EHR",
    "The page does not know which EHR to ask. Open it by the link on a card, or from the EHR's list of apps.",
)
NO_SCRIPT = "This page needs JavaScript: it reads the chart itself, in the browser."

FOR_SCRIPTS = {
    "starting": "Asking the EHR for access…",
    "reading": "Reading the chart…",
    "assessing": "Grading…",
    "notStarted": "The EHR could not be asked for access",
    "notStartedHelp": "It did not answer, or does not offer SMART App Launch 2 with PKCE (S256).",
    "notGranted": "The EHR gave no access",
    "notGrantedHelp": "Open the page again from the EHR. "
    "An answer that does not belong to a launch from this window is not used.",
    "noPatient": "The EHR did not say which patient",
    "noPatientHelp": "Open the patient's chart in the EHR, then the page again.",
    "expired": "Your session has ended",
    "expiredHelp": "The access that the EHR gave has run out. Open the page again from the EHR.",
    "noneRead": "The chart could not be read",
    "noneReadHelp": "Nothing is said about the patient. Try again in a moment.",
    "notAssessed": "No grade can be given",
    "notAssessedHelp": "The service made no statement about the patient.",
    "again": "Try again",
    "wait": "The EHR asks to wait: try again in a moment.",
}
"""What the page says before the service has spoken, and where it cannot speak."""

# ------------------------------------------------------------------ lanes

LANES = {
    "grade": "CRS grade",
    "doses": "Tocilizumab, steroids and other immunosuppressants",
    "temperature": "Temperature",
    "pressure": "Blood pressure",
    "vasopressors": "Vasopressors, as norepinephrine equivalents",
    "oxygen": "Oxygen support",
    "spo2": "SpO2",
    "crp": "CRP",
    "ferritin": "Ferritin",
}
SERIES = {Concept.SYSTOLIC: "systolic", Concept.MEAN_PRESSURE: "mean", Concept.DIASTOLIC: "diastolic"}
ONSET, PEAK, RESOLVED, NOW = "onset", "peak, grade {grade}", "resolved", "now"
CARD = "card"
NEXT_DOSE = "next tocilizumab possible"
NOT_GRADABLE = "not gradable"
MASKED = "fever may be masked"
NO_SUM = "no sum: {why}"
OXYGEN_KEY = "Height and colour: its grade in the table, which need not be the patient's."
LACKING = {
    "no-equivalent": "no factor for {drug}",
    "not-understood": "the record of {drug} was not fully understood",
    "rate-not-charted": "no rate charted for {drug}",
    "rate-not-convertible": "the rate of {drug} has another unit",
    "rate-outlier": "a rate of {drug} is far above its neighbours",
    "rates-overlap": "two rates of {drug} at once",
    "weight-missing": "no weight for {drug}",
    "weight-stale": "the weight for {drug} is too old",
    "weight-contradictory": "two weights contradict each other",
}


def limit(name: str, value: Decimal, code: str) -> str:
    """``fever from 38.0 °C``."""
    return LIMITS[name].format(amount(value, code))


LIMITS = {"fever": "fever from {}", "pressure": "hypotension below {}", "spo2": "low below {}"}


def lacking(drug: str, reason: str) -> str:
    return LACKING.get(reason, "{drug}").format(drug=concept(drug))


def fraction(value: Decimal) -> str:
    return f"FiO2 {number(value * 100)} %"


# ------------------------------------------------------------------ what could not be had

SOURCES = {
    "patient": "the patient's age",
    "vitals": "vital signs",
    "oxygen": "oxygen support",
    "labs": "weight and laboratory results",
    "medications": "drugs given",
    "procedures": "procedures",
    "immunizations": "immunizations",
    "conditions": "diagnoses",
    "orders": "active orders",
    "medication-references": "the names of some drugs",
}
REASONS = {
    "not-supplied": "not read",
    "error": "the EHR answered with an error",
    "truncated": "only in part: more was announced than could be had",
    "timeout": "the EHR did not answer in time",
    "refused": "the EHR did not allow it",
    "rate-limited": "the EHR asked to wait",
    "server-error": "the EHR failed or could not be reached",
    "malformed": "the EHR's answer was no FHIR",
    "wrong-patient": "the EHR answered with another patient's data",
    "foreign-link": "only in part: the rest is at an address outside the EHR, which was not asked",
}


def gap(key: str, reason: str) -> str:
    """``Vital signs: the EHR did not allow it.``"""
    name = SOURCES.get(key, key)
    return f"{name[0].upper()}{name[1:]}: {REASONS.get(reason, reason)}."


# ------------------------------------------------------------------ tables

EVIDENCE = (
    "Evidence of the present grade",
    ("Criterion", "Value", "Time", "Source"),
)
TOCILIZUMAB = (
    "Tocilizumab given",
    ("Drug", "Amount", "By weight", "Time", "Count", "Remarks", "Source"),
)
STEROIDS = (
    "Steroids given",
    ("Drug", "Amount", "By weight", "Time", "Source"),
)
NO_CRITERION = "No criterion holds now."
NO_KNOWN_CRITERION = "No criterion is known to hold now; not everything is known."
NOTHING_WEIGHED = "There is no open episode: nothing is weighed."
NONE_GIVEN = "None charted in the last 14 days."
NONE_SEEN = "None among what could be read; more may have been given."
OTHER_ROUTE, EARLIER, UNCOUNTED = "not for CRS, not counted", "before this therapy", "no open episode"
COUNT = "{k} of {allowed}"
GIVEN = "Tocilizumab: {k} of {allowed} given"
LEFT_OUT = "Left out: {what}."
NEXT = "Next dose not before {time}."
NEXT_NOW = "Interval and daily limit allow a dose now."
NOT_NOW = {
    "too-early": "The interval since the last dose is not over.",
    "window-full": "The most for 24 h are given.",
    "all-given": "All doses are given.",
    "under-age": "Below the age of the label.",
    "age-unknown": "The age is not known.",
}
AMOUNT = "Amount by weight: {milligrams} mg ({basis})."
CARD_OPENED = "Opened from a card of {time}"
CARD_SAID = ", which said {grade}"


def not_now(reason: str) -> str:
    known = WHY_NOT.get(reason, reason)
    return NOT_NOW.get(reason) or f"{known[0].upper()}{known[1:]}."
