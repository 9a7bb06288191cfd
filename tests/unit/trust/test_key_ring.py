"""Keys as a client publishes them: rotated, out of reach for a while, or asked for by who has none."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cds_service.trust.key_ring import KeyRing
from cds_service.trust.reasons import CannotTell
from tests.trusted_ehr import key_of, public_jwk


class Published:
    """A key server whose answer, and clock, a test turns."""

    def __init__(self, *kids: str) -> None:
        self.kids = list(kids)
        self.fetches = 0
        self.now = 1000.0
        self.down = False
        self.gate = threading.Event()
        self.gate.set()
        self.ring = KeyRing("https://ehr.example/jwks.json", self.fetch, 300, lambda: self.now)

    def fetch(self) -> bytes:
        self.fetches += 1
        self.gate.wait(10)
        if self.down:
            raise OSError
        return json.dumps({"keys": [public_jwk(key_of("P-384"), kid) for kid in self.kids]}).encode()

    def knows(self, kid: str) -> bool:
        return self.ring.find(kid, "ES384") is not None

    def settle(self) -> None:
        for thread in threading.enumerate():
            if thread.name == "jwks":
                thread.join(10)


def test_keys_are_fetched_once_and_kept() -> None:
    keys = Published("one")
    assert all(keys.knows("one") for _ in range(100))
    assert keys.fetches == 1


def test_a_new_key_is_found_without_a_restart() -> None:
    keys = Published("one")
    assert keys.knows("one")
    keys.kids, keys.now = ["two"], keys.now + 11
    assert keys.knows("two")
    assert not keys.knows("one")  # withdrawn


def test_a_withdrawn_key_opens_nothing_after_its_time() -> None:
    keys = Published("one")
    assert keys.knows("one")
    keys.kids, keys.now = [], keys.now + 301
    assert not keys.knows("one")


def test_unknown_keys_cost_one_fetch_in_ten_seconds_however_many_name_them() -> None:
    keys = Published("one")
    assert keys.knows("one")
    for _ in range(50):
        keys.now += 1
        assert not keys.knows("stranger")
    assert keys.fetches <= 1 + 5


def test_a_key_server_that_is_down_for_a_while_is_not_noticed() -> None:
    keys = Published("one")
    assert keys.knows("one")
    keys.down = True
    for _ in range(29):
        keys.now += 10
        assert keys.knows("one")
        keys.settle()
    assert keys.fetches > 2  # it was tried again in the second half of their time


def test_keys_are_never_used_beyond_their_time() -> None:
    keys = Published("one")
    assert keys.knows("one")
    keys.down, keys.now = True, keys.now + 301
    with pytest.raises(CannotTell):
        keys.knows("one")
    keys.down, keys.now = False, keys.now + 11
    assert keys.knows("one")


def test_a_key_server_that_is_down_is_not_asked_by_every_call() -> None:
    keys = Published("one")
    keys.down = True
    for _ in range(20):
        with pytest.raises(CannotTell):
            keys.knows("one")
    assert keys.fetches == 1


def test_known_keys_are_served_while_others_wait_for_unknown_ones() -> None:
    keys = Published("one")
    assert keys.knows("one")
    keys.now += 11
    keys.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(keys.knows, "two")
        while keys.fetches < 2:
            pass
        assert keys.knows("one")
        keys.gate.set()
        assert not waiting.result(10)


def test_a_crowd_that_needs_a_fetch_makes_one_and_few_wait_for_it() -> None:
    """Threads that all wait for one client's keys would be missing for the patients of others."""
    keys = Published("one")
    keys.gate.clear()
    with ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(keys.knows, "one") for _ in range(20)]
        sent_away = 0
        while sent_away < 16:
            sent_away = sum(call.done() for call in calls)
        keys.gate.set()
        results = [call.exception() is None for call in calls]
    assert keys.fetches == 1
    assert results.count(True) == 4


def test_of_a_crowd_that_finds_keys_rotated_those_that_wait_get_the_new_key() -> None:
    keys = Published("one")
    assert keys.knows("one")
    keys.kids, keys.now = ["one", "two"], keys.now + 11
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(keys.knows, ["two"] * 4))
    assert keys.fetches == 2
