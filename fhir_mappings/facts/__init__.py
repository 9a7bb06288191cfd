"""The shared vocabulary: what a chart says, typed and in canonical units.

Standard library only. Amounts are ``Decimal``, times are aware ``datetime``.
Everything here is immutable, so that facts can be shared between threads and
compared in tests. Readings are sorted by time, oldest first.
"""

from fhir_mappings.facts.charted import Administration, Condition, OxygenSupport, Reading, Therapy
from fhir_mappings.facts.orders import Order, OrderedDose, ProposedOrder
from fhir_mappings.facts.patient import MappingIssue, PatientFacts, Unplaced
from fhir_mappings.facts.terms import (
    PRESSORS,
    Concept,
    ConditionGroup,
    DrugGroup,
    Method,
    OxygenDevice,
    Route,
    Source,
    TherapyKind,
)
from fhir_mappings.facts.values import (
    BEGINNING,
    COMPLETE,
    ZONES,
    Coding,
    Coverage,
    Known,
    KnownAbsent,
    Quantity,
    Unknown,
)

__all__ = [
    "BEGINNING",
    "COMPLETE",
    "PRESSORS",
    "ZONES",
    "Administration",
    "Coding",
    "Concept",
    "Condition",
    "ConditionGroup",
    "Coverage",
    "DrugGroup",
    "Known",
    "KnownAbsent",
    "MappingIssue",
    "Method",
    "Order",
    "OrderedDose",
    "OxygenDevice",
    "OxygenSupport",
    "PatientFacts",
    "ProposedOrder",
    "Quantity",
    "Reading",
    "Route",
    "Source",
    "Therapy",
    "TherapyKind",
    "Unknown",
    "Unplaced",
]
