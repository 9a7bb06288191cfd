"""``GET /schemas/<name>.json``: the JSON Schemas of what the service answers."""

from __future__ import annotations

from functools import cache
from importlib import resources

from flask import Blueprint, Response

from cds_service.errors import NotFound

blueprint = Blueprint("schemas", __name__)


@cache
def _files() -> dict[str, str]:
    folder = resources.files("cds_service.web") / "schema_files"
    return {item.name: item.read_text() for item in folder.iterdir() if item.name.endswith(".json")}


@blueprint.get("/schemas/<name>")
def schema(name: str) -> Response:
    text = _files().get(name)
    if text is None:
        raise NotFound("there is no such schema; there are: " + ", ".join(sorted(_files())))
    return Response(text, content_type="application/schema+json")
