"""Whose a resource is, by its own word."""

from __future__ import annotations

import re

from cds_service.acquire.order import Resource

_PATIENT_REFERENCE = re.compile(r"(?:^|/)Patient/([^/#?]+)(?:/_history/[^/]+)?$")


def patient_of(resource: Resource) -> str | None:
    """The id of the patient that a resource is about or is; None where it does not say."""
    if not isinstance(resource, dict):  # an everyday Observation, decoded by itself
        return _referenced(resource.subject.reference)
    if resource.get("resourceType") == "Patient":
        identity = resource.get("id")
        return identity if isinstance(identity, str) else None
    subject = resource.get("subject") or resource.get("patient")
    return _referenced(subject.get("reference")) if isinstance(subject, dict) else None


def _referenced(reference: object) -> str | None:
    found = _PATIENT_REFERENCE.search(reference) if isinstance(reference, str) else None
    return found[1] if found is not None else None
