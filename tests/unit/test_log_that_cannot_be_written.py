"""A log on a full disk, or one that nobody reads any more, costs no answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from cds_service.observability import logs
from tests.contract.service import call, client, request


@pytest.fixture(autouse=True)
def from_info_on() -> Iterator[None]:
    logs.set_level("info")
    yield
    logs.set_level("warning")


def test_a_call_is_answered_while_no_line_can_be_written_and_the_loss_is_said_later(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service = client(data_dir=tmp_path)
    with Path("/dev/full").open("wb", buffering=0) as full, monkeypatch.context() as changed:
        changed.setattr(sys, "stderr", SimpleNamespace(buffer=full))
        assert call(service, request()).status_code == 200
    with (tmp_path / "log").open("wb") as log, monkeypatch.context() as changed:
        changed.setattr(sys, "stderr", SimpleNamespace(buffer=log))
        logs.logger.warning("records-connection-lost")
        logs.logger.warning("records-connection-lost")
    first, *others = (tmp_path / "log").read_text().splitlines()
    assert '"event":"log-lines-lost","dropped":1' in first
    assert ["records-connection-lost" in line for line in others] == [True, True]
