"""The JSON Schemas of what the service accepts and answers: served under ``/schemas``, and used to check."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

Json = dict[str, Any]


@cache
def texts() -> dict[str, str]:
    """Every schema as it is served, by file name."""
    folder = resources.files("cds_service.web") / "schema_files"
    found = {item.name: item.read_text("utf-8") for item in folder.iterdir() if item.name.endswith(".json")}
    return dict(sorted(found.items()))


@cache
def documents() -> dict[str, Json]:
    """Every schema by its name, which is the file's without ``.json``."""
    return {name.removesuffix(".json"): json.loads(text) for name, text in texts().items()}


@cache
def _registry() -> Registry[Any]:
    """The schemas refer to one another by file name, so that they work wherever they are served from."""
    pairs = [(f"{name}.json", Resource.from_contents(schema)) for name, schema in documents().items()]
    return Registry().with_resources(pairs)


@cache
def validator(name: str) -> Draft202012Validator:
    """What checks a value against a schema. Raises KeyError for a name that there is not."""
    checker = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator(documents()[name], registry=_registry(), format_checker=checker)
