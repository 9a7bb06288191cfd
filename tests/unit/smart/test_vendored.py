"""The scripts of others are those that were looked at, and no more of them than the pages load."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

SMART = Path(__file__).parents[3] / "cds_service" / "smart"
VENDOR = SMART / "static" / "vendor"
MANIFEST: list[dict[str, Any]] = json.loads((VENDOR / "manifest.json").read_text())


@pytest.mark.parametrize("entry", MANIFEST, ids=[entry["file"] for entry in MANIFEST])
def test_a_vendored_file_is_the_one_that_was_looked_at(entry: dict[str, Any]) -> None:
    assert hashlib.sha256((VENDOR / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]


def test_every_vendored_file_is_in_the_manifest_with_its_licence() -> None:
    listed = {entry["file"] for entry in MANIFEST}
    assert {path.name for path in VENDOR.iterdir()} - {"README.md", "manifest.json"} == listed
    scripts = [entry for entry in MANIFEST if not entry["file"].endswith(".txt")]
    assert all(entry["license"] in ("MIT", "Apache-2.0") for entry in scripts)
    assert {entry["licenseFile"] for entry in scripts} <= listed


def test_the_pages_load_these_versions() -> None:
    pages = "".join(path.read_text() for path in (SMART / "templates").rglob("*.html"))
    for entry in MANIFEST:
        assert entry["file"].endswith(".txt") or f"/smart/static/vendor/{entry['file']}" in pages
        assert entry.get("version", "") in entry["file"]


def test_no_page_has_a_script_or_a_style_in_its_text() -> None:
    """What the content security policy would refuse anyhow."""
    for path in SMART.rglob("*.html"):
        text = path.read_text()
        assert "<style" not in text
        assert " style=" not in text
        assert " on" not in "".join(part.split(">")[0] for part in text.split("<")[1:])
        for script in text.split("<script")[1:]:
            assert "src=" in script.split(">")[0] or "application/json" in script.split(">")[0]
