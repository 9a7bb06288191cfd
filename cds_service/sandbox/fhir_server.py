"""A small read-only FHIR R4 server over the synthetic patients, mounted at /fhir.

The charts move with the clock: each request reads them as of the current
minute. It is strict where real servers differ: an unknown parameter is a 400.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache

from flask import Blueprint, Response, request

from cds_service.sandbox import patients
from cds_service.sandbox.capability import capability_statement
from cds_service.sandbox.elements import Json, whole_minute
from cds_service.sandbox.fhir_paging import Query, bundle, first_page, later_page
from cds_service.sandbox.fhir_refusal import FhirRefusalError
from cds_service.sandbox.fhir_search import parameters_of, search

Clock = Callable[[], datetime]
MEDIA_TYPE = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"
WRITES = ["POST", "PUT", "PATCH", "DELETE"]


@lru_cache(maxsize=4 * len(patients.SCENARIOS))
def chart(patient_id: str, minute: datetime) -> tuple[Json, ...]:
    """A patient's resources as of a whole minute, kept for the calls that follow. Not to be changed."""
    return tuple(patients.resources(patient_id, minute))


def charts_for(query: Query, minute: datetime) -> Iterable[Json]:
    """The resources that a search has to look at: one patient's where it names one, else all."""
    for name, value in query:
        named = value.removeprefix("Patient/")
        if name in ("patient", "subject") and named in patients.SCENARIOS:
            return chart(named, minute)
    return (resource for patient_id in patients.ids() for resource in chart(patient_id, minute))


def read_resource(kind: str, identifier: str, minute: datetime) -> Json:
    """One resource. Raises FhirRefusalError 404."""
    parameters_of(kind)
    owner = next((found for found in patients.ids() if f"{identifier}-".startswith(f"{found}-")), None)
    for resource in chart(owner, minute) if owner else ():
        if resource["resourceType"] == kind and resource["id"] == identifier:
            return resource
    raise FhirRefusalError(404, "not-found", f"{kind}/{identifier}: there is no such resource")


def base_url() -> str:
    """The server's base URL as the caller reached it."""
    return f"{request.url_root}fhir"


def answer(resource: Json, status: int = 200) -> Response:
    body = json.dumps(resource, ensure_ascii=False, separators=(",", ":"))
    return Response(
        body, status, content_type=f"{MEDIA_TYPE}; charset=utf-8", headers={"Cache-Control": "no-store"}
    )


def run_search(kind: str, parameters: Query, now: datetime) -> Response:
    """Answer a search, or the page of a ``next`` link."""
    parameters_of(kind)
    match parameters:
        case (("_page", token),):
            page = later_page(kind, token, now)
        case _:
            page = first_page(kind, parameters, now)
    found = search(kind, charts_for(page.query, page.minute), page.query, page.order)
    return answer(bundle(base_url(), page, found))


def sent_parameters() -> Query:
    """The parameters of a search by POST, from the form and from the address. Raises FhirRefusalError 415."""
    if request.content_length and request.mimetype != FORM:
        raise FhirRefusalError(415, "not-supported", f"A search is posted as {FORM}")
    return (*request.args.items(multi=True), *request.form.items(multi=True))


def create_blueprint(clock: Clock) -> Blueprint:
    """The routes; ``clock`` gives the present as an aware time."""
    server = Blueprint("sandbox_fhir", __name__, url_prefix="/fhir")

    @server.get("/metadata")
    def metadata() -> Response:
        return answer(capability_statement(base_url(), clock()))

    @server.get("/<kind>")
    def search_by_get(kind: str) -> Response:
        return run_search(kind, (*request.args.items(multi=True),), clock())

    @server.post("/<kind>/_search")
    def search_by_post(kind: str) -> Response:
        return run_search(kind, sent_parameters(), clock())

    @server.get("/<kind>/<identifier>")
    def read(kind: str, identifier: str) -> Response:
        return answer(read_resource(kind, identifier, whole_minute(clock())))

    _refuse_the_rest(server)
    return server


def _refuse_the_rest(server: Blueprint) -> None:
    @server.route("/", defaults={"path": ""}, methods=["GET", *WRITES])
    @server.route("/<path:path>", methods=["GET", *WRITES])
    def other(path: str) -> Response:
        if request.method in WRITES:
            raise FhirRefusalError(405, "not-supported", "This server is read only")
        raise FhirRefusalError(404, "not-found", f"/{path}: there is nothing at this address")

    @server.errorhandler(FhirRefusalError)
    def refused(refusal: FhirRefusalError) -> Response:
        return answer(refusal.outcome(), refusal.status)
