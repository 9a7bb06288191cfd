"""``POST /cds-services/<id>/feedback``: what clinicians did with cards, answered once it is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from flask import Blueprint, Response, g, request

from cds_service.errors import BadRequest, Fault, ServiceError, UpstreamUnavailable
from cds_service.records.entries import Feedback
from cds_service.records.writer import NotKept
from cds_service.web import audit
from cds_service.web.faults import faults
from cds_service.web.routes import json_body, named

SCHEMA = "feedback"
MOST_BYTES = 256 * 1024
MOST_COMMENT = 4_000
STORABLE = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,255}")
"""What an id or a code looks like. Other text is none, and one database or another would refuse it."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


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
        except NotKept:
            text = "the feedback could not be stored now; send it again"
            raise UpstreamUnavailable(text, retry_after=5) from None
        return Response("{}", content_type="application/json")

    return blueprint


def _read(body: bytes, service: str, *, comments: bool) -> Iterator[Feedback]:
    """All of a batch, or none: raises BadRequest naming each entry at fault."""
    message = _decoded(body)
    wrong = faults(message, SCHEMA) or tuple(_unstorable(message))
    if wrong:
        _refuse(wrong)
    received = audit.the_audit().engine.clock()
    for number, entry in enumerate(message["feedback"]):
        reason = entry.get("overrideReason", {}) if entry["outcome"] == "overridden" else {}
        coding = reason.get("reason", {})
        accepted = entry.get("acceptedSuggestions", ()) if entry["outcome"] == "accepted" else ()
        yield Feedback(
            card=entry["card"].lower(),  # a uuid may be written in either case
            outcome=entry["outcome"],
            outcome_time=_time(entry["outcomeTimestamp"], number),
            service=service,
            client=g.get("client", ""),
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


def _time(text: str, number: int) -> datetime:
    """A time in UTC to the microsecond: the shape is the schema's to check, a 31 February is not."""
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        member = f"feedback[{number}].outcomeTimestamp"
        text = f"{member} is no time that there is; nothing of the batch was stored"
        raise BadRequest(text, (member,)) from None


def _comment(text: str | None) -> str | None:
    return _UNSTORABLE.sub("\ufffd", text)[:MOST_COMMENT] if text else None
