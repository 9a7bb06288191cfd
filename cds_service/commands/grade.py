"""``crs-cds grade FILE…``: FHIR files in, one assessment a patient out, as of any time."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cds_service.acquire.files import EVERYTHING, by_patient, read_resources
from cds_service.cards.document import assessment_document
from cds_service.cards.grading import plain_text
from cds_service.crs.assess import assess
from cds_service.errors import ConfigurationError
from cds_service.settings import load_settings
from cds_service.tables import load_codebook, load_guideline
from fhir_mappings import map_resources
from fhir_mappings.datetimes import FIRST_YEAR, LAST_YEAR


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "grade", help="grade the patients of FHIR files (Bundle, resource or NDJSON)"
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--as-of", type=instant, metavar="TIME", help="RFC 3339, with zone; default now")
    parser.add_argument("--patient", metavar="ID", help="only this patient")
    parser.add_argument("--text", action="store_true", help="for people: the card as text")
    parser.set_defaults(run=run)


def instant(text: str) -> datetime:
    """An aware time from the command line."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2026-11-22T09:00:00Z") from None
    if time.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no zone: add Z or an offset")
    if not FIRST_YEAR < time.year < LAST_YEAR:
        raise argparse.ArgumentTypeError(f"{text!r} is no time at which a patient was charted")
    return time.astimezone(UTC)


def run(options: argparse.Namespace) -> int:
    settings = load_settings()
    guideline = load_guideline(settings.guideline)
    codebook = load_codebook(settings.codes)
    as_of = options.as_of or datetime.now(UTC)
    found = False
    for patient, resources in by_patient(read_resources(options.files), options.patient):
        found = True
        facts = map_resources(
            resources, codebook, as_of=as_of, patient_id=patient, coverage=EVERYTHING, zone=settings.zone
        )
        assessment = assess(facts, guideline, as_of)
        if options.text:
            sys.stdout.write(plain_text(assessment, guideline, settings.zone) + "\n")
        else:
            document = assessment_document(assessment, guideline, settings.zone)
            sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    if not found:
        raise ConfigurationError("no patient found in the files" if not options.patient else
                                 f"patient {options.patient} is not in the files")  # fmt: skip
    return 0
