"""Members of a request that must look a certain way."""

from __future__ import annotations

import re
from typing import Any

from cds_service.errors import BadRequest

Json = dict[str, Any]
ID = re.compile(r"[A-Za-z0-9\-.]{1,256}")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
REFERENCE = re.compile(r"[A-Z][A-Za-z]{1,63}/[A-Za-z0-9\-.]{1,256}")


def matching(data: Json, key: str, pattern: re.Pattern[str], what: str, path: str = "") -> str:
    """The text of a member. Raises BadRequest where it is missing or of another shape."""
    value = data.get(key)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadRequest(f"{path}{key} is missing or is not {what}", (f"{path}{key}",))
    return value
