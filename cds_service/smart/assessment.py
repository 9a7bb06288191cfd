"""``POST /smart/assessment``: the chart that the page read in, the course of CRS out. Nothing is kept.

The same steps as for a hook whose prefetch is complete: acquire, map, assess, words. There is no token in it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from flask import Response, g

from cds_service.acquire.acquire import Acquired
from cds_service.acquire.reasons import Failure, Reason
from cds_service.acquire.scopes import Grant, granted
from cds_service.crs.evidence import Grade
from cds_service.errors import BadRequest
from cds_service.hooks.request import HookRequest
from cds_service.hooks.run import Answer, Engine, Seen, Service, from_the_chart, picture, summarize
from cds_service.observability import logger
from cds_service.smart.course import Opened, course_document
from cds_service.smart.origin import require_own_page
from cds_service.smart.rate import Rate
from cds_service.smart.registration import ASSESSMENT, Registration
from cds_service.web.members import ID, Json, matching
from cds_service.web.routes import json_body
from cds_service.web.wire import decode
from fhir_mappings.facts import Coverage

encode = msgspec.json.Encoder(decimal_format="number").encode
REASON = re.compile(r"[a-z\-]{1,40}")


def _no_hook(_request: HookRequest, _engine: Engine) -> Answer:
    raise NotImplementedError("the page is no hook")


SERVICE = Service("smart-app", "", "", "", "", _no_hook)
"""Under this name the calls of the page are in the records."""


class Posted(NamedTuple):
    """What the page sends: the chart by prefetch key, why parts are lacking, what the token may read."""

    request: HookRequest
    failures: Mapping[str, str]
    opened: Opened | None


def answer(registered: Registration, engine: Engine, rate: Rate) -> Response:
    """Raises Forbidden, TooManyCalls, BadRequest, TooLarge, UnsupportedMediaType, PreconditionFailed."""
    trace = g.trace
    trace.service = SERVICE
    require_own_page(registered)
    rate.check(ASSESSMENT)
    posted = _posted(decode(json_body()))
    trace.hook = posted.request
    seen = picture(posted.request, replace(engine, acquire=_acquired), engine.clock())
    trace.summary = summarize(seen.assessment, seen.acquired)
    body = encode(_course(seen, posted, engine))
    took = round((time.perf_counter() - g.started) * 1000, 1)
    logger.info("page", service=SERVICE.id, duration_ms=took, **trace.summary)
    return Response(body, content_type="application/json", headers={"Cache-Control": "no-store"})


def _posted(sent: Json) -> Posted:
    prefetch, context = sent.get("prefetch"), sent.get("context")
    if not isinstance(prefetch, dict) or not isinstance(context, dict):
        raise BadRequest("prefetch or context is missing or is not an object", ("prefetch", "context"))
    patient_id = matching(context, "patientId", ID, "the bare id of the patient", "context.")
    failures = context.get("failures", {})
    if not isinstance(failures, dict) or not all(
        isinstance(r, str) and REASON.fullmatch(r) for r in failures.values()
    ):
        raise BadRequest("context.failures is not an object of reasons", ("context.failures",))
    scope = context.get("scope")
    request = HookRequest(
        hook_instance="",
        patient_id=patient_id,
        encounter_id=None,
        fhir_server=None,
        token=None,
        prefetch=prefetch,
        context={"patientId": patient_id},
        scope=scope if isinstance(scope, str) else None,
    )
    return Posted(request, failures, _opened(context.get("appContext")))


def _opened(text: Any) -> Opened | None:
    """What the card's link told; from another version it may be anything, and is then left aside."""
    try:
        told = msgspec.json.decode(text)
        as_of, grade = datetime.fromisoformat(told["asOf"]), told.get("grade")
        ends = Grade(int(grade[0]), int(grade[1])) if grade else None
        in_range = ends is None or 0 <= ends.lowest <= ends.highest <= 4
        return Opened(as_of.astimezone(UTC), ends) if in_range and as_of.tzinfo else None
    except (msgspec.DecodeError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        return None


def _acquired(request: HookRequest, engine: Engine, now: datetime) -> Acquired:
    """The chart as sent; a search that the token may only answer in part proves nothing."""
    found = from_the_chart(request, engine, now)
    for query in engine.queries:
        if query.key not in found.failures and granted(request.scope, query.resource_type) is not Grant.WHOLE:
            found.coverage[query.source] = Coverage(None, Reason.REFUSED)
            found.failures[query.key] = Failure(Reason.REFUSED)
    return found


def _course(seen: Seen, posted: Posted, engine: Engine) -> Json:
    """``gaps``: as the page saw the failure; it knows more than the Bundle that it could not fill."""
    failures = seen.acquired.failures
    gaps = {key: posted.failures.get(key, str(failure.reason)) for key, failure in failures.items()}
    return course_document(seen.facts, seen.assessment, engine.guideline, engine.zone, gaps, posted.opened)
