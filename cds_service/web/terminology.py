"""``GET /terminology/<kind>/<id>``: the codes of our own that cards carry, as FHIR R4 definitions."""

from __future__ import annotations

import json
from functools import cache

from flask import Blueprint, Response

from cds_service.cards.overrides import GRADING, ORDER, code_system, value_set
from cds_service.errors import NotFound
from cds_service.web.lasting import lasting

blueprint = Blueprint("terminology", __name__)


@cache
def _definitions() -> dict[str, str]:
    resources = [code_system(), value_set(GRADING), value_set(ORDER)]
    return {f"{found['resourceType']}/{found['id']}": json.dumps(found) for found in resources}


@blueprint.get("/terminology/<kind>/<identity>")
def definition(kind: str, identity: str) -> Response:
    text = _definitions().get(f"{kind}/{identity}")
    if text is None:
        raise NotFound("there is no such definition; there are: " + ", ".join(sorted(_definitions())))
    return lasting(text, "application/fhir+json")
