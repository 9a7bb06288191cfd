"""A stolen token, tried again: by itself, and against every worker of every replica at once."""

from __future__ import annotations

import base64
import http.client
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from tests.attack.forging import ORDER, packed
from tests.contract.trusted import call, service, token
from tests.integration.serving import served
from tests.redis_server import RedisServer
from tests.trusted_ehr import PATH, PUBLIC_URL, Ehr, client_entry, write_clients

TRIES = 500
AT_ONCE = 50


def test_a_token_opens_one_call(tmp_path: Path) -> None:
    where = service(tmp_path)
    stolen = f"Bearer {token()}"
    assert [call(where, stolen).status_code for _ in range(5)] == [200, 401, 401, 401, 401]


def test_a_token_whose_call_failed_is_used_all_the_same(tmp_path: Path) -> None:
    """A try costs the token, or tries could go on until one gets through."""
    where = service(tmp_path)
    stolen = f"Bearer {token()}"
    assert call(where, stolen, body={"hook": "other"}).status_code == 400
    assert call(where, stolen).status_code == 401


def test_a_token_written_in_another_way_is_the_same_token(tmp_path: Path) -> None:
    """ECDSA signatures have a twin, (r, n − s), and base64 has bits that mean nothing: the jti counts."""
    where = service(tmp_path)
    first = token()
    head, body, signature = first.split(".")
    raw = base64.urlsafe_b64decode(signature)
    twin = raw[:48] + (ORDER - int.from_bytes(raw[48:], "big")).to_bytes(48, "big")
    assert call(where, f"Bearer {first}").status_code == 200
    assert call(where, f"Bearer {head}.{body}.{packed(twin)}").status_code == 401


def test_one_token_at_500_tries_opens_one_call_in_a_worker(tmp_path: Path) -> None:
    with served(1, **settings(tmp_path)) as one:
        assert opened([one.base]) == 1


def test_one_token_at_500_tries_opens_one_call_of_two_services_with_four_workers(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    chosen = settings(tmp_path) | {"redis_url": redis_server.url}
    with served(2, **chosen) as one, served(2, **chosen) as two:
        assert opened([one.base, two.base]) == 1


def settings(folder: Path) -> dict[str, str]:
    clients = write_clients(folder, client_entry(folder))
    return {"auth": "jwt", "clients": str(clients), "public_url": PUBLIC_URL, "rate_limit": "10000"}


def opened(bases: list[str]) -> int:
    """How many calls one token opened: all others were refused as unauthorised, and none got lost."""
    authorization = f"Bearer {Ehr().token()}"

    def attempt(number: int) -> int:
        where = urlsplit(bases[number % len(bases)])
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
        headers = {"Content-Type": "application/json", "Authorization": authorization}
        try:
            connection.request("POST", PATH, b"{}", headers)
            return connection.getresponse().status
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = Counter(pool.map(attempt, range(TRIES)))
    assert set(seen) == {400, 401}, seen  # 400: let in, where the body {} is no hook call
    assert sum(seen.values()) == TRIES
    return seen[400]
