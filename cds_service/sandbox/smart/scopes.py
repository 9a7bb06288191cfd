"""Which scopes the sandbox grants, and what a token opens."""

from __future__ import annotations

import re

from cds_service.sandbox.fhir_search import PARAMETERS

_READING = re.compile(r"patient/(?P<type>[A-Za-z]+|\*)\.(?:read|rs?|s)")
LAUNCHES = ("launch", "launch/patient")
TYPES = tuple(PARAMETERS)


def granted(asked: str) -> str:
    """Of what is asked for: the launch, and reading of what the server has. The rest is left out."""
    kept = [scope for scope in asked.split() if scope in LAUNCHES or _type_of(scope) in (*TYPES, "*")]
    return " ".join(dict.fromkeys(kept))


def opens(scope: str, kind: str) -> bool:
    """Whether a granted scope lets a resource type be read."""
    return any(_type_of(part) in (kind, "*") for part in scope.split())


def _type_of(scope: str) -> str | None:
    found = _READING.fullmatch(scope)
    return found["type"] if found else None
