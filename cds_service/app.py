"""The app factory: the only place where the parts are put together. Tables are read here, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib import metadata

from flask import Flask
from pydantic import SecretStr

from cds_service import hooks
from cds_service.acquire.bases import same_base
from cds_service.acquire.calls import Tell, unheard
from cds_service.acquire.client import FhirClient
from cds_service.acquire.queries import build_queries
from cds_service.errors import BadRequest
from cds_service.hooks.run import Allowed, Engine, from_the_chart
from cds_service.observability.metrics import Metrics
from cds_service.observability.tracing import Tracing
from cds_service.records.entries import Tables
from cds_service.records.opening import open_writer
from cds_service.records.writer import Writer
from cds_service.settings import Settings, require_authentication
from cds_service.smart import routes as smart
from cds_service.smart.registration import companion, registration
from cds_service.tables import load_codebook, load_guideline, search_codes
from cds_service.trust.addresses import AddressRule
from cds_service.trust.clients import Client, load_clients
from cds_service.trust.fetching import fetch
from cds_service.trust.key_ring import KeyRing
from cds_service.trust.keys import GivenKeys
from cds_service.trust.replay import UsedHere, UsedInRedis, open_redis
from cds_service.trust.tokens import Keys, TokenCheck, Used
from cds_service.web import audit, authentication, browsers, discovery, documents, feedback, limits, operation
from cds_service.web.authentication import Gate
from cds_service.web.operation import Operation
from cds_service.web.outcomes import register_error_handlers
from cds_service.web.routes import EXTENSION, blueprint
from cds_service.web.terminology import blueprint as terminology

MOST_BODY_BYTES = 32 * 1024 * 1024
"""A hook request with ten thousand prefetched resources has some 10 MB."""


def system_clock() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    clock: Callable[[], datetime] = system_clock,
    metrics: Metrics | None = None,
    tracing: Tracing | None = None,
) -> Flask:
    """A WSGI app. Raises ConfigurationError where a table or setting cannot be used."""
    metrics = metrics or Metrics()
    engine = build_engine(settings, clock, _told_of_requests(metrics, tracing))
    registered = registration(settings)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES
    app.extensions[EXTENSION] = engine
    tables = _tables(engine)
    writer = open_writer(settings, tables, engine.clock, metrics.records)
    audit.register(app, audit.Audit(writer, engine, tables.version, full=settings.audit_full_days > 0))
    run = Operation(metrics, tables, writer, settings.shadow, show_metrics=settings.metrics, tracing=tracing)
    operation.register(app, run)
    register_error_handlers(app)
    app.register_blueprint(blueprint)
    app.register_blueprint(feedback.create_blueprint(comments=settings.feedback_comments))
    app.register_blueprint(discovery.create_blueprint(engine, shadow=settings.shadow))
    app.register_blueprint(terminology)
    if registered is not None:
        smart.register(app, registered, engine)
    browsers.register(app, settings)
    if settings.auth == "jwt":
        _admit(app, engine, settings)
    documents.register(app, engine.services)
    return app


def build_engine(
    settings: Settings, clock: Callable[[], datetime] = system_clock, tell: Tell = unheard
) -> Engine:
    """What the services answer with. Raises ConfigurationError where a table or setting cannot be used."""
    codebook = load_codebook(settings.codes)
    return Engine(
        services=hooks.services(),
        guideline=load_guideline(settings.guideline),
        codebook=codebook,
        queries=build_queries(search_codes(codebook)),
        client=FhirClient(ca_file=str(settings.fhir_ca_file) if settings.fhir_ca_file else None, tell=tell),
        budget_ms=settings.fhir_budget_ms,
        allowed_server=_allowed(settings.fhir_servers, None, "CRS_CDS_FHIR_SERVERS"),
        zone=settings.zone,
        clock=clock,
        acquire=from_the_chart,
        companion=companion(registration(settings)),
    )


def _told_of_requests(metrics: Metrics, tracing: Tracing | None) -> Tell:
    if tracing is None:
        return metrics.fhir

    def tell(resource_type: str, outcome: str, seconds: float) -> None:
        metrics.fhir(resource_type, outcome, seconds)
        tracing.fhir(resource_type, outcome, seconds)

    return tell


def _admit(app: Flask, engine: Engine, settings: Settings) -> None:
    """Tokens are checked and calls are counted; where that cannot be done, the service is not ready."""
    gate = _gate(engine, settings)
    authentication.register(app, gate)
    limits.register(app, settings.rate_limit, _secret(settings.redis_url), len(gate.engines))
    run = operation.of(app)
    run.shadow_clients = sum(client.shadow for client in gate.check.clients.values())
    if isinstance(gate.check.used, UsedInRedis):
        run.needs["redis"] = gate.check.used.answers


def _gate(engine: Engine, settings: Settings) -> Gate:
    """What knows the clients. Raises ConfigurationError where the settings or the clients file have a gap."""
    file, public_url = require_authentication(settings)
    clients = load_clients(file)
    check = TokenCheck(clients, _keys(clients, settings), _used(settings))
    engines = {iss: _engine_of(client, engine) for iss, client in clients.items()}
    return Gate(check, public_url, engines, engine.clock)


def _engine_of(client: Client, engine: Engine) -> Engine:
    """The engine that asks the FHIR server of one client, and no other."""
    allowed = _allowed((client.fhir_base,), client.addresses, "the clients file")
    return replace(engine, allowed_server=allowed)


def _keys(clients: Mapping[str, Client], settings: Settings) -> dict[str, Keys]:
    """Where the keys of each client come from: from its file, or else from where it publishes them."""
    ca_file = str(settings.fhir_ca_file) if settings.fhir_ca_file else None
    found: dict[str, Keys] = {}
    for iss, client in clients.items():
        if client.keys is not None:
            found[iss] = GivenKeys(client.keys)
        elif client.jku is not None:
            download = partial(fetch, client.jku, client.addresses, ca_file)
            found[iss] = KeyRing(client.jku, download, settings.jwks_seconds)
    return found


def _used(settings: Settings) -> Used:
    url = _secret(settings.redis_url)
    return UsedHere() if url is None else UsedInRedis(open_redis(url))


def _secret(setting: SecretStr | None) -> str | None:
    return None if setting is None else setting.get_secret_value()


def the_writer(app: Flask) -> Writer:
    """What writes the records of an app: started and stopped with the process that serves it."""
    found: audit.Audit = app.extensions[audit.EXTENSION]
    return found.writer


def _tables(engine: Engine) -> Tables:
    version = metadata.version("crs-cds")
    return Tables(engine.guideline.id, engine.guideline.sha256, engine.codebook.sha256, version)


def _allowed(
    bases: tuple[str, ...], addresses: AddressRule | None, named_in: str
) -> Callable[[str], Allowed]:
    """The configured base that a request's ``fhirServer`` equals; its own spelling is never called."""

    def find(server: str) -> Allowed:
        for base in bases:
            if same_base(base, server):
                return Allowed(base, addresses)
        raise BadRequest(
            f"fhirServer is not a FHIR server this service may call for you; name it in {named_in}",
            ("fhirServer",),
        )

    return find
