"""``POST /cds-services/<id>/feedback``: what clinicians did with cards, answered once it is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from flask import Blueprint, Response, g, request

from cds_service.errors import BadRequest, Fault, ServiceError, UpstreamUnavailable
from cds_service.records.entries import Feedback
from cds_service.records.writer import NotKept, NotStorable
from cds_service.web import audit
from cds_service.web.faults import faults
from cds_service.web.members import UUID
from cds_service.web.routes import json_body, named

SCHEMA = "feedback"
MOST_BYTES = 256 * 1024
MOST_COMMENT = 4_000
STORABLE = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,255}")
"""What an id or a code looks like. Other text is none, and one database or another would refuse it."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
"""How far a client's clock, or its zone, may be wrong."""


def create_blueprint(*, comments: bool) -> Blueprint:
    """The route. ``comments`` says whether free text is kept."""
    blueprint = Blueprint("feedback", __name__)

    @blueprint.post("/cds-services/<service_id>/feedback")
    def feedback(service_id: str) -> Response:
        service = g.trace.service = named(service_id)
        request.max_content_length = MOST_BYTES
        given = list(_read(json_body(), service.id, comments=comments))
        try:
            audit.the_audit().writer.keep(given)
        except NotStorable:
            raise BadRequest(
                "a value of the batch cannot be stored; nothing of it was", ("feedback",)
            ) from None
        except NotKept:
            text = "the feedback could not be stored now; send it again"
            raise UpstreamUnavailable(text, retry_after=5) from None
        return Response("{}", content_type="application/json")

    return blueprint


def _read(body: bytes, service: str, *, comments: bool) -> Iterator[Feedback]:
    """All of a batch, or none: raises BadRequest naming each entry at fault."""
    message = _decoded(body)
    received = audit.the_audit().engine.clock()
    wrong = faults(message, SCHEMA) or (*_unstorable(message), *_untimely(message, received))
    if wrong:
        _refuse(wrong)
    for entry in message["feedback"]:
        reason = entry.get("overrideReason", {}) if entry["outcome"] == "overridden" else {}
        coding = reason.get("reason", {})
        accepted = entry.get("acceptedSuggestions", ()) if entry["outcome"] == "accepted" else ()
        yield Feedback(
            card=_same_case(entry["card"]),
            outcome=entry["outcome"],
            outcome_time=_time(entry["outcomeTimestamp"]),
            service=service,
            client=audit.client_name(),
            reason_system=coding.get("system"),
            reason_code=coding.get("code"),
            suggestions=tuple(suggestion["id"] for suggestion in accepted),
            comment=_comment(reason.get("userComment")) if comments else None,
            received=received,
        )


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        raise BadRequest("the body is not well-formed JSON") from None
    except RecursionError:
        raise BadRequest("the body is nested too deeply") from None


def _refuse(wrong: tuple[Fault, ...]) -> None:
    first, *others = wrong
    refusal: ServiceError = BadRequest(f"{first.text}; nothing of the batch was stored", (first.member,))
    refusal.others = tuple(others)
    raise refusal


def _unstorable(message: Any) -> Iterator[Fault]:
    """Ids and codes that are none: too long, or with control characters."""
    for number, entry in enumerate(message["feedback"]):
        place = f"feedback[{number}]"
        found = {f"{place}.card": entry["card"]}
        coding = entry.get("overrideReason", {}).get("reason", {})
        found |= {f"{place}.overrideReason.reason.{k}": coding[k] for k in ("system", "code") if k in coding}
        for n, suggestion in enumerate(entry.get("acceptedSuggestions", ())):
            found[f"{place}.acceptedSuggestions[{n}].id"] = suggestion["id"]
        for member, text in found.items():
            if not STORABLE.fullmatch(text):
                yield Fault(f"{member} is longer than 255 characters or holds control characters", member)


def _untimely(message: Any, now: datetime) -> Iterator[Fault]:
    """Times that there are not, or at which no card of ours was on a screen."""
    for number, entry in enumerate(message["feedback"]):
        member = f"feedback[{number}].outcomeTimestamp"
        try:
            if not EARLIEST <= _time(entry["outcomeTimestamp"]) <= now + AHEAD:
                yield Fault(f"{member} lies before 2000 or more than a day ahead", member)
        except (ValueError, OverflowError):
            yield Fault(f"{member} is no time that there is", member)


def _time(text: str) -> datetime:
    """A time in UTC to the microsecond: the shape is the schema's to check, a 31 February is not."""
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


def _same_case(card: str) -> str:
    """A uuid may be written in either case; other text is what it is, and may grow in lower case."""
    return card.lower() if UUID.fullmatch(card) else card


def _comment(text: str | None) -> str | None:
    return _UNSTORABLE.sub("\ufffd", text)[:MOST_COMMENT] if text else None
