"""The service as trusted EHRs meet it: through WSGI, with a fixed clock and a clients file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.app import create_app
from cds_service.settings import Settings
from tests.builders import NOW
from tests.contract.service import request
from tests.trusted_ehr import PATH, PUBLIC_URL, Ehr, Json, client_entry, write_clients

AT = int(NOW.timestamp())
"""The time of the service's clock, in seconds since 1970."""
_encoder = msgspec.json.Encoder(decimal_format="number")


def service(folder: Path, *clients: Json, **settings: Any) -> FlaskClient:
    """The service with these clients; with none named, the usual EHR."""
    file = write_clients(folder, *(clients or (client_entry(folder),)))
    chosen = Settings(auth="jwt", clients=file, public_url=PUBLIC_URL, data_dir=folder / "data", **settings)
    return create_app(chosen, clock=lambda: NOW).test_client()


def token(ehr: Ehr | None = None, **changes: Any) -> str:
    return (ehr or Ehr()).token(**({"now": AT} | changes))


def call(
    where: FlaskClient, authorization: str | None, path: str = PATH, body: Json | None = None
) -> TestResponse:
    """A hook call with this Authorization header."""
    headers = {} if authorization is None else {"Authorization": authorization}
    data = _encoder.encode(body or request())
    return where.post(path, data=data, content_type="application/json", headers=headers)
