"""What the console's EHR can do beyond reading FHIR: under ``/ehr``, for its own page alone.

The clock is put ahead, values are charted, orders signed, given and stopped; the patient list is graded, and
charts that somebody brings along are assessed. Refusals are OperationOutcomes, as those of /fhir are.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from cds_service.errors import ConfigurationError
from cds_service.hooks.run import Engine
from cds_service.sandbox import assessments, bedside, order_entry, patients
from cds_service.sandbox.catalogue import catalogue
from cds_service.sandbox.elements import Json, instant, whole_minute
from cds_service.sandbox.fhir_refusal import FhirRefusalError
from cds_service.sandbox.fhir_server import answer
from cds_service.sandbox.person import Person
from cds_service.sandbox.ward import FullChartError, StaleChartError, Ward
from cds_service.web.routes import EXTENSION
from fhir_mappings.datetimes import FIRST_YEAR, LAST_YEAR

LONGEST_MINUTES = 24 * 60
"""How far the clock is put ahead at once."""
STALE = "the chart changed in another window since these orders were checked: check them again"


def create_blueprint(ward: Ward) -> Blueprint:
    """The routes; each that changes something answers with the state of the ward."""
    ehr = Blueprint("sandbox_ehr", __name__, url_prefix="/ehr")
    ehr.before_request(_refuse_other_pages)
    _ward_routes(ehr, ward)
    _patient_routes(ehr, ward)
    _assessment_routes(ehr, ward)
    ehr.register_error_handler(FhirRefusalError, _refused)
    for error in STATUSES:
        ehr.register_error_handler(error, _refused)
    return ehr


STATUSES: dict[type[Exception], tuple[int, str]] = {
    bedside.ImplausibleError: (400, "value"),
    order_entry.OrderError: (422, "business-rule"),
    assessments.TooManyPatientsError: (422, "too-long"),
    ConfigurationError: (422, "invalid"),
    FullChartError: (409, "too-long"),
    StaleChartError: (409, "conflict"),
}


def _refused(error: Exception) -> Response:
    if isinstance(error, FhirRefusalError):
        return answer(error.outcome(), error.status)
    status, code = STATUSES[type(error)]
    text = STALE if isinstance(error, StaleChartError) else str(error)
    return answer(FhirRefusalError(status, code, text).outcome(), status)


def _refuse_other_pages() -> None:
    """A page of another origin may not write here, whatever the service lets it call."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        raise FhirRefusalError(403, "forbidden", "only the console's own page may do this")


def _ward_routes(ehr: Blueprint, ward: Ward) -> None:
    @ehr.get("/catalogue")
    def orderable() -> Response:
        return jsonify(catalogue())

    @ehr.get("/ward")
    def state() -> Response:
        return _state(ward)

    @ehr.post("/ward/advance")
    def advance() -> Response:
        minutes = _body().get("minutes")
        if type(minutes) is not int or not 0 < minutes <= LONGEST_MINUTES:
            raise FhirRefusalError(400, "value", f"minutes: a whole number from 1 to {LONGEST_MINUTES}")
        ward.advance(timedelta(minutes=minutes))
        return _state(ward)

    @ehr.post("/ward/reset")
    def reset() -> Response:
        _body()
        ward.reset()
        return _state(ward)


def _state(ward: Ward, written: list[Json] | None = None) -> Response:
    state = {
        "now": instant(ward()),
        "aheadMinutes": int(ward.ahead.total_seconds() // 60),
        "changes": ward.changes,
        "versions": {patient_id: ward.version(patient_id) for patient_id in patients.ids()},
        **({"written": written} if written is not None else {}),
    }
    response = jsonify(state)
    response.headers["Cache-Control"] = "no-store"
    return response


def _patient_routes(ehr: Blueprint, ward: Ward) -> None:
    @ehr.post("/patients/<patient_id>/values")
    def chart_value(patient_id: str) -> Response:
        sent = _body()
        entry = bedside.entry(_person(patient_id), str(sent.get("kind", "")), str(sent.get("value", "")))
        return _state(ward, ward.write(patient_id, entry))

    @ehr.post("/patients/<patient_id>/orders")
    def sign(patient_id: str) -> Response:
        sent = _body()
        entry = order_entry.signing(_person(patient_id).id, sent.get("orders"))
        return _state(ward, ward.write(patient_id, entry, str(sent.get("version"))))

    @ehr.post("/patients/<patient_id>/orders/<order_id>/<any(give, stop):what>")
    def carry_out(patient_id: str, order_id: str, what: str) -> Response:
        _body()
        made = order_entry.giving(order_id) if what == "give" else order_entry.stopping(order_id)
        return _state(ward, ward.write(_person(patient_id).id, made))


def _person(patient_id: str) -> Person:
    try:
        return patients.SCENARIOS[patient_id]
    except KeyError:
        raise FhirRefusalError(404, "not-found", "there is no such patient in the demo") from None


def _body() -> dict[str, Any]:
    """The JSON object that was sent. A media type that forms cannot send keeps other pages out."""
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict):
        raise FhirRefusalError(400, "invalid", "send a JSON object as application/json")
    return sent


def _assessment_routes(ehr: Blueprint, ward: Ward) -> None:
    graded = _remembered(ward)

    @ehr.get("/grades")
    def grades() -> Response:
        now = ward()
        response = jsonify({"grades": [graded(patient_id, now) for patient_id in patients.ids()]})
        response.headers["Cache-Control"] = "no-store"
        return response

    @ehr.post("/assess")
    def assess() -> Response:
        if request.mimetype not in ("application/json", "application/fhir+ndjson", "application/fhir+json"):
            raise FhirRefusalError(
                415, "not-supported", "send FHIR as application/fhir+json or application/fhir+ndjson"
            )
        found = assessments.assessed_file(request.get_data(), _engine(), _as_of(ward()))
        if not found:
            raise FhirRefusalError(
                422, "not-found", "no patient found: no Patient, and no resource with a subject"
            )
        return jsonify({"patients": found})


def _remembered(ward: Ward) -> Callable[[str, datetime], Json]:
    """The overview of a patient, made anew when the minute or the chart is another."""
    last: dict[str, tuple[object, Json]] = {}

    def graded(patient_id: str, now: datetime) -> Json:
        minute = whole_minute(now)
        key = (minute, ward.changes)
        kept = last.get(patient_id)
        if kept is None or kept[0] != key:
            made = assessments.overview(patient_id, ward.chart(patient_id, minute), _engine(), now)
            kept = last[patient_id] = (key, made)
        return kept[1]

    return graded


def _engine() -> Engine:
    engine: Engine | None = current_app.extensions.get(EXTENSION)
    if engine is None:
        raise FhirRefusalError(404, "not-supported", "no service runs beside this sandbox")
    return engine


def _as_of(now: datetime) -> datetime:
    """The time that the chart is read at. Raises FhirRefusalError 400."""
    text = request.args.get("asOf", "")
    if not text:
        return now
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise FhirRefusalError(400, "value", "asOf: a time such as 2026-11-22T09:00:00Z") from None
    if time.tzinfo is None or not FIRST_YEAR < time.year < LAST_YEAR:
        raise FhirRefusalError(400, "value", "asOf: a time with its zone, such as 2026-11-22T09:00:00Z")
    return time
