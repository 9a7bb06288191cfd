"""A small read-only FHIR R4 server over the synthetic patients, mounted at /fhir.

The charts move with the clock: each request reads them as of the current
minute. It is strict where real servers differ: an unknown parameter is a 400.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from flask import Blueprint, Response, request

from cds_service.sandbox import patients
from cds_service.sandbox.capability import capability_statement
from cds_service.sandbox.elements import Json, whole_minute
from cds_service.sandbox.fhir_paging import Query, bundle, first_page, later_page
from cds_service.sandbox.fhir_refusal import FhirRefusalError
from cds_service.sandbox.fhir_search import parameters_of, search
from cds_service.sandbox.ward import Ward

MEDIA_TYPE = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"
WRITES = ["POST", "PUT", "PATCH", "DELETE"]


def charts_for(ward: Ward, query: Query, minute: datetime) -> Iterable[Json]:
    """The resources that a search has to look at: one patient's where it names one, else all."""
    for name, value in query:
        named = value.removeprefix("Patient/")
        if name in ("patient", "subject") and named in patients.SCENARIOS:
            return ward.chart(named, minute)
    return (resource for patient_id in patients.ids() for resource in ward.chart(patient_id, minute))


def read_resource(ward: Ward, kind: str, identifier: str) -> Json:
    """One resource. Raises FhirRefusalError 404."""
    parameters_of(kind)
    owner = next((found for found in patients.ids() if f"{identifier}-".startswith(f"{found}-")), None)
    for resource in ward.chart(owner, whole_minute(ward())) if owner else ():
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


def run_search(ward: Ward, kind: str, parameters: Query) -> Response:
    """Answer a search, or the page of a ``next`` link."""
    parameters_of(kind)
    match parameters:
        case (("_page", token),):
            page = later_page(kind, token, ward())
        case _:
            page = first_page(kind, parameters, ward())
    found = search(kind, charts_for(ward, page.query, page.minute), page.query, page.order)
    return answer(bundle(base_url(), page, found))


def sent_parameters() -> Query:
    """The parameters of a search by POST, from the form and from the address. Raises FhirRefusalError 415."""
    if request.content_length and request.mimetype != FORM:
        raise FhirRefusalError(415, "not-supported", f"A search is posted as {FORM}")
    return (*request.args.items(multi=True), *request.form.items(multi=True))


def create_blueprint(ward: Ward) -> Blueprint:
    """The routes over the charts of a ward."""
    server = Blueprint("sandbox_fhir", __name__, url_prefix="/fhir")

    @server.get("/metadata")
    def metadata() -> Response:
        return answer(capability_statement(base_url(), ward()))

    @server.get("/<kind>")
    def search_by_get(kind: str) -> Response:
        return run_search(ward, kind, (*request.args.items(multi=True),))

    @server.post("/<kind>/_search")
    def search_by_post(kind: str) -> Response:
        return run_search(ward, kind, sent_parameters())

    @server.get("/<kind>/<identifier>")
    def read(kind: str, identifier: str) -> Response:
        return answer(read_resource(ward, kind, identifier))

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
