"""What some tests need beyond Python, and what happens where it is missing."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent


def missing(what: str) -> NoReturn:
    """Skip the test on a person's machine; fail it in CI (``CI=true``), where nothing may be left out."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} (required in CI)", pytrace=False)
    pytest.skip(what)


def external_folder() -> Path | None:
    """The folder of FHIR data that others wrote, or None.

    ``CRS_CDS_EXTERNAL_DATA`` names it; without that it is looked for beside the checkout.
    For parametrising over its files; tests take the fixture ``external_data``, which skips or fails.
    """
    named = os.environ.get("CRS_CDS_EXTERNAL_DATA")
    folder = Path(named) if named else CHECKOUT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def chromium_program() -> str | None:
    """The path of an installed Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)
