"""The image, built once for all tests that ask for it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployment import container
from tests.prerequisites import missing


@pytest.fixture(scope="session")
def image() -> Iterator[container.Image]:
    tools = container.missing_tools()
    if tools:
        missing(f"the image is built by root with buildah and mmdebstrap; not found: {', '.join(tools)}")
    with (
        tempfile.TemporaryDirectory(prefix="crs-cds-image-") as folder,
        container.built(Path(folder)) as found,
    ):
        yield found
