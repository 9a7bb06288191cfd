"""The real FHIR server, once for all tests that ask for it."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import psycopg
import pytest

from tests.integration import hapi_server, postgresql_server
from tests.prerequisites import missing


@pytest.fixture(scope="session")
def hapi_base() -> Iterator[str]:
    """The base URL of a running HAPI FHIR server; all tests share it, so each loads patients of its own."""
    tools = hapi_server.missing_tools()
    if tools:
        missing(f"the FHIR server needs a JDK and Maven; not found: {', '.join(tools)}")
    with hapi_server.running(hapi_server.install()) as base:
        yield base


@pytest.fixture
def load(hapi_base: str) -> Callable[[Iterable[hapi_server.Resource]], None]:
    """``load(resources)`` writes resources, each under its own id, to the real FHIR server."""
    return partial(hapi_server.put_all, hapi_base)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a running PostgreSQL, to which a database name is added."""
    place = postgresql_server.programs()
    if place is None:
        missing("PostgreSQL is not installed")
    with postgresql_server.running(place) as server:
        yield server.url


@pytest.fixture
def database(postgresql: str) -> str:
    """The URL of an empty database."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(f"{postgresql}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{postgresql}/{name}"
