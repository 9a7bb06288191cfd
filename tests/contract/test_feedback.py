"""Feedback as CDS Hooks 2.0.1 has it; the numbers are items 57 to 61 of the checklist (section I)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.app import the_writer
from tests.builders import Json
from tests.contract.service import PATH, cards, client
from tests.stored import rows

FEEDBACK = f"{PATH}/feedback"
CARD = "4f1c2a6e-9f0b-4a52-8f10-2f6f3c1d9f11"
WHEN = "2026-03-10T09:05:00Z"
REASON = {"code": "discussed", "system": "https://crs-cds.example/override"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FlaskClient]:
    found = client(data_dir=tmp_path)
    yield found
    the_writer(found.application).stop()


def overridden(card: str = CARD, when: str = WHEN, **members: Any) -> Json:
    return {"card": card, "outcome": "overridden", "outcomeTimestamp": when, **members}


def accepted(card: str = CARD, when: str = WHEN, **members: Any) -> Json:
    suggestions = [{"id": "774f5d4e-1111-4a52-8f10-2f6f3c1d9f11"}]
    whole = {"outcome": "accepted", "outcomeTimestamp": when, "acceptedSuggestions": suggestions}
    return {"card": card, **whole, **members}


def send(service: FlaskClient, *entries: Any, path: str = FEEDBACK) -> TestResponse:
    return service.post(path, json={"feedback": list(entries)})


def test_57_and_60_feedback_is_answered_with_200(service: FlaskClient, tmp_path: Path) -> None:
    assert send(service, overridden()).status_code == 200
    assert [row["card"] for row in rows(tmp_path, "feedback")] == [CARD]


def test_57_a_service_that_there_is_not_takes_none(service: FlaskClient) -> None:
    assert send(service, overridden(), path="/cds-services/other/feedback").status_code == 404


@pytest.mark.parametrize("body", ["[]", "{}", '{"feedback": {}}', '{"feedback": [7]}', "{", '"\\ud800"'])
def test_57_a_body_that_is_no_feedback_is_refused(service: FlaskClient, body: str) -> None:
    answer = service.post(FEEDBACK, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["resourceType"] == "OperationOutcome"


def test_58_an_accepted_card_names_its_suggestions(service: FlaskClient, tmp_path: Path) -> None:
    assert send(service, accepted()).status_code == 200
    (row,) = rows(tmp_path, "feedback")
    assert row["outcome"] == "accepted"
    assert row["suggestions"] == '["774f5d4e-1111-4a52-8f10-2f6f3c1d9f11"]'


def test_58_a_reason_without_display_is_accepted(service: FlaskClient, tmp_path: Path) -> None:
    assert send(service, overridden(overrideReason={"reason": REASON})).status_code == 200
    (row,) = rows(tmp_path, "feedback")
    assert (row["reason_system"], row["reason_code"]) == (REASON["system"], REASON["code"])


BAD: list[Any] = [
    {**overridden(), "card": ...}, {**overridden(), "card": ""}, {**overridden(), "card": 7},
    {**overridden(), "card": "x" * 256}, {**overridden(), "card": "a\u0000b"},
    {**overridden(), "outcome": ...}, {**overridden(), "outcome": "ignored"},
    {**overridden(), "outcomeTimestamp": ...}, {**overridden(), "outcomeTimestamp": "2026-02-30T09:05:00Z"},
    {**overridden(), "outcomeTimestamp": "2026-03-10"},
    {**overridden(), "outcomeTimestamp": "2026-03-10T09:05"},
    {**accepted(), "acceptedSuggestions": ...}, {**accepted(), "acceptedSuggestions": []},
    {**accepted(), "acceptedSuggestions": [{}]},
    overridden(overrideReason=None), overridden(overrideReason={}),
    overridden(overrideReason={"reason": {"code": "x"}}),
    overridden(overrideReason={"reason": {"system": "http://x.example"}}), None, "text",
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_58_and_59_one_bad_entry_refuses_the_batch_and_is_named(
    service: FlaskClient, tmp_path: Path, bad: Any
) -> None:
    entry = {k: v for k, v in bad.items() if v is not ...} if isinstance(bad, dict) else bad
    answer = send(service, overridden(), entry, accepted())
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["issue"][0]["expression"][0].startswith("feedback[1]")
    assert rows(tmp_path, "feedback") == []


@pytest.mark.parametrize(
    "stamp", ["2026-03-10T09:05:00Z", "2026-03-10T09:05:00.123Z", "2026-03-10T09:05:00.123456789+00:00"]
)
def test_58_a_time_may_have_a_fraction(service: FlaskClient, stamp: str) -> None:
    assert send(service, overridden(when=stamp)).status_code == 200


def test_59_the_same_feedback_again_is_no_second_row(service: FlaskClient, tmp_path: Path) -> None:
    same = overridden(CARD.upper(), "2026-03-10T09:05:00.000+00:00")
    for entries in ([overridden()], [overridden()], [overridden(), overridden()], [same]):
        assert send(service, *entries).status_code == 200
    assert len(rows(tmp_path, "feedback")) == 1


def test_59_several_feedbacks_to_a_card_are_all_kept(service: FlaskClient, tmp_path: Path) -> None:
    send(service, accepted(), overridden())
    send(service, overridden(when="2026-03-10T10:00:00Z"))
    assert len(rows(tmp_path, "feedback")) == 3


SECOND = [{"id": "774f5d4e-2222-4a52-8f10-2f6f3c1d9f11"}]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (accepted(), accepted(acceptedSuggestions=SECOND)),
        (overridden(), overridden(overrideReason={"reason": REASON})),
        (
            overridden(overrideReason={"reason": REASON}),
            overridden(overrideReason={"reason": {**REASON, "code": "wrong-value"}}),
        ),
        (overridden(overrideReason={"userComment": "a"}), overridden(overrideReason={"userComment": "b"})),
    ],
)
@pytest.mark.parametrize("in_one_call", [True, False])
def test_59_two_entries_of_one_second_that_say_different_things_are_both_kept(
    tmp_path: Path, first: Json, second: Json, in_one_call: bool
) -> None:
    service = client(data_dir=tmp_path, feedback_comments=True)
    for _ in range(2):
        for entries in [(first, second)] if in_one_call else [(first,), (second,)]:
            assert send(service, *entries).status_code == 200
    assert len(rows(tmp_path, "feedback")) == 2
    the_writer(service.application).stop()


def test_59_the_same_feedback_to_two_services_is_kept_for_both(service: FlaskClient, tmp_path: Path) -> None:
    send(service, overridden())
    send(service, overridden(), path="/cds-services/crs-order-sign/feedback")
    assert len({row["service"] for row in rows(tmp_path, "feedback")}) == 2


def test_59_feedback_to_a_card_that_nobody_knows_is_kept(service: FlaskClient, tmp_path: Path) -> None:
    (shown,) = cards(service)
    assert (
        send(service, overridden(shown["uuid"]), overridden(), overridden("no-uuid-at-all")).status_code
        == 200
    )
    assert {row["card"] for row in rows(tmp_path, "feedback")} == {shown["uuid"], CARD, "no-uuid-at-all"}


@pytest.mark.parametrize(
    ("card", "stored"),
    [
        (CARD.upper(), CARD),
        ("No-UUID-At-All", "No-UUID-At-All"),
        ("\u0130" * 255, "\u0130" * 255),  # two characters each in lower case
        ("X" * 255, "X" * 255),
    ],
)
def test_58_only_a_uuid_is_put_into_lower_case(
    service: FlaskClient, tmp_path: Path, card: str, stored: str
) -> None:
    assert send(service, overridden(card)).status_code == 200
    assert [row["card"] for row in rows(tmp_path, "feedback")] == [stored]


@pytest.mark.parametrize(
    ("when", "status"),
    [
        ("2000-01-01T00:00:00Z", 200),
        ("1999-12-31T23:59:59Z", 400),
        ("0001-01-01T00:00:00Z", 400),
        ("2026-03-11T08:59:59Z", 200),
        ("2026-03-11T09:00:01Z", 400),
        ("9999-12-31T23:59:59Z", 400),
    ],
)
def test_58_a_time_that_cannot_be_refuses_the_batch_and_is_named(
    service: FlaskClient, tmp_path: Path, when: str, status: int
) -> None:
    answer = send(service, overridden(), overridden(when=when), overridden(when=when))
    assert answer.status_code == status
    named = [issue["expression"][0] for issue in (answer.json or {}).get("issue", [])]
    assert named == ([f"feedback[{n}].outcomeTimestamp" for n in (1, 2)] if status == 400 else [])
    assert bool(rows(tmp_path, "feedback")) is (status == 200)


def test_61_members_of_later_versions_do_no_harm(service: FlaskClient) -> None:
    assert send(service, overridden(extension={"org.example": {"x": 1}}, more=[1])).status_code == 200


@pytest.mark.parametrize(("kept", "expected"), [(False, None), (True, "as agreed")])
def test_free_text_is_stored_only_where_the_site_allows(
    tmp_path: Path, kept: bool, expected: str | None
) -> None:
    service = client(data_dir=tmp_path, feedback_comments=kept)
    assert send(service, overridden(overrideReason={"userComment": "as agreed"})).status_code == 200
    (row,) = rows(tmp_path, "feedback")
    assert row["comment"] == expected
    the_writer(service.application).stop()


def test_feedback_that_is_too_long_or_not_json_is_refused(service: FlaskClient) -> None:
    many = [overridden()] * 5_000
    assert send(service, *many).status_code == 413
    assert service.post(FEEDBACK, data="{}", content_type="text/plain").status_code == 415


def test_feedback_that_cannot_be_committed_is_not_acknowledged(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    service = client(data_dir=tmp_path / "file" / "below")
    answer = send(service, overridden())
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    the_writer(service.application).stop()
