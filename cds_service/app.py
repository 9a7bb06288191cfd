"""The app factory: the only place where the parts are put together. Tables are read here, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata

from flask import Flask

from cds_service import hooks
from cds_service.acquire.bases import same_base
from cds_service.acquire.client import FhirClient
from cds_service.acquire.queries import build_queries
from cds_service.errors import BadRequest
from cds_service.hooks.run import Engine, from_the_chart
from cds_service.records.entries import Tables
from cds_service.records.opening import open_writer
from cds_service.records.writer import Writer
from cds_service.settings import Settings
from cds_service.smart import routes as smart
from cds_service.smart.registration import companion, registration
from cds_service.tables import load_codebook, load_guideline, search_codes
from cds_service.web import audit, browsers, discovery, documents, feedback
from cds_service.web.outcomes import register_error_handlers
from cds_service.web.routes import EXTENSION, blueprint
from cds_service.web.terminology import blueprint as terminology

MOST_BODY_BYTES = 32 * 1024 * 1024
"""A hook request with ten thousand prefetched resources has some 10 MB."""


def system_clock() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Settings, clock: Callable[[], datetime] = system_clock) -> Flask:
    """A WSGI app. Raises ConfigurationError where a table or setting cannot be used."""
    engine, registered = build_engine(settings, clock), registration(settings)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES
    app.extensions[EXTENSION] = engine
    audit.register(app, _audit(engine, settings))
    register_error_handlers(app)
    app.register_blueprint(blueprint)
    app.register_blueprint(feedback.create_blueprint(comments=settings.feedback_comments))
    app.register_blueprint(discovery.create_blueprint(engine))
    app.register_blueprint(terminology)
    if registered is not None:
        smart.register(app, registered, engine)
    browsers.register(app, settings)
    documents.register(app, engine.services)
    return app


def build_engine(settings: Settings, clock: Callable[[], datetime] = system_clock) -> Engine:
    """What the services answer with. Raises ConfigurationError where a table or setting cannot be used."""
    codebook = load_codebook(settings.codes)
    return Engine(
        services=hooks.services(),
        guideline=load_guideline(settings.guideline),
        codebook=codebook,
        queries=build_queries(search_codes(codebook)),
        client=FhirClient(ca_file=str(settings.fhir_ca_file) if settings.fhir_ca_file else None),
        budget_ms=settings.fhir_budget_ms,
        allowed_server=_allowed(settings.fhir_servers),
        zone=settings.zone,
        clock=clock,
        acquire=from_the_chart,
        companion=companion(registration(settings)),
    )


def the_writer(app: Flask) -> Writer:
    """What writes the records of an app: started and stopped with the process that serves it."""
    found: audit.Audit = app.extensions[audit.EXTENSION]
    return found.writer


def _audit(engine: Engine, settings: Settings) -> audit.Audit:
    version = metadata.version("crs-cds")
    tables = Tables(engine.guideline.id, engine.guideline.sha256, engine.codebook.sha256, version)
    writer = open_writer(settings, tables, engine.clock)
    return audit.Audit(writer, engine, version, full=settings.audit_full_days > 0)


def _allowed(bases: tuple[str, ...]) -> Callable[[str], str]:
    """The configured base that a request's ``fhirServer`` equals; its own spelling is never called."""

    def find(server: str) -> str:
        for base in bases:
            if same_base(base, server):
                return base
        raise BadRequest(
            "fhirServer is not a FHIR server this service may call; name it in CRS_CDS_FHIR_SERVERS",
            ("fhirServer",),
        )

    return find
