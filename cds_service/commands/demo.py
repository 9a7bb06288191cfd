"""``crs-cds demo``: the service with a sandbox FHIR server and a console, in one process."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from cds_service import sandbox
from cds_service.app import create_app, the_writer
from cds_service.commands.arguments import port
from cds_service.errors import ConfigurationError
from cds_service.observability import configure_logging
from cds_service.sandbox import patients
from cds_service.sandbox.ward import Clock, Ward
from cds_service.settings import Settings, is_loopback, load_settings
from cds_service.web import operation


def settings_of(base: str, **settings: Any) -> Settings:
    """Those of a demo at ``base``, where nothing else is said. Raises ConfigurationError."""
    fhir = (f"{base}/fhir",)
    own: dict[str, Any] = {"auth": "none", "fhir_servers": fhir, "public_url": base, "smart_issuers": fhir}
    return load_settings(**(own | settings))


def assemble(settings: Settings, clock: Clock = sandbox.present) -> Flask:
    """Service and sandbox in one app, on the clock of one ward. Raises ConfigurationError."""
    ward = Ward(clock)
    app = create_app(settings, clock=ward)
    sandbox.register(app, ward)
    return app


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("demo", help="try it: synthetic patients and an EHR console in the browser")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address; default 127.0.0.1")
    parser.add_argument("--port", type=port, default=8000, help="default 8000")
    parser.add_argument(
        "--write", type=Path, metavar="DIR", help="write the synthetic patients as NDJSON files, and end"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.write:
        patients.write_ndjson(options.write, datetime.now(UTC))
        sys.stdout.write(f"synthetic patients written to {options.write}\n")
        return 0
    if not is_loopback(options.host):
        raise ConfigurationError(
            f"the demo knows no users: it is refused on {options.host}, bind to 127.0.0.1"
        )
    host = f"[{options.host}]" if ":" in options.host else options.host
    base = f"http://{host}:{options.port}"
    servers = (f"{base}/fhir", f"http://localhost:{options.port}/fhir")
    settings = settings_of(base, fhir_servers=servers, smart_issuers=servers)
    configure_logging(settings.log_level)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # its request lines carry patient ids
    app = assemble(settings)
    operation.of(app).begin()
    server = make_server(options.host, options.port, app, threaded=True)
    sys.stdout.write(
        f"CRS CDS demo with synthetic patients\n\n  open   {base}/\n  FHIR   {base}/fhir/Patient\n"
        f"  hooks  {base}/cds-services\n\nStop with Ctrl-C.\n"
    )
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does: with all records written
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    finally:
        server.server_close()
        the_writer(app).stop()
    return 0
