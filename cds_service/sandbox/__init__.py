"""The embedded EHR for trying the service out: synthetic patients, FHIR and SMART servers, a console."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask

from cds_service.sandbox import console, fhir_server
from cds_service.sandbox.fhir_server import Clock
from cds_service.sandbox.smart import routes as smart


def present() -> datetime:
    return datetime.now(UTC)


def register(app: Flask, clock: Clock = present) -> None:
    """Mount the console at ``/``, the FHIR server at ``/fhir`` and its authorization server at ``/auth``.

    ``clock`` gives the present as an aware time; the charts end there.
    """
    app.register_blueprint(fhir_server.create_blueprint(clock))
    app.register_blueprint(console.create_blueprint())
    smart.register(app, clock)
