"""What a reload takes up, and what it leaves as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_service.app import create_app
from cds_service.commands import serve
from cds_service.observability.metrics import Metrics
from cds_service.settings import Settings
from cds_service.web import operation
from tests.contract.trusted import call
from tests.logged import Logged
from tests.trusted_ehr import PUBLIC_URL, Ehr, client_entry, write_clients


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a service that knows one EHR."""
    monkeypatch.setattr(serve, "settle_memory", lambda: None)  # of a process of its own
    file = write_clients(tmp_path, client_entry(tmp_path))
    return Settings(auth="jwt", clients=file, public_url=PUBLIC_URL, data_dir=tmp_path / "data")


def test_a_new_ehr_is_let_in_after_a_reload(settings: Settings, tmp_path: Path) -> None:
    new = Ehr(iss="https://new.example")
    metrics = Metrics()
    app = create_app(settings, metrics=metrics)
    assert call(app.test_client(), f"Bearer {new.token()}").status_code == 401
    write_clients(tmp_path, client_entry(tmp_path), client_entry(tmp_path, new))
    fresh = serve.renewed(settings, metrics, app)
    assert call(fresh.test_client(), f"Bearer {new.token()}").status_code != 401
    assert call(fresh.test_client(), f"Bearer {Ehr().token()}").status_code != 401


def test_whatever_goes_wrong_in_a_reload_the_service_goes_on(
    settings: Settings, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise KeyError("nothing that anybody thought of")

    app = create_app(settings)
    monkeypatch.setattr("cds_service.app.load_codebook", fail)
    assert serve.renewed(settings, Metrics(), app) is app
    (line,) = [line for line in logged.lines if line["event"] == "reload-refused"]
    assert line["error"] == "KeyError"


def test_a_clients_file_that_is_wrong_locks_nobody_out(
    settings: Settings, tmp_path: Path, logged: Logged
) -> None:
    metrics = Metrics()
    app = create_app(settings, metrics=metrics)
    (tmp_path / "clients.toml").write_text("[[client]]\niss = 3\n")
    assert serve.renewed(settings, metrics, app) is app
    assert operation.of(app).reload_refused is not None
    assert call(app.test_client(), f"Bearer {Ehr().token()}").status_code != 401
    (line,) = [line for line in logged.lines if line["event"] == "reload-refused"]
    assert "clients.toml" in line["error"]
    assert b'crs_cds_reloads_total{outcome="refused"} 1.0' in metrics.text()
