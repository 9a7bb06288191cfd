"""Scripts and styles of the page, read once, packed like every other answer and told apart by their ETag."""

from __future__ import annotations

from pathlib import Path

from flask import Response

from cds_service.errors import NotFound
from cds_service.web.lasting import lasting

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


def read_files() -> dict[str, tuple[str, str]]:
    """Body and content type by path below the folder."""
    return {
        path.relative_to(FOLDER).as_posix(): (path.read_text("utf-8"), TYPES[path.suffix])
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in TYPES
    }


def answer(files: dict[str, tuple[str, str]], name: str) -> Response:
    """Raises NotFound for what is no file of the page."""
    if name not in files:
        raise NotFound("there is no such file")
    return lasting(*files[name])
