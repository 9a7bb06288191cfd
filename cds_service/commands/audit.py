"""``crs-cds audit list|replay``: what was decided, and a decision made once more from its full record."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from cds_service.app import build_engine
from cds_service.commands.arguments import count
from cds_service.errors import ConfigurationError, ServiceError
from cds_service.hooks.identity import encode, with_uuids
from cds_service.hooks.replay import Inputs, read_inputs, respond_again
from cds_service.hooks.run import Engine
from cds_service.records.reading import full_record, reading, recent_calls
from cds_service.settings import load_settings
from cds_service.web.outcomes import refusal

MOST_ROWS = 100_000
DIFFERENT = 1


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("audit", help="what was decided, and a decision made once more")
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|replay")
    listing = actions.add_parser("list", help="the last calls, the newest first, one JSON object a line")
    listing.add_argument("--limit", type=count(MOST_ROWS), default=50, metavar="N", help="default 50")
    listing.set_defaults(run=run_list)
    again = actions.add_parser("replay", help="answer a call again from its full record; 1 if bytes differ")
    again.add_argument("id", metavar="REQUEST-ID", help="the X-Request-Id of the answer")
    again.set_defaults(run=run_replay)


def run_list(options: argparse.Namespace) -> int:
    with reading(load_settings()) as connection:
        for call in recent_calls(connection, options.limit):
            found = {key: value for key, value in call.items() if value is not None and key != "id"}
            sys.stdout.write(json.dumps(found, default=datetime.isoformat) + "\n")
    return 0


def run_replay(options: argparse.Namespace) -> int:
    """Write the answer as it is made now; say on stderr whether it is the one that was given then."""
    settings = load_settings()
    with reading(settings) as connection:
        kept = full_record(connection, options.id)
    if kept is None:
        raise ConfigurationError(f"no full record of {options.id}: see CRS_CDS_AUDIT_FULL_DAYS")
    inputs = read_inputs(kept.inputs)
    engine = build_engine(settings, lambda: datetime.now(UTC))
    _require_same_tables(inputs, engine)
    again = replayed(inputs, engine, options.id)
    sys.stdout.write(again.decode() + "\n")
    same = again == kept.response
    now = metadata.version("crs-cds")
    other = "" if inputs.version == now else f" (made by version {inputs.version}, this is {now})"
    sys.stderr.write(("the same bytes as then" if same else "not the answer that was given") + other + "\n")
    return 0 if same else DIFFERENT


def _require_same_tables(inputs: Inputs, engine: Engine) -> None:
    """Another guideline would answer another question."""
    if inputs.guideline_sha256 != engine.guideline.sha256:
        raise ConfigurationError(
            f"the decision was made with guideline {inputs.guideline} ({inputs.guideline_sha256}), in use is "
            f"{engine.guideline.id} ({engine.guideline.sha256}): name the right one in CRS_CDS_GUIDELINE"
        )
    if inputs.codebook_sha256 != engine.codebook.sha256:
        raise ConfigurationError(
            f"the decision was made with other code tables ({inputs.codebook_sha256}), in use are "
            f"{engine.codebook.sha256}: name the overlay of then in CRS_CDS_CODES"
        )


def replayed(inputs: Inputs, engine: Engine, request_id: str) -> bytes:
    """The bytes of the answer, or of the refusal."""
    try:
        answer = respond_again(inputs, engine)
    except ServiceError as error:
        return refusal(error)
    return encode(with_uuids(answer.body, request_id, inputs.service))
