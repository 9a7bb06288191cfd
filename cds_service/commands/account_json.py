"""What became of a patient's resources, as one JSON object."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from cds_service.cards.document import without_empty
from cds_service.cards.formats import rfc3339
from fhir_mappings import Account, Accounted, Unmapped
from fhir_mappings.accounting import BirthDate, Fact
from fhir_mappings.facts import (
    Administration,
    Condition,
    MappingIssue,
    Method,
    OxygenSupport,
    Quantity,
    Reading,
    Route,
    Therapy,
)

Json = dict[str, Any]


def account_document(patient: str, account: Account, as_of: datetime | None, whole: bool = True) -> Json:
    """One patient's account; nothing in it is null or empty."""
    return without_empty(
        {
            "patient": patient,
            "asOf": _time(as_of),
            "resources": [_resource_document(each) for each in account.resources] if whole else None,
            "totals": without_empty(
                {
                    "outcomes": {str(key): count for key, count in account.outcomes.items()},
                    "issues": dict(account.issues),
                    "duplicates": account.duplicates or None,
                }
            ),
            "unmapped": [_unmapped_document(each) for each in account.unmapped],
        }
    )


def _resource_document(row: Accounted) -> Json:
    return without_empty(
        {
            "reference": row.reference,
            "type": row.kind,
            "outcome": str(row.outcome),
            "label": row.label,
            "facts": [fact_document(fact) for fact in row.facts],
            "issues": [_issue_document(issue) for issue in row.issues],
        }
    )


def _unmapped_document(item: Unmapped) -> Json:
    return without_empty(
        {
            "place": str(item.place),
            "count": item.count,
            "text": item.text,
            "system": item.system,
            "code": item.code,
            "valueType": item.value_type,
            "unit": item.unit,
            "names": item.names,
            "fault": item.fault,
        }
    )


def _issue_document(issue: MappingIssue) -> Json:
    return without_empty(
        {
            "code": issue.code,
            "concept": issue.concept,
            "value": issue.value,
            "unit": issue.unit,
            "time": _time(issue.time),
            "detail": issue.detail,
        }
    )


def _time(time: datetime | None) -> str | None:
    return rfc3339(time) if time is not None else None


def _number(value: Decimal) -> str:
    return format(value, "f")


def fact_document(fact: Fact) -> Json:
    """What a fact says, in the same words whatever kind it is."""
    if isinstance(fact, Reading):
        return _reading(fact)
    if isinstance(fact, OxygenSupport):
        return without_empty(_oxygen(fact))
    if isinstance(fact, Administration):
        return without_empty(_administration(fact))
    if isinstance(fact, Therapy):
        return without_empty(_therapy(fact))
    if isinstance(fact, Condition):
        return without_empty(_condition(fact))
    return _birth_date(fact)


def _reading(fact: Reading) -> Json:
    return without_empty(
        {
            "concept": str(fact.concept),
            "value": _number(fact.value),
            "unit": fact.unit,
            "charted": _amount(fact.charted),
            "method": "" if fact.method is Method.UNSPECIFIED else str(fact.method),
            "time": rfc3339(fact.time),
        }
    )


def _amount(quantity: Quantity | None) -> Json | None:
    return {"value": _number(quantity.value), "unit": quantity.unit} if quantity is not None else None


def _oxygen(fact: OxygenSupport) -> Json:
    state = "ventilation-mode" if fact.mode else "oxygen-device" if fact.device else "oxygen"
    return {
        "concept": state,
        "value": str(fact.device) if fact.device else "",
        "label": fact.label,
        "flow": {"value": _number(fact.flow), "unit": "L/min"} if fact.flow is not None else None,
        "fio2": {"value": _number(fact.fio2), "unit": "1"} if fact.fio2 is not None else None,
        "reasons": sorted(fact.reasons),
        "time": rfc3339(fact.time),
        "end": _time(fact.end),
        "ongoing": fact.ongoing or None,
    }


def _administration(fact: Administration) -> Json:
    return {
        "concept": fact.drug,
        "product": fact.product,
        "rate": _amount(fact.rate),
        "dose": _amount(fact.dose),
        "mass": _amount(fact.mass) if fact.mass != fact.dose else None,
        "perMinute": _amount(fact.per_minute) if fact.per_minute != fact.rate else None,
        "route": "" if fact.route is Route.UNSPECIFIED else str(fact.route),
        "status": fact.status,
        "time": rfc3339(fact.start),
        "end": _time(fact.end),
        "ongoing": fact.ongoing or None,
        "uncertain": None if fact.certain else True,
    }


def _therapy(fact: Therapy) -> Json:
    return {
        "concept": str(fact.kind),
        "value": fact.product or "",
        "label": fact.display,
        "time": rfc3339(fact.time),
        "dateOnly": fact.date_only or None,
        "end": _time(fact.end),
        "ongoing": fact.ongoing or None,
        "uncertain": None if fact.certain else True,
    }


def _condition(fact: Condition) -> Json:
    return {
        "concept": str(fact.group),
        "value": "active" if fact.active else "not active",
        "label": fact.display,
        "grade": fact.grade,
        "time": _time(fact.onset),
    }


def _birth_date(fact: BirthDate) -> Json:
    last = fact.latest.isoformat() if fact.latest != fact.earliest else None
    return without_empty({"concept": "birth-date", "value": fact.earliest.isoformat(), "latest": last})
