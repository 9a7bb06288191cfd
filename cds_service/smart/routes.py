"""The routes of the page, where a site has registered it at an EHR."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Flask, Response

from cds_service.hooks.run import Engine
from cds_service.smart import assessment, exchange, files, pages
from cds_service.smart.rate import Rate
from cds_service.smart.registration import ASSESSMENT, TOKEN, Registration

EXTENSION = "crs_cds_smart"


def register(app: Flask, registered: Registration, engine: Engine) -> None:
    blueprint = Blueprint("smart", __name__, template_folder="templates")
    pages.add_pages(blueprint, registered, tuple(engine.queries))
    kept, rate = files.read_files(), Rate()
    blueprint.add_url_rule("/smart/static/<path:name>", "file", partial(_file, kept))
    blueprint.post(TOKEN, endpoint="token")(partial(exchange.exchange, registered, rate))
    blueprint.post(ASSESSMENT, endpoint="assessment")(partial(assessment.answer, registered, engine, rate))
    app.register_blueprint(blueprint)
    app.extensions[EXTENSION] = registered


def _file(kept: dict[str, tuple[str, str]], name: str) -> Response:
    return files.answer(kept, name)
