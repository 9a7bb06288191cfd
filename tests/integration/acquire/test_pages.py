"""Searches of several pages: where they go on, and where they stop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from cds_service.acquire.client import FhirClient
from cds_service.acquire.searches import MOST_PAGES
from fhir_mappings.facts import COMPLETE, Source
from tests.integration import fake_fhir
from tests.integration.acquire.ward import VITALS, Ward, ids, next_page
from tests.integration.fake_fhir import FakeFhir
from tests.unit.acquire.charts import (
    NOON,
    bundle,
    going_on,
    hourly,
    observation,
    outcome,
    patient,
)


@pytest.fixture
def long_stay(client: FhirClient) -> Iterator[Ward]:
    """Ten days of hourly temperatures, a page a day."""
    with FakeFhir([patient(), *hourly(240)]) as running:
        running.page_limit = 24
        yield Ward(client, running)


def test_all_pages_are_read(long_stay: Ward) -> None:
    acquired = long_stay.chart(queries=VITALS)
    assert ids(acquired) == [f"o{number}" for number in range(240)]
    assert acquired.coverage[Source.VITALS] == COMPLETE
    assert {seen.headers["authorization"] for seen in long_stay.fhir.seen} == {"Bearer t0ken"}


def test_older_pages_than_needed_are_not_read(long_stay: Ward) -> None:
    needed = NOON - timedelta(hours=60)
    acquired = long_stay.chart(queries=VITALS, oldest_needed=needed)
    assert len(long_stay.fhir.seen) == 3
    assert acquired.coverage[Source.VITALS].reaches(needed)
    assert not acquired.coverage[Source.VITALS].reaches(NOON - timedelta(hours=71))
    assert acquired.failures == {}


def test_an_unsorted_server_is_read_to_the_end(long_stay: Ward) -> None:
    long_stay.fhir.resources.reverse()
    long_stay.fhir.always("Observation", _unsorted)
    acquired = long_stay.chart(queries=VITALS, oldest_needed=NOON)
    assert len(ids(acquired)) == 240


def _unsorted(handler: fake_fhir.Handler, seen: fake_fhir.Seen) -> None:
    seen.params.pop("_sort", None)
    fake_fhir.from_store(handler, seen)


def test_a_server_that_was_not_asked_to_sort_is_read_to_the_end(long_stay: Ward) -> None:
    long_stay.fhir.once("Observation", fake_fhir.status(400, text="_sort is not supported"))
    acquired = long_stay.chart(queries=VITALS, oldest_needed=NOON - timedelta(hours=2))
    assert len(ids(acquired)) == 240
    assert acquired.coverage[Source.VITALS] == COMPLETE


def test_repetitions_across_pages_come_once(ward: Ward) -> None:
    ward.fhir.once("Observation", next_page(f"{ward.fhir.base}/Observation?p=2"), next_page("?p=3", 3))
    ward.fhir.once("Observation", fake_fhir.document(bundle(observation(7, 7), observation(8, 8))))
    assert ids(ward.chart(queries=VITALS)) == [f"o{number}" for number in range(9)]


@pytest.mark.parametrize("blemish", [outcome("warning"), 7])
def test_a_blemished_page_proves_nothing_but_the_rest_is_read(ward: Ward, blemish: object) -> None:
    link = [{"relation": "next", "url": "?p=2"}]
    ward.fhir.once("Observation", fake_fhir.document(bundle(*hourly(3), blemish, link=link)))
    ward.fhir.once("Observation", fake_fhir.document(bundle(observation(8, 8))))
    acquired = ward.chart(queries=VITALS)
    assert ids(acquired) == ["o0", "o1", "o2", "o8"]
    assert acquired.coverage[Source.VITALS].since is None


def test_a_page_that_fails_leaves_the_earlier_ones_in_use(ward: Ward) -> None:
    ward.fhir.once("Observation", next_page("?p=2"), fake_fhir.status(410))
    acquired = ward.chart(queries=VITALS)
    assert ids(acquired) == ["o0", "o1", "o2", "o3", "o4"]
    assert acquired.coverage[Source.VITALS].reaches(NOON - timedelta(hours=3))
    assert acquired.coverage[Source.VITALS].reason == "error"
    assert not acquired.failures["vitals"].transient


def test_what_was_sent_and_what_was_read_come_once(ward: Ward) -> None:
    ward.fhir.once("Observation", next_page("?p=2"), fake_fhir.status(500))
    acquired = ward.chart({"vitals": going_on(*hourly(8))}, VITALS)
    assert ids(acquired) == [f"o{number}" for number in range(8)]
    assert acquired.coverage[Source.VITALS].reaches(NOON - timedelta(hours=6))
    assert acquired.failures["vitals"].reason == "server-error"


def test_a_page_that_comes_too_late_leaves_the_earlier_ones_in_use(ward: Ward) -> None:
    ward.fhir.once("Observation", next_page("?p=2"), fake_fhir.drip(0.02))
    acquired = ward.chart(queries=VITALS)
    assert len(ids(acquired)) == 5
    assert acquired.coverage[Source.VITALS].reaches(NOON - timedelta(hours=3))
    assert acquired.failures["vitals"].reason == "timeout"


def test_a_next_link_to_another_server_gets_neither_call_nor_token(ward: Ward) -> None:
    with FakeFhir(hourly(9)) as other:
        for url in (f"{other.base}/Observation?p=2", f"{ward.fhir.origin}/fhir2/Observation", "../admin"):
            ward.fhir.once("Observation", next_page(url))
            acquired = ward.chart(queries=VITALS)
            assert acquired.failures["vitals"].reason == "truncated"
            assert acquired.coverage[Source.VITALS].reaches(NOON - timedelta(hours=3))
        assert other.seen == []
    assert len(ward.fhir.seen) == 3


def test_a_next_link_in_a_circle_ends(ward: Ward) -> None:
    ward.fhir.always("Observation", next_page("?p=again"))
    assert ward.chart(queries=VITALS).failures["vitals"].reason == "truncated"
    assert len(ward.fhir.seen) == 2


def test_endless_pages_end(ward: Ward) -> None:
    def endless(handler: fake_fhir.Handler, seen: fake_fhir.Seen) -> None:
        number = int(seen.params.get("p", "0"))
        next_page(f"?p={number + 1}", number * 5)(handler, seen)

    ward.fhir.always("Observation", endless)
    acquired = ward.chart(queries=VITALS)
    assert len(ids(acquired)) == MOST_PAGES * 5
    assert acquired.failures["vitals"].reason == "truncated"
    assert acquired.coverage[Source.VITALS].reaches(NOON - timedelta(hours=MOST_PAGES * 5 - 2))


def test_the_bytes_of_all_pages_count_together(ward: Ward) -> None:
    def heavy(handler: fake_fhir.Handler, seen: fake_fhir.Seen) -> None:
        number = int(seen.params.get("p", "0"))
        page = bundle(observation(number, number), link=[{"relation": "next", "url": f"?p={number + 1}"}])
        fake_fhir.document({**page, "padding": " " * 6_000_000})(handler, seen)

    ward.fhir.always("Observation", heavy)
    acquired = ward.chart(queries=VITALS, budget=10)
    assert ids(acquired) == ["o0", "o1"]
    assert acquired.failures["vitals"].reason == "too-large"
