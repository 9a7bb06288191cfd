"""The CapabilityStatement of the sandbox FHIR server."""

from __future__ import annotations

from datetime import datetime

from cds_service.sandbox.elements import Json, instant
from cds_service.sandbox.fhir_search import PARAMETERS, parameters_of

INTERACTIONS = [{"code": "read"}, {"code": "search-type"}]


def capability_statement(base: str, now: datetime) -> Json:
    """What the server at ``base`` can do: reads and searches, and nothing else."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(now),
        "kind": "instance",
        "implementation": {
            "description": "Sandbox of synthetic patients whose charts end now; read only",
            "url": base,
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [{"mode": "server", "resource": [_resource(kind) for kind in sorted(PARAMETERS)]}],
    }


def _resource(kind: str) -> Json:
    parameters = sorted(parameters_of(kind).items())
    return {
        "type": kind,
        "interaction": INTERACTIONS,
        "searchParam": [{"name": name, "type": parameter.type} for name, parameter in parameters],
    }
