"""A token opens one call, whoever holds it and wherever it goes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cds_service.trust.reasons import CannotTell
from cds_service.trust.replay import UsedHere, UsedInRedis, open_redis
from tests.redis_server import RedisServer


@pytest.fixture(params=["here", "redis"])
def used(request: pytest.FixtureRequest) -> UsedHere | UsedInRedis:
    if request.param == "here":
        return UsedHere()
    server: RedisServer = request.getfixturevalue("redis_server")
    return UsedInRedis(open_redis(server.url))


def test_a_token_is_used_once(used: UsedHere | UsedInRedis) -> None:
    assert used.first_use("https://ehr.example", "one", 60)
    assert not used.first_use("https://ehr.example", "one", 60)


def test_of_many_at_once_one_is_first(used: UsedHere | UsedInRedis) -> None:
    with ThreadPoolExecutor(16) as pool:
        first = list(pool.map(lambda _: used.first_use("https://ehr.example", "crowd", 60), range(200)))
    assert first.count(True) == 1


def test_each_issuer_has_identifiers_of_its_own(used: UsedHere | UsedInRedis) -> None:
    """Else one EHR could use up the tokens of another."""
    assert used.first_use("https://a.example", "shared", 60)
    assert used.first_use("https://b.example", "shared", 60)
    assert used.first_use("https://a.example/s", "hared", 60)


@pytest.mark.parametrize("jti", ["\r\nFLUSHALL\r\n", "\ud800", "a" * 256, "*", "\x00"])
def test_an_identifier_is_only_a_text(used: UsedHere | UsedInRedis, jti: str) -> None:
    assert used.first_use("https://ehr.example", jti, 60)
    assert not used.first_use("https://ehr.example", jti, 60)


def test_what_is_kept_in_the_process_ends_with_the_tokens() -> None:
    now = [0.0]
    used = UsedHere(lambda: now[0])
    for number in range(5000):
        now[0] += 1
        assert used.first_use("https://ehr.example", str(number), 60)
    assert len(used._until) < 1024 + 60


def test_redis_forgets_a_token_after_its_time(redis_server: RedisServer) -> None:
    used = UsedInRedis(open_redis(redis_server.url))
    assert used.first_use("https://ehr.example", "brief", 1)
    time.sleep(1.2)
    assert used.first_use("https://ehr.example", "brief", 1)


def test_a_frozen_redis_is_given_up_in_a_second(redis_server: RedisServer) -> None:
    """Without a time limit every call would hang with it."""
    used = UsedInRedis(open_redis(redis_server.url))
    assert used.first_use("https://ehr.example", "before", 60)
    redis_server.freeze()
    try:
        began = time.monotonic()
        with pytest.raises(CannotTell):
            used.first_use("https://ehr.example", "during", 60)
        assert time.monotonic() - began < 1.5
    finally:
        redis_server.thaw()


def test_without_redis_nobody_can_tell() -> None:
    with pytest.raises(CannotTell):
        UsedInRedis(open_redis("redis://127.0.0.1:9/0")).first_use("https://ehr.example", "one", 60)
