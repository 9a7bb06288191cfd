"""The searches that a picture of a patient is made of.

They serve twice: as prefetch templates in discovery (CDS Hooks 2.0 tokens and
the restricted query subset only) and as requests to the FHIR server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from fhir_mappings.facts import Source

PATIENT_TOKEN = "{{context.patientId}}"  # noqa: S105 - a prefetch token is a placeholder

PAGE_SIZE = 500
"""Five days of four vital signs an hour. A page is then some 600 kB, which a hook
request can still carry; a server with a lower limit gives less and a next link."""

_QUERY_SAFE = ":/,"
_TEMPLATE_SAFE = ":/,|"


@dataclass(frozen=True, slots=True)
class Query:
    """One prefetch key: a read, or a search with its parameters.

    ``lasting`` is how long one item may go on after it began. A search that is
    cut off may hide an older item that still ran later, so that its coverage
    is taken back by this much. ``lasting_always`` says that this holds even
    where every item seen is a single instant.
    """

    key: str
    source: Source
    resource_type: str
    params: tuple[tuple[str, str], ...] = ()
    lasting: timedelta = timedelta(days=1)
    lasting_always: bool = False

    @property
    def is_read(self) -> bool:
        return not self.params

    @property
    def newest_first(self) -> bool:
        return any(name == "_sort" for name, _ in self.params)

    @property
    def template(self) -> str:
        """The prefetch template for discovery."""
        if self.is_read:
            return f"{self.resource_type}/{PATIENT_TOKEN}"
        pairs = (f"{name}={_template_value(value)}" for name, value in self.params)
        return f"{self.resource_type}?{'&'.join(pairs)}"

    def path(self, patient_id: str) -> str:
        """The path below the FHIR base, without parameters."""
        return f"{self.resource_type}/{_quoted(patient_id, '')}" if self.is_read else self.resource_type

    def encoded(self, patient_id: str, without: frozenset[str] = frozenset()) -> str:
        """The parameters, ready for a query string or a form body."""
        patient = escape_value(patient_id)
        return "&".join(
            f"{name}={_quoted(value.replace(PATIENT_TOKEN, patient), _QUERY_SAFE)}"
            for name, value in self.params
            if name not in without
        )


def escape_value(text: str) -> str:
    """A search value in which no character separates values any more (FHIR R4, search, escaping)."""
    return text.translate({ord(c): f"\\{c}" for c in "\\,|$"})


def build_queries(codes_by_source: Mapping[Source, Sequence[tuple[str, str]]]) -> tuple[Query, ...]:
    """All queries; Observations are searched by the (system, code) pairs given.

    Raises ValueError where a source of Observations has no code: its search
    would read the whole chart.
    """
    observations = (
        _observations(Source.VITALS, codes_by_source, timedelta(days=1)),
        # An open period of ventilation or home oxygen may have begun weeks ago.
        _observations(Source.OXYGEN, codes_by_source, timedelta(days=30)),
        _observations(Source.LABS, codes_by_source, timedelta(days=1)),
    )
    return (Query("patient", Source.PATIENT, "Patient"), *observations, *_OTHERS)


def _search(
    source: Source,
    resource_type: str,
    sort: str | None,
    *,
    lasting: timedelta = timedelta(0),
    **wanted: str,
) -> Query:
    order = (("_sort", sort),) if sort else ()
    return Query(
        key=source.value,
        source=source,
        resource_type=resource_type,
        params=(("patient", PATIENT_TOKEN), *wanted.items(), *order, ("_count", str(PAGE_SIZE))),
        lasting=lasting,
        lasting_always=bool(lasting),
    )


_OTHERS = (
    # Never filtered by code: drugs in contained resources, references and plain text would be lost.
    # A segment of an infusion runs for hours, a bag for a day or two; a week leaves room.
    _search(Source.MEDICATIONS, "MedicationAdministration", "-effective-time", lasting=timedelta(days=7)),
    _search(Source.PROCEDURES, "Procedure", "-date", lasting=timedelta(days=30)),
    _search(Source.IMMUNIZATIONS, "Immunization", "-date"),
    _search(Source.CONDITIONS, "Condition", None),
    # One status only: a list of them is more than the restricted subset of CDS Hooks promises.
    _search(Source.ORDERS, "MedicationRequest", None, status="active"),
)


def _observations(
    source: Source, codes_by_source: Mapping[Source, Sequence[tuple[str, str]]], lasting: timedelta
) -> Query:
    codes = dict.fromkeys(_token(system, code) for system, code in codes_by_source.get(source, ()))
    if not codes:
        raise ValueError(f"no codes for the search of {source.value}")
    base = _search(source, "Observation", "-date")
    patient, *rest = base.params
    return Query(
        key=base.key,
        source=source,
        resource_type="Observation",
        params=(patient, ("code", ",".join(codes)), *rest),
        lasting=lasting,
    )


def _token(system: str, code: str) -> str:
    return f"{escape_value(system)}|{escape_value(code)}" if system else escape_value(code)


def _template_value(value: str) -> str:
    return PATIENT_TOKEN if value == PATIENT_TOKEN else _quoted(value, _TEMPLATE_SAFE)


def _quoted(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="replace")
