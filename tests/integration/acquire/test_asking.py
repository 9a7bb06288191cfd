"""What a FHIR server is asked, how, and what is kept from it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from cds_service.acquire.acquire import Server, acquire
from cds_service.acquire.client import FhirClient
from cds_service.acquire.deadline import Deadline
from cds_service.acquire.queries import build_queries
from cds_service.acquire.refusals import REMEMBERED_S
from cds_service.acquire.transport import FhirAccess
from fhir_mappings.facts import COMPLETE, Source
from tests.integration import fake_fhir
from tests.integration.acquire.ward import BUDGET, VITALS, Ward, ids, next_page
from tests.integration.fake_fhir import Fault
from tests.logged import Logged
from tests.unit.acquire.charts import (
    BY_KEY,
    CODES,
    LOINC,
    NOON,
    PATIENT,
    QUERIES,
    bundle,
    going_on,
    hourly,
    outcome,
    whole_prefetch,
)


def test_a_chart_without_prefetch_is_read_whole(ward: Ward) -> None:
    acquired = ward.chart()
    assert ids(acquired) == [PATIENT, "o0", "o1", "o2", "o3", "o4"]
    assert acquired.coverage == dict.fromkeys(Source, COMPLETE)
    assert acquired.failures == {}
    value = acquired.resources[1]["valueQuantity"]["value"]
    assert isinstance(value, Decimal)
    assert value == Decimal("38.4")


def test_the_server_is_asked_what_discovery_publishes(ward: Ward) -> None:
    """CH-32: each with the token of the call."""
    ward.chart()
    asked = {(seen.path, tuple(seen.params.items())) for seen in ward.fhir.seen}
    expected = {
        (
            f"/fhir/{query.path(PATIENT)}",
            tuple((k, v.replace("{{context.patientId}}", PATIENT)) for k, v in query.params),
        )
        for query in QUERIES
    }
    assert asked == expected
    assert {seen.headers["authorization"] for seen in ward.fhir.seen} == {"Bearer t0ken"}
    assert {seen.headers["accept"] for seen in ward.fhir.seen} == {"application/fhir+json"}


def test_what_prefetch_holds_completely_is_not_asked_again(ward: Ward) -> None:
    """CH-29, CH-30: null, an error, a next link and a missing key are fetched."""
    prefetch = {**whole_prefetch(), "labs": None, "vitals": going_on(*hourly(2)), "oxygen": outcome()}
    del prefetch["conditions"]
    acquired = ward.chart(prefetch)
    assert {seen.params.get("code", seen.path) for seen in ward.fhir.seen} == {
        f"{LOINC}|8310-5,{LOINC}|8480-6",
        f"{LOINC}|3151-8",
        f"{LOINC}|29463-7",
        "/fhir/Condition",
    }
    assert ids(acquired) == [PATIENT, "o0", "o1", "o2", "o3", "o4"]
    assert acquired.failures == {}


def test_a_cut_prefetch_that_reaches_far_enough_is_not_asked_again(ward: Ward) -> None:
    prefetch = {"vitals": going_on(*hourly(4))}
    acquired = ward.chart(prefetch, VITALS, oldest_needed=NOON - timedelta(hours=2))
    assert ward.fhir.seen == []
    assert acquired.failures == {}


def test_without_a_token_none_is_sent(ward: Ward) -> None:
    ward.chart(token=None, queries=VITALS)
    assert "authorization" not in ward.fhir.seen[0].headers


def test_a_token_that_fits_no_header_is_refused_and_not_sent(ward: Ward) -> None:
    acquired = ward.chart(token="a\r\nX-Evil: ü", queries=VITALS)
    assert acquired.failures["vitals"].reason == "refused"
    assert ward.fhir.seen == []


@pytest.mark.parametrize("identity", ["../Observation", "a/../../x", ".."])
def test_a_patient_id_cannot_climb_out_of_the_base(ward: Ward, identity: str) -> None:
    reach = Server(ward.client, FhirAccess(ward.fhir.base))
    acquired = acquire({"patientId": identity}, None, reach, [BY_KEY["patient"]], Deadline(BUDGET))
    assert acquired.failures["patient"].reason == "malformed"
    assert ward.fhir.seen == []


def test_neither_proxy_nor_netrc_of_the_environment_is_used(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    acquired = ward.chart(token=None, queries=VITALS)
    assert acquired.failures == {}
    assert "authorization" not in ward.fhir.seen[0].headers


def test_cookies_are_not_kept(ward: Ward) -> None:
    ward.fhir.once("Observation", fake_fhir.document(bundle(), {"Set-Cookie": "sid=1; Path=/"}))
    ward.chart(queries=VITALS)
    ward.chart(queries=VITALS)
    assert all("cookie" not in seen.headers for seen in ward.fhir.seen)


def test_a_redirect_is_not_followed(ward: Ward) -> None:
    ward.fhir.once("Observation", fake_fhir.status(302, {"Location": f"{ward.fhir.base}/Observation?x=1"}))
    acquired = ward.chart(queries=VITALS)
    assert acquired.failures["vitals"].reason == "malformed"
    assert len(ward.fhir.seen) == 1


def test_a_long_search_goes_by_post(ward: Ward) -> None:
    many = [(LOINC, f"{number}-0") for number in range(100)]
    queries = build_queries({**CODES, Source.VITALS: [*many, (LOINC, "8310-5")]})
    acquired = ward.chart(queries=[query for query in queries if query.key == "vitals"])
    (seen,) = ward.fhir.seen
    assert (seen.method, seen.path) == ("POST", "/fhir/Observation/_search")
    assert seen.params["patient"] == PATIENT
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert len(ids(acquired)) == 5


def test_connections_are_kept_open(ward: Ward) -> None:
    for _ in range(10):
        ward.chart(queries=VITALS)
    assert ward.fhir.connections == 1


def picky(*refused: str, text: str) -> Fault:
    def check(handler: fake_fhir.Handler, seen: fake_fhir.Seen) -> None:
        bad = set(refused) & set(seen.params)
        (fake_fhir.status(400, text=text) if bad else fake_fhir.from_store)(handler, seen)

    return check


@pytest.mark.parametrize(
    ("refused", "text", "kept"),
    [
        (("_sort",), "_sort is not allowed here", {"patient", "code", "_count"}),
        (("_count",), "_count must be below 100", {"patient", "code", "_sort"}),
        (("_sort", "_count"), "Unsupported search parameters: _sort, _count", {"patient", "code"}),
        (
            ("_sort",),
            'Unknown search parameter "_sort" for Observation: see ?_count=5',
            {"patient", "code", "_count"},
        ),
    ],
)
def test_a_refused_parameter_is_left_out_and_remembered(
    ward: Ward, refused: tuple[str, ...], text: str, kept: set[str]
) -> None:
    ward.fhir.always("Observation", picky(*refused, text=text))
    for _ in range(2):
        acquired = ward.chart(queries=VITALS)
        assert len(ids(acquired)) == 5
        assert acquired.coverage[Source.VITALS] == COMPLETE
    assert [set(seen.params) for seen in ward.fhir.seen[1:]] == [kept, kept]


def once_refused(ward: Ward, fault: Fault) -> set[str]:
    """With which parameters the server is asked after one such answer."""
    ward.fhir.once("Observation", fault)
    ward.chart(queries=VITALS)
    ward.chart(queries=VITALS)
    return set(ward.fhir.seen[-1].params)


ECHOES = [
    "no session for GET /fhir/Observation?patient=p1&code=x&_sort=-date&_count=500",
    "Invalid session: https://ehr.example/fhir/Observation?_sort=-date&_count=500",
    "busy. Request was patient=p1&_sort=-date&_count=500",
    "_sort",
    "Unsupported search parameter",
]


@pytest.mark.parametrize("text", ECHOES)
@pytest.mark.parametrize("as_text", [True, False])
def test_a_refusal_that_only_repeats_the_search_is_not_taken_for_one_of_a_parameter(
    ward: Ward, text: str, as_text: bool
) -> None:
    def plain(handler: fake_fhir.Handler, _: fake_fhir.Seen) -> None:
        handler.reply(fake_fhir.Reply(400, text.encode(), {"Content-Type": "text/plain"}))

    asked = once_refused(ward, plain if as_text else fake_fhir.status(400, text=text))
    assert asked == {"patient", "code", "_sort", "_count"}


@pytest.mark.parametrize("member", ["expression", "location"])
@pytest.mark.parametrize(("code", "text"), [("not-supported", "no"), ("invalid", "Unknown parameter")])
def test_a_parameter_may_be_named_by_its_place(ward: Ward, member: str, code: str, text: str) -> None:
    issue = {"severity": "error", "code": code, "diagnostics": text, member: ["http._sort"]}
    body = msgspec.json.encode({"resourceType": "OperationOutcome", "issue": [issue]})

    def refusing(handler: fake_fhir.Handler, _: fake_fhir.Seen) -> None:
        handler.reply(fake_fhir.Reply(400, body))

    assert once_refused(ward, refusing) == {"patient", "code", "_count"}


def test_what_was_refused_is_said_once_and_forgotten_after_some_minutes(
    server: fake_fhir.FakeFhir, logged: Logged
) -> None:
    now = [1_000.0]
    client = FhirClient(clock=lambda: now[0])
    ward = Ward(client, server)
    whole = {"patient", "code", "_sort", "_count"}
    assert once_refused(ward, fake_fhir.status(400, text="unknown parameter _sort")) == whole - {"_sort"}
    now[0] += REMEMBERED_S + 1
    ward.chart(queries=VITALS)
    client.close()
    assert set(server.seen[-1].params) == whole
    (said,) = logged.lines
    assert (said["event"], said["left_out"]) == ("fhir-parameter-refused", ["_sort"])
    assert PATIENT not in logged.text


def test_a_search_by_post_is_tried_again_after_some_minutes(server: fake_fhir.FakeFhir) -> None:
    now = [1_000.0]
    client = FhirClient(clock=lambda: now[0])
    ward = Ward(client, server)
    many = [(LOINC, f"{number}-0") for number in range(100)]
    vitals = [q for q in build_queries({**CODES, Source.VITALS: many}) if q.key == "vitals"]
    server.once("Observation", fake_fhir.status(405))
    ward.chart(queries=vitals)
    now[0] += REMEMBERED_S + 1
    ward.chart(queries=vitals)
    client.close()
    assert [seen.method for seen in server.seen] == ["POST", "GET", "POST"]


def test_without_sorting_a_cut_search_proves_nothing_even_if_it_happens_to_fall(ward: Ward) -> None:
    ward.fhir.once("Observation", fake_fhir.status(400, text="unknown parameter _sort"), next_page("?p=2"))
    ward.fhir.once("Observation", fake_fhir.status(500))
    acquired = ward.chart(queries=VITALS)
    assert len(ids(acquired)) == 5
    assert acquired.coverage[Source.VITALS].since is None


def test_a_server_that_refuses_the_search_itself_is_asked_twice_at_most(ward: Ward) -> None:
    ward.fhir.always("Observation", fake_fhir.status(400, text="unknown parameters: _sort, code"))
    assert ward.chart(queries=VITALS).failures["vitals"].reason == "error"
    assert ward.chart(queries=VITALS).failures["vitals"].reason == "error"
    assert len(ward.fhir.calls("Observation")) == 4  # what did not help is not remembered


@pytest.mark.parametrize("status", [404, 405, 415])
def test_a_server_without_searches_by_post_is_asked_by_get_and_that_is_remembered(
    ward: Ward, status: int
) -> None:
    def only_get(handler: fake_fhir.Handler, seen: fake_fhir.Seen) -> None:
        (fake_fhir.status(status) if seen.method == "POST" else fake_fhir.from_store)(handler, seen)

    many = [(LOINC, f"{number}-0") for number in range(100)]
    queries = build_queries({**CODES, Source.VITALS: [*many, (LOINC, "8310-5")]})
    ward.fhir.always("Observation", only_get)
    for _ in range(2):
        acquired = ward.chart(queries=[query for query in queries if query.key == "vitals"])
        assert acquired.coverage[Source.VITALS] == COMPLETE
        assert len(ids(acquired)) == 5
    assert [seen.method for seen in ward.fhir.seen] == ["POST", "GET", "GET"]


def test_a_search_that_is_as_full_as_a_usual_cap_is_not_taken_as_whole(ward: Ward) -> None:
    ward.fhir.once("Observation", fake_fhir.document(bundle(*hourly(100))))
    acquired = ward.chart(queries=VITALS)
    assert acquired.failures["vitals"].reason == "truncated"
    assert acquired.coverage[Source.VITALS].reaches(NOON - timedelta(hours=98))


@pytest.mark.parametrize(
    ("scope", "known"), [("patient/*.rs", True), ("patient/Observation.rs?category=laboratory", False)]
)
def test_a_search_that_the_token_grants_in_part_proves_nothing(ward: Ward, scope: str, known: bool) -> None:
    reach = Server(ward.client, FhirAccess(ward.fhir.base, "t0ken", scope))
    acquired = acquire({"patientId": PATIENT}, None, reach, VITALS, Deadline(BUDGET))
    assert len(ids(acquired)) == 5
    assert (acquired.coverage[Source.VITALS] == COMPLETE) is known
