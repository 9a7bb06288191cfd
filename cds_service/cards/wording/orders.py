"""What is offered for signing, and why it may be declined, in words. Nothing decides here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from cds_service.cards.formats import amount, clock
from fhir_mappings.facts import ProposedOrder

ROUTES = {"47625008": "IV", "26643006": "by mouth"}
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


# ------------------------------------------------------------------ orders


def order_label(order: ProposedOrder, as_of: datetime, zone: tzinfo | None) -> str:
    """``Tocilizumab 560 mg IV over 60 min from 06:05``; ``order.text`` is the drug or test alone."""
    parts = [
        f"{order.text[:1].upper()}{order.text[1:]}",
        amount(order.dose.value, order.dose.unit) if order.dose else "",
        ROUTES.get(order.route.code, order.route.display.lower()) if order.route else "",
        f"over {order.duration // MINUTE} min" if order.duration else "",
        _every(order.interval) if order.interval else "",
        f"for {order.count} {'dose' if order.count == 1 else 'doses'}" if order.count else "",
        f"from {clock(order.start, as_of, zone)}" if order.start and order.start > as_of else "",
    ]
    return " ".join(part for part in parts if part)


def _every(interval: timedelta) -> str:
    """``every 6 h``; ``every 24 h`` rather than ``daily``, which leaves the hour open."""
    return f"every {interval // HOUR} h" if not interval % HOUR else f"every {interval // MINUTE} min"


def together(labels: Sequence[str]) -> str:
    """``CBC, CMP, ferritin``: one offer of several tests."""
    first, *others = labels
    return ", ".join([first, *(label if label[:2].isupper() else _lower(label) for label in others)])


def _lower(label: str) -> str:
    return f"{label[:1].lower()}{label[1:]}"


def create(label: str) -> str:
    """What a client says it is about to do."""
    return f"Draft order, to be signed: {label}"


# ------------------------------------------------------------------ why a clinician declines


class ReasonWords(NamedTuple):
    display: str
    definition: str


OVERRIDES_TITLE = "Reasons not to follow a card on cytokine release syndrome"
OVERRIDES_ABOUT = (
    "What a clinician answers who does not follow a card of this service. A code keeps its meaning for ever; "
    "one that is no longer offered stays defined."
)
GRADING_TITLE = "Reasons not to follow the advice at a grade"
ORDER_TITLE = "Reasons to sign an order as it is"
OVERRIDE_REASONS = {
    "already-acting": ReasonWords(
        "Already acting on it",
        "What the card advises is being done, was done, or is ordered elsewhere.",
    ),
    "another-cause": ReasonWords(
        "Another cause explains the findings",
        "Fever, hypotension or hypoxia are attributed to something other than cytokine release syndrome.",
    ),
    "chart-wrong": ReasonWords(
        "The chart is wrong or out of date",
        "A value, device, drug or time that the card stands on does not describe the patient.",
    ),
    "efficacy-concern": ReasonWords(
        "Concern for CAR-T efficacy (short courses of tocilizumab and steroids impair it little)",
        "The drug is withheld to protect the effect of the cells. TX-21: in life-threatening situations "
        "short courses of tocilizumab and steroids do not much impair it.",
    ),
    "specialist-plan": ReasonWords(
        "Other plan agreed with the treating specialist",
        "The team that is responsible for the immune therapy has decided otherwise.",
    ),
    "not-for-this-patient": ReasonWords(
        "Not right for this patient: contraindication or goals of care",
        "An allergy, an infection, another contraindication, or what the patient wants, speaks against it.",
    ),
    "pharmacy-agreed": ReasonWords(
        "Discussed with pharmacy",
        "Dose, interval or product of this order were agreed with a pharmacist.",
    ),
    "weight-wrong": ReasonWords(
        "The weight is wrong",
        "The order was calculated from another weight than the one on record.",
    ),
    "earlier-dose-wrong": ReasonWords(
        "An earlier dose is charted wrongly or was not given",
        "The history of doses that the card counts is not what the patient received.",
    ),
    "other-indication": ReasonWords(
        "Ordered for another indication",
        "The drug is meant for something other than cytokine release syndrome.",
    ),
}
