"""The OpenAPI document of the service: its routes as they are, and what they take and give."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from cds_service.hooks.run import Service
from cds_service.web import schemas

Json = dict[str, Any]
FHIR_JSON = "application/fhir+json"
REFUSALS = {
    400: "Malformed, of another hook, or naming a FHIR server that may not be called.",
    401: "No token, or none that is valid for this address; without a body.",
    404: "There is no such thing here.",
    405: "Another method is needed.",
    412: "Data that is needed was not sent and cannot be had.",
    413: "The body is too large.",
    415: "Not JSON, or packed in another way than gzip.",
    429: "More calls than a client may make; try again.",
    500: "The service failed; nothing was said about the patient.",
    503: "The FHIR server timed out, throttled or failed, or callers cannot be told now; try again.",
}
EVERYWHERE = (400, 405)


def document(services: list[Service], with_feedback: bool, with_tokens: bool) -> Json:
    """OpenAPI 3.1, whole in itself: all schemas are inside."""
    token: Json = {"security": [{"client": []}]} if with_tokens else {}
    paths: Json = {
        "/cds-services": {"get": _reading("Discovery", "discovery", "application/json")},
        "/schemas/{name}": {"get": _schema_file()},
        "/terminology/{kind}/{identity}": {"get": _definition()},
        "/livez": {"get": _plain("The process lives")},
        "/readyz": {"get": _ready()},
        "/metrics": {"get": _counted()},
    }
    for service in services:
        path = f"/cds-services/{service.id}"
        paths[path] = {"post": token | _call(service)}
        if with_feedback:
            paths[f"{path}/feedback"] = {"post": token | _feedback(service)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "CRS CDS",
            "version": version("crs-cds"),
            "description": "CDS Hooks 2.0.1 service for cytokine release syndrome. "
            "Decision support for professionals.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "paths": paths,
        "components": {
            "schemas": {name: _moved(name, s) for name, s in schemas.documents().items()},
            "securitySchemes": {"client": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _call(service: Service) -> Json:
    named = f"{service.hook}-request"
    schema = named if named in schemas.documents() else "request"
    return {
        "summary": service.title,
        "description": service.description,
        "operationId": service.id,
        "requestBody": _body(schema),
        "responses": _answers(
            "The cards; none where there is nothing to say.", "response", "application/json",
            401, 404, 412, 413, 415, 429, 500, 503,
        ),
    }  # fmt: skip


def _feedback(service: Service) -> Json:
    return {
        "summary": f"What became of the cards of {service.id}",
        "operationId": f"{service.id}-feedback",
        "requestBody": _body("feedback"),
        "responses": _answers("Kept; nothing is said.", None, "", 401, 404, 413, 415, 429, 500, 503),
    }


def _body(schema: str) -> Json:
    return {"required": True, "content": {"application/json": {"schema": _to(schema)}}}


def _reading(summary: str, schema: str | None, media_type: str) -> Json:
    return {"summary": summary, "responses": _answers(summary, schema, media_type, 304)}


def _ready() -> Json:
    found = _reading("The service can answer", None, "application/json")
    found["responses"].pop("304")
    text = "What calls cannot do without does not answer; which, is named."
    return {**found, "responses": {**found["responses"], "503": {"description": text}}}


def _counted() -> Json:
    found = _plain("What was counted, for Prometheus")
    return {
        **found,
        "responses": {**found["responses"], **_answers("", None, "", 404), "200": found["responses"]["200"]},
    }


def _plain(summary: str) -> Json:
    return {"summary": summary, "responses": _answers(summary, None, "text/plain")}


def _schema_file() -> Json:
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    responses = _answers("A JSON Schema, or this document.", None, "application/schema+json", 304, 404)
    responses["200"]["content"]["application/vnd.oai.openapi+json"] = {}
    return {"summary": "JSON Schemas", "parameters": [name], "responses": responses}


def _definition() -> Json:
    names = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in ("kind", "identity")
    ]
    summary = "A CodeSystem or ValueSet of the codes that cards carry"
    return {
        "summary": summary,
        "parameters": names,
        "responses": _answers(summary, None, FHIR_JSON, 304, 404),
    }


def _answers(summary: str, schema: str | None, media_type: str, *refusals: int) -> Json:
    found: Json = {"200": {"description": summary}}
    if media_type:
        found["200"]["content"] = {media_type: _schema_of(schema)}
    for status in sorted({*refusals, *EVERYWHERE} - {304}):
        found[str(status)] = {"description": REFUSALS[status]}
        if status != 401:
            found[str(status)]["content"] = {FHIR_JSON: {"schema": _to("operation-outcome")}}
    if 304 in refusals:
        found["304"] = {"description": "As it was under the ETag that was sent."}
    for busy in {"429", "503"} & set(found):
        found[busy]["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 0}}}
    return found


def _schema_of(schema: str | None) -> Json:
    return {"schema": _to(schema)} if schema else {}


def _to(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}


def _moved(name: str, value: Any) -> Any:
    """A schema with its references as they are inside the document."""
    if isinstance(value, list):
        return [_moved(name, item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {k: _moved(name, item) for k, item in value.items() if k not in ("$schema", "$id", "$ref")}
    if "$ref" in value:
        file, _, pointer = value["$ref"].partition("#")
        kept["$ref"] = f"#/components/schemas/{file.removesuffix('.json') or name}{pointer}"
    return kept
