"""How much a client may ask for, and that one client's excess is no other's trouble."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import g

from cds_service.web.limits import MOST_AT_ONCE
from tests.contract.trusted import call, service, token
from tests.redis_server import RedisServer
from tests.trusted_ehr import Ehr, client_entry, key_of

OTHER = Ehr(iss="https://b.example", key=key_of("P-384", 2))


def test_who_calls_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    where = service(tmp_path, rate_limit=3)
    answers = [call(where, f"Bearer {token()}") for _ in range(20)]
    assert answers[0].status_code == 200
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].headers["Retry-After"] == "1"
    assert refused[0].json is not None
    assert refused[0].json["issue"][0]["code"] == "throttled"


def test_one_client_does_not_use_up_the_rate_of_another(tmp_path: Path) -> None:
    where = service(tmp_path, client_entry(tmp_path), client_entry(tmp_path, OTHER), rate_limit=3)
    assert 429 in [call(where, f"Bearer {token()}").status_code for _ in range(20)]
    assert call(where, f"Bearer {token(OTHER)}").status_code == 200


def test_forged_and_used_tokens_do_not_use_up_the_rate_of_who_they_name(tmp_path: Path) -> None:
    """Else anybody could silence an EHR by its name."""
    where = service(tmp_path, rate_limit=3)
    used = token()
    assert call(where, f"Bearer {used}").status_code == 200
    forged = Ehr(key=key_of("P-384", 9))
    for _ in range(10):
        assert call(where, f"Bearer {used}").status_code == 401
        assert call(where, f"Bearer {token(forged)}").status_code == 401
    assert call(where, f"Bearer {token()}").status_code == 200


def test_discovery_is_not_counted(tmp_path: Path) -> None:
    where = service(tmp_path, rate_limit=1)
    assert {where.get("/cds-services").status_code for _ in range(20)} == {200}


def test_a_client_whose_calls_hang_leaves_threads_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its FHIR server does not answer: more of its calls are sent away, those of other hospitals are not."""
    where = service(tmp_path, client_entry(tmp_path), client_entry(tmp_path, OTHER), rate_limit=1000)
    app, open_, inside = where.application, threading.Event(), threading.Semaphore(0)
    original = app.view_functions["cds_services.call"]

    def slow(service_id: str) -> object:
        if g.client.iss == "https://ehr.example":
            inside.release()
            open_.wait(20)
        return original(service_id)

    monkeypatch.setitem(app.view_functions, "cds_services.call", slow)
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        hanging = [pool.submit(call, app.test_client(), f"Bearer {token()}") for _ in range(MOST_AT_ONCE)]
        for _ in hanging:
            assert inside.acquire(timeout=20)
        beyond = call(app.test_client(), f"Bearer {token()}")
        other = call(app.test_client(), f"Bearer {token(OTHER)}")
        open_.set()
        assert {each.result().status_code for each in hanging} == {200}
    assert (beyond.status_code, beyond.headers["Retry-After"]) == (429, "1")
    assert other.status_code == 200
    assert call(app.test_client(), f"Bearer {token()}").status_code == 200  # and all is as it was


def test_rates_are_shared_by_all_workers_through_redis(tmp_path: Path, redis_server: RedisServer) -> None:
    workers = [service(tmp_path, rate_limit=5, redis_url=redis_server.url) for _ in range(2)]
    statuses = [call(workers[n % 2], f"Bearer {token()}").status_code for n in range(24)]
    assert 429 in statuses


def test_without_redis_a_call_is_refused_quickly_and_never_let_in(tmp_path: Path) -> None:
    """Whether its token was used before cannot be told."""
    where = service(tmp_path, redis_url="redis://127.0.0.1:9/0")
    answer = call(where, f"Bearer {token()}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_frozen_redis_costs_a_call_a_second_at_most(tmp_path: Path, redis_server: RedisServer) -> None:
    where = service(tmp_path, redis_url=redis_server.url)
    assert call(where, f"Bearer {token()}").status_code == 200
    redis_server.freeze()
    try:
        began = time.monotonic()
        assert call(where, f"Bearer {token()}").status_code == 503
        assert time.monotonic() - began < 1.5
    finally:
        redis_server.thaw()
    assert call(where, f"Bearer {token()}").status_code == 200
