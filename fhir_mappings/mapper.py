"""From FHIR resources to what they say about one patient at one time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any

from fhir_mappings.chart import Chart
from fhir_mappings.codes import CodeBook
from fhir_mappings.conditions import read_condition
from fhir_mappings.everyday import read_everyday
from fhir_mappings.facts import Coverage, PatientFacts, Source
from fhir_mappings.medications import read_administration
from fhir_mappings.observations import read_observation
from fhir_mappings.orders import read_order
from fhir_mappings.patient import read_patient
from fhir_mappings.resources import Json, gather
from fhir_mappings.respiratory import read_device_use
from fhir_mappings.searchset import Observation, plain
from fhir_mappings.therapies import read_immunization, read_procedure

READERS: Mapping[str, Callable[[str, Json, Chart], None]] = MappingProxyType(
    {
        "Patient": read_patient,
        "Observation": read_observation,
        "MedicationAdministration": read_administration,
        "Procedure": read_procedure,
        "DeviceUseStatement": read_device_use,
        "Immunization": read_immunization,
        "Condition": read_condition,
        "MedicationRequest": read_order,
    }
)


def map_resources(
    resources: Iterable[Any] | Mapping[str, Any],
    codebook: CodeBook,
    *,
    as_of: datetime,
    patient_id: str,
    coverage: Mapping[Source, Coverage],
    zone: tzinfo | None = None,
    skew: timedelta = timedelta(0),
) -> PatientFacts:
    """What the resources say about a patient, as known at ``as_of``.

    ``resources`` are parsed FHIR R4 JSON objects (or a single one): resources,
    or Bundles of any depth, in any order, with duplicates and rubbish; nothing
    in them raises. Parse with ``parse_float=Decimal`` where you can: a float is
    read by its shortest form, and more slowly.
    Facts and issues come back sorted and do not depend on the order.

    With ``skew`` zero whatever is later than ``as_of`` is as if it were not
    there (a replay). With a positive ``skew`` (a live call) times up to
    ``as_of + skew`` count as ``as_of`` and later ones are noted as issues.
    ``zone`` is that of times without one; they are refused when it is None.
    ``coverage`` is handed through.

    Raises ValueError if ``as_of`` has no zone or ``skew`` is negative.
    """
    if as_of.utcoffset() is None or skew < timedelta(0):
        raise ValueError("as_of needs a zone, and skew must not be negative")
    now = as_of.astimezone(UTC)
    gathered = gather([resources] if isinstance(resources, Mapping) else resources)
    chart = Chart(codebook, patient_id, now, now + skew, zone, gathered)
    for reference, resource in gathered:
        if isinstance(resource, Observation):
            if not read_everyday(reference, resource, chart):
                read_observation(reference, plain(resource), chart)
        elif resource["resourceType"] in READERS:
            READERS[resource["resourceType"]](reference, resource, chart)
    return chart.facts(coverage)
