"""Laws of the store of feedback, in whatever order and however often it comes."""

from __future__ import annotations

import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.records.entries import Feedback, Tables
from cds_service.records.opening import open_writer
from cds_service.settings import Settings
from tests.stored import rows

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
ENTRIES = st.tuples(
    st.sampled_from(["a", "b", "c"]), st.sampled_from(["accepted", "overridden"]), st.integers(0, 2)
)
SENDERS = st.lists(st.lists(st.lists(ENTRIES, max_size=4), max_size=4), min_size=1, max_size=4)


def feedback(entry: tuple[str, str, int]) -> Feedback:
    card, outcome, minutes = entry
    time = NOW + timedelta(minutes=minutes)
    return Feedback(card, outcome, time, "crs-patient-view", "", None, None, (), None, NOW)


@settings(max_examples=40, deadline=None)
@given(SENDERS)
def test_feedback_is_kept_once_under_any_repetition_and_interleaving(
    senders: list[list[list[tuple[str, str, int]]]],
) -> None:
    """Each sender posts its batches in turn, all of them at the same time, and then everything once more."""
    with tempfile.TemporaryDirectory() as folder:
        place = Settings(auth="none", data_dir=Path(folder))
        writer = open_writer(place, Tables("g", "a", "b", "v"), lambda: NOW)

        def send(batches: list[list[tuple[str, str, int]]]) -> None:
            for batch in batches:
                writer.keep([feedback(entry) for entry in batch])

        threads = [threading.Thread(target=send, args=(batches,)) for batches in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        send([batch for batches in senders for batch in batches])
        writer.stop()
        stored = [
            (row["card"], row["outcome"], row["outcome_time"]) for row in rows(Path(folder), "feedback")
        ]
    sent = {entry for batches in senders for batch in batches for entry in batch}
    assert len(stored) == len(set(stored)) == len(sent)
