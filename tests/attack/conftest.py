"""The service as a process of its own, for who speaks to its socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.serving import Served, served
from tests.trusted_ehr import PUBLIC_URL, client_entry, write_clients


@pytest.fixture(scope="module")
def jwt_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One worker that trusts the usual EHR."""
    folder = tmp_path_factory.mktemp("clients")
    clients = write_clients(folder, client_entry(folder))
    with served(1, auth="jwt", clients=str(clients), public_url=PUBLIC_URL, rate_limit="10000") as found:
        yield found
