"""The embedded EHR for trying the service out: synthetic patients, a small FHIR server, a hook console."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask

from cds_service.sandbox import console, ehr, fhir_server
from cds_service.sandbox.smart import routes as smart
from cds_service.sandbox.ward import Clock, Ward


def present() -> datetime:
    return datetime.now(UTC)


def register(app: Flask, clock: Clock = present) -> Ward:
    """Mount the console at ``/`` and ``/ehr``, the FHIR server at ``/fhir`` and its ``/auth``.

    ``clock`` gives the present as an aware time; the charts end there. A service beside it keeps the same
    time where both have the same ``Ward`` as their clock.
    """
    ward = clock if isinstance(clock, Ward) else Ward(clock)
    app.register_blueprint(fhir_server.create_blueprint(ward))
    app.register_blueprint(ehr.create_blueprint(ward))
    app.register_blueprint(console.create_blueprint())
    smart.register(app, ward)
    return ward
