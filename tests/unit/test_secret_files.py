"""Settings that come as files: what a vault or a container platform hands out."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_service.errors import ConfigurationError
from cds_service.settings import load_settings

URL = "postgresql://crs:canary-word@postgres/crs"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CRS_CDS_SECRETS_DIR", str(tmp_path))
    return tmp_path


def database(secret: object) -> str:
    return secret.get_secret_value() if secret else ""  # type: ignore[attr-defined]


def test_a_setting_is_read_from_a_file_of_its_name(folder: Path) -> None:
    (folder / "crs_cds_database_url").write_text(URL + "\n")
    (folder / "tls.key").write_text("of another program")
    found = load_settings()
    assert database(found.database_url) == URL
    assert "canary-word" not in repr(found)


def test_the_environment_goes_before_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "crs_cds_database_url").write_text(URL)
    monkeypatch.setenv("CRS_CDS_DATABASE_URL", "sqlite:///other")
    assert database(load_settings().database_url) == "sqlite:///other"


def test_a_misspelt_file_stops_the_start(folder: Path) -> None:
    (folder / "crs_cds_databse_url").write_text(URL)
    with pytest.raises(ConfigurationError, match="CRS_CDS_DATABSE_URL: unknown setting"):
        load_settings()


def test_a_folder_of_secrets_that_is_not_there_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CRS_CDS_SECRETS_DIR", str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match=r"CRS_CDS_SECRETS_DIR.*FileNotFoundError"):
        load_settings()


def test_a_secret_that_cannot_be_read_stops_the_start_without_showing_it(folder: Path) -> None:
    (folder / "crs_cds_database_url").write_bytes(b"\xffcanary-word")
    with pytest.raises(ConfigurationError, match=r"CRS_CDS_SECRETS_DIR.*database_url") as raised:
        load_settings()
    assert "canary" not in str(raised.value)
