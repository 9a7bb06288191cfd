"""``crs-cds map FILE…``: what becomes of every resource, and which codes of a site nothing knows yet."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cds_service.acquire.files import EVERYTHING, read_resources, subject_of
from cds_service.commands.account_json import account_document
from cds_service.commands.account_text import account_lines, totals_lines
from cds_service.commands.grade import instant
from cds_service.commands.overlay_draft import commented, draft_lines
from cds_service.errors import ConfigurationError
from cds_service.settings import Settings, load_settings
from cds_service.tables import load_codebook
from fhir_mappings import Account, CodeBook, account, map_resources
from fhir_mappings.accounting import LOOKED_UP
from fhir_mappings.datetimes import LAST_YEAR
from fhir_mappings.resources import Key, type_and_id

Json = dict[str, Any]
Lookups = dict[Key, list[Json]]

END_OF_TIME = datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
"""Nothing in a file is later, whatever the dates were shifted to."""


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "map", help="what becomes of every resource of FHIR files: the first thing to run at a new site"
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--as-of", type=instant, metavar="TIME", help="RFC 3339, with zone; default: all that the files hold"
    )
    parser.add_argument("--patient", metavar="ID", help="only this patient")
    parser.add_argument("--json", action="store_true", help="one JSON object a patient, on one line")
    parser.add_argument(
        "--summary", action="store_true", help="only totals and unmapped codes; as text a draft of an overlay"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    settings = load_settings()
    codebook = load_codebook(settings.codes)
    accounts: list[Account] = []
    for patient, found in _accounts(options, settings, codebook):
        accounts.append(found)
        if options.json:
            document = account_document(patient, found, options.as_of, whole=not options.summary)
            sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
        elif not options.summary:
            sys.stdout.write("\n".join(account_lines(patient, found)) + "\n\n")
    if not accounts:
        raise ConfigurationError("no resource found in the files" if not options.patient else
                                 f"patient {options.patient} is not in the files")  # fmt: skip
    if not options.json:
        today = datetime.now(UTC).date() if settings.codes is None else None
        lines = [*commented(totals_lines(accounts)), "", *draft_lines(accounts, codebook, today)]
        sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _accounts(
    options: argparse.Namespace, settings: Settings, codebook: CodeBook
) -> Iterator[tuple[str, Account]]:
    as_of = options.as_of or END_OF_TIME
    for group in grouped(read_resources(options.files), options.patient):
        everything = [*group.resources, *group.lookups]
        facts = map_resources(
            everything,
            codebook,
            as_of=as_of,
            patient_id=group.patient,
            coverage=EVERYTHING,
            zone=settings.zone,
        )
        yield (
            group.patient,
            account(group.resources, codebook, facts, as_of=as_of, zone=settings.zone, lookups=group.lookups),
        )


@dataclass(slots=True)
class Group:
    """The resources about one patient (or about nobody), and the shared ones they refer to."""

    patient: str
    resources: list[Json] = field(default_factory=list)
    lookups: list[Json] = field(default_factory=list)


def grouped(resources: Iterable[Json], only: str | None) -> Iterator[Group]:
    """By patient, and last what is about no patient."""
    groups: dict[str, Group] = {}
    for resource in resources:
        patient = subject_of(resource) or ""
        groups.setdefault(patient, Group(patient)).resources.append(resource)
    nobody = groups.pop("", None)
    shared = _lookups(nobody.resources if nobody else ())
    for patient in sorted(groups):
        if only in (None, patient):
            group = groups[patient]
            group.lookups = list(_referred(group.resources, shared))
            yield group
    if nobody is not None and only is None:
        yield nobody


def _lookups(resources: Iterable[Json]) -> Lookups:
    """Every version of the resources that others may refer to."""
    found: Lookups = {}
    for resource in resources:
        kind, identity = resource["resourceType"], resource.get("id")
        if kind in LOOKED_UP and isinstance(identity, str):
            found.setdefault((kind, identity), []).append(resource)
    return found


def _referred(resources: Iterable[Json], shared: Lookups) -> Iterator[Json]:
    """Those of ``shared`` that the resources lead to, each once."""
    waiting, seen = list(resources) if shared else [], set[Key]()
    while waiting:
        for link in _links(waiting.pop()):
            key = type_and_id(link)
            if key is not None and key in shared and key not in seen:
                seen.add(key)
                waiting.extend(shared[key])
                yield from shared[key]


def _links(resource: Json) -> Iterator[str]:
    """Every literal reference in it, however deep."""
    waiting: list[object] = [resource]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            link = value.get("reference")
            if isinstance(link, str):
                yield link
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
