"""Every resource that others wrote is accounted for: used, refused with a reason, or of no concern here."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from cds_service.commands.mapping import grouped
from fhir_mappings import Account, CodeBook, Outcome, account, map_resources
from tests.external.test_mapping_external import FOLDERS, LATER, OVERLAY, folder_of

KINDS = ("Observation", "MedicationAdministration")


class Counts(NamedTuple):
    fact: int = 0
    issue: int = 0
    not_relevant: int = 0


# One row a folder: Observations, MedicationAdministrations. When the tables learn a code, its resources move
# from not_relevant to fact or issue; the sum is that of the files.
EXPECTED = {
    "cibmtr-ig": (Counts(2, 0, 3), Counts(0, 0, 2)),  # neutrophils of cord blood are not the patient's
    "clinosim-generated": (Counts(437, 0, 37), Counts(77, 3, 24)),  # three were not given
    "fhir-test-cases": (Counts(2, 0, 0), Counts(0, 0, 0)),
    "hl7-r4-spec-examples": (Counts(5, 8, 20), Counts(2, 0, 12)),  # six have a date only
    "mii-testdata": (Counts(24, 2, 47), Counts(3, 0, 21)),  # a birth weight, a mean airway pressure
    "mimic-iv-demo-reconstructed": (Counts(517, 5, 649), Counts(58, 0, 86)),  # five impossible mean pressures
    "mimic-profiles-examples": (Counts(1, 0, 8), Counts(0, 1, 1)),  # a drug that only a local code names
    "us-core": (Counts(4, 9, 21), Counts(0, 0, 0)),  # nine have a date only
    "uv-pocd-mdc": (Counts(2, 0, 3), Counts(0, 0, 0)),
}


@pytest.fixture(scope="module")
def site_book() -> CodeBook:
    return CodeBook.load(OVERLAY)


def accounts_of(folder: str, data: Path, book: CodeBook) -> list[Account]:
    found = []
    for group in grouped(folder_of(data, folder), None):
        everything = [*group.resources, *group.lookups]
        facts = map_resources(everything, book, as_of=LATER, patient_id=group.patient, coverage={})
        found.append(account(group.resources, book, facts, as_of=LATER, lookups=group.lookups))
    return found


def counts_of(accounts: list[Account], kind: str) -> Counts:
    rows = [row for each in accounts for row in each.resources if row.kind == kind]
    found = Counter(row.outcome for row in rows)
    silent = [
        row.reference
        for row in rows
        if row.outcome not in (Outcome.FACT, Outcome.ISSUE, Outcome.NOT_RELEVANT)
    ]
    assert silent == []
    return Counts(found[Outcome.FACT], found[Outcome.ISSUE], found[Outcome.NOT_RELEVANT])


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_resource_is_a_fact_or_an_issue_or_not_relevant(
    folder: str, external_data: Path, site_book: CodeBook
) -> None:
    accounts = accounts_of(folder, external_data, site_book)
    raw = Counter(resource["resourceType"] for resource in folder_of(external_data, folder))
    for kind, expected in zip(KINDS, EXPECTED[folder], strict=True):
        assert sum(expected) == raw[kind], "the row does not add up to the files"
        assert counts_of(accounts, kind) == expected, kind
    assert all(Outcome.UNEXPLAINED not in each.outcomes for each in accounts)
    assert sum(len(each.resources) + each.duplicates for each in accounts) == raw.total()


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_nothing_maps_is_listed_for_all_that_is_not_relevant(
    folder: str, external_data: Path, site_book: CodeBook
) -> None:
    """Whatever is of no concern only because its code is not known can be found in the list of codes."""
    for each in accounts_of(folder, external_data, site_book):
        passed_over = [row for row in each.resources if row.outcome is Outcome.NOT_RELEVANT]
        assert bool(each.unmapped) or not passed_over
