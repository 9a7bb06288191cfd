"""The real FHIR server, once for all tests that ask for it."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import pytest

from tests.integration import hapi_server
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
