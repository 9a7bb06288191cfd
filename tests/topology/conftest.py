"""The whole set-up, once: nginx as shipped, two replicas, PostgreSQL, Redis, a real FHIR server."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
import requests

from benchmarks.hospital import gateway
from benchmarks.hospital.hospital import Hospital, open_hospital
from tests import redis_server
from tests.integration import hapi_server, postgresql_server
from tests.prerequisites import missing
from tools import trial


class Site(NamedTuple):
    hospital: Hospital
    database: str

    def session(self) -> requests.Session:
        """What an EHR calls with: it trusts the hospital's certificate, and no setting of this machine."""
        found = requests.Session()
        found.trust_env, found.verify = False, str(self.hospital.certificate)
        return found

    def stored(self, card: str) -> int:
        """How often the store has feedback about a card."""
        with psycopg.connect(self.database) as connection:
            row = connection.execute("SELECT count(*) FROM feedback WHERE card = %s", (card,)).fetchone()
        return int(row[0]) if row else 0


def _needed() -> Path:
    tools = [*hapi_server.missing_tools()]
    tools += [] if gateway.program() else ["nginx"]
    tools += [] if redis_server.program() else ["redis-server"]
    place = postgresql_server.programs()
    if place is None or tools:
        missing(f"the whole set-up needs a JDK, Maven, nginx, Redis and PostgreSQL; not found: {tools}")
    return place


@pytest.fixture(scope="session")
def hospital() -> Iterator[Site]:
    place = _needed()
    folder = Path(tempfile.mkdtemp(prefix="crs-cds-topology-"))
    folder.chmod(0o711)
    try:
        with (
            hapi_server.running(hapi_server.install()) as fhir_base,
            postgresql_server.running(place) as database,
        ):
            trial.load(fhir_base, None)
            url = f"{database.url}/postgres"
            with open_hospital(folder, fhir_base, url) as found:
                yield Site(found, url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
