"""FHIR R4 in, typed clinical facts out.

>>> from fhir_mappings import CodeBook, map_resources
>>> book = CodeBook.load()

``map_resources`` never raises on patient data: every resource becomes a fact,
is not relevant, or leaves a ``MappingIssue``. The facts are in
``fhir_mappings.facts``.
"""

from fhir_mappings.accounting import Account, Accounted, Outcome, account
from fhir_mappings.codes import CodeBook
from fhir_mappings.errors import TableError
from fhir_mappings.issues import ISSUES
from fhir_mappings.mapper import map_resources
from fhir_mappings.meanings import TableRow
from fhir_mappings.unmapped import Unmapped

__all__ = [
    "ISSUES",
    "Account",
    "Accounted",
    "CodeBook",
    "Outcome",
    "TableError",
    "TableRow",
    "Unmapped",
    "account",
    "map_resources",
]
