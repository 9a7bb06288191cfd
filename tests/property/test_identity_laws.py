"""The uuids of an answer are those of RFC 4122, whatever they are made from."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from cds_service.hooks.identity import NAMESPACE, with_uuids


@given(st.uuids(version=4), st.from_regex(r"[a-z-]{1,40}", fullmatch=True), st.integers(1, 3))
def test_a_card_and_its_suggestions_are_named_by_their_place_in_the_answer(
    call: uuid.UUID, service: str, suggestions: int
) -> None:
    card = {"summary": "", "suggestions": [{"label": str(n)} for n in range(suggestions)]}
    (named,) = with_uuids({"cards": [card]}, str(call), service)["cards"]
    place = f"{call}/{service}/0"
    assert named["uuid"] == str(uuid.uuid5(NAMESPACE, place))
    found = [suggestion["uuid"] for suggestion in named["suggestions"]]
    assert found == [str(uuid.uuid5(NAMESPACE, f"{place}/{n}")) for n in range(suggestions)]
