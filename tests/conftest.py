"""Fixtures for what lies outside Python, and the markers that go with them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import logged as logs
from tests import prerequisites
from tests import redis_server as redis_servers

MARKER_OF_FIXTURE = {
    "hapi_base": "java",
    "chromium": "browser",
    "external_data": "external",
    "image": "image",
    "hospital": "nginx",
    "postgresql": "postgres",
    "redis_server": "redis",
}
RECORDS = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Records of the services under test go to a folder of this run, not into the checkout."""
    config.stash[RECORDS] = os.environ["CRS_CDS_DATA_DIR"] = tempfile.mkdtemp(prefix="crs-cds-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[RECORDS], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the fixtures it uses, so that no marker is forgotten when tests are selected."""
    for item in items:
        used = getattr(item, "fixturenames", ())
        for fixture, marker in MARKER_OF_FIXTURE.items():
            if fixture in used:
                item.add_marker(marker)


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[logs.Logged]:
    """The log of this test, from debug on."""
    yield from logs.everything(capsys)


@pytest.fixture(scope="session")
def external_data() -> Path:
    """The folder of FHIR data that others wrote."""
    return prerequisites.external_folder() or prerequisites.missing(
        "no folder of external data: set CRS_CDS_EXTERNAL_DATA"
    )


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser program."""
    return prerequisites.chromium_program() or prerequisites.missing("Chromium is not installed")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[redis_servers.RedisServer]:
    """A running Redis; all tests share it."""
    path = redis_servers.program()
    if path is None:
        prerequisites.missing("Redis is not installed")
    with redis_servers.running(path) as server:
        yield server
