"""``crs-cds doctor``: everything that the service needs, tried; one line each, with what to mend."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from cds_service.acquire.bases import same_base
from cds_service.acquire.queries import Query, build_queries
from cds_service.acquire.transport import FhirAccess
from cds_service.doctor import outside, own
from cds_service.doctor.findings import Finding, State, fail, ok, warn
from cds_service.errors import ConfigurationError
from cds_service.observability.logs import set_level
from cds_service.settings import Settings, load_settings
from cds_service.tables import load_codebook, search_codes
from cds_service.trust.clients import Client, load_clients


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("doctor", help="try everything that the service needs, and say what to mend")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of lines")
    parser.add_argument("--patient", metavar="ID", help="try each search of the service with this patient")
    parser.add_argument("--fhir-server", metavar="URL", help="try this one of the configured ones alone")
    token = parser.add_mutually_exclusive_group()
    token.add_argument("--token-env", metavar="NAME", help="environment variable that holds an access token")
    token.add_argument("--ask-token", action="store_true", help="ask for an access token")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """1 where anything fails. The token is sent to the configured FHIR servers, and written nowhere."""
    set_level("error")  # what it finds is told, not logged
    token = _token(options)
    findings = list(_examined(options.patient, options.fhir_server, token))
    if options.json:
        told = [finding._asdict() for finding in findings]
        sys.stdout.write(json.dumps({"findings": told}, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("".join(f"{_line(finding)}\n" for finding in findings))
    return 1 if any(finding.state is State.FAIL for finding in findings) else 0


def _token(options: argparse.Namespace) -> str | None:
    if options.ask_token:
        return getpass.getpass("access token: ").strip() or None
    if options.token_env is None:
        return None
    found = os.environ.get(options.token_env, "").strip()
    if not found:
        raise ConfigurationError(f"{options.token_env} holds no access token")
    return found


def _line(finding: Finding) -> str:
    mend = f" -> {finding.mend}" if finding.mend else ""
    return f"{finding.state:4}  {finding.check}: {finding.said}{mend}"


def _examined(patient_id: str | None, chosen: str | None, token: str | None) -> Iterator[Finding]:
    try:
        settings = load_settings()
    except ConfigurationError as error:
        yield fail("settings", str(error), "the service does not start")
        return
    yield from own.check_settings(settings)
    yield from own.check_tables(settings)
    yield from own.check_zone(settings)
    yield from own.check_data_dir(settings)
    yield from own.check_store(settings)
    yield from outside.check_redis(settings)
    clients = yield from _clients(settings)
    places = _places(settings, clients, chosen, token)
    if not places:
        yield warn("FHIR", "no FHIR server to try", "then everything must come with the call, as prefetch")
    elif token is not None and len(places) > 1:
        yield fail("FHIR", "a token is for one server, and there are several", "name it: --fhir-server URL")
    else:
        yield from _fhir(settings, places, patient_id)


def _clients(settings: Settings) -> Any:
    """The clients that could be read; yields what was found of them."""
    if settings.auth == "none" or settings.clients is None:
        return []
    try:
        clients = list(load_clients(settings.clients).values())
    except ConfigurationError as error:
        yield fail("clients", str(error), "the service does not start")
        return []
    yield ok("clients", f"{len(clients)} in {settings.clients}")
    yield from own.check_shadow_clients(clients)
    for client in clients:
        yield outside.check_keys(client, _ca_file(settings))
    return clients


def _places(
    settings: Settings, clients: list[Client], chosen: str | None, token: str | None
) -> list[FhirAccess]:
    places = [FhirAccess(client.fhir_base, token, addresses=client.addresses) for client in clients]
    if settings.auth == "none":
        places = [FhirAccess(base, token) for base in settings.fhir_servers]
    found = [place for place in places if chosen is None or same_base(chosen, place.base_url)]
    if chosen is not None and not found:
        raise ConfigurationError("--fhir-server: not one of the configured FHIR servers")
    return found


def _fhir(settings: Settings, places: list[FhirAccess], patient_id: str | None) -> Iterator[Finding]:
    queries = _queries(settings)
    for access in places:
        yield from outside.check_fhir(access, _ca_file(settings), queries)
        if patient_id is not None:
            yield from outside.check_searches(access, _ca_file(settings), queries, patient_id)
    if patient_id is None:
        yield warn(
            "searches", "not tried", "name a test patient: --patient ID, with --token-env or --ask-token"
        )


def _queries(settings: Settings) -> tuple[Query, ...]:
    """Those of the service; without the overlay where that cannot be read."""
    try:
        return build_queries(search_codes(load_codebook(settings.codes)))
    except ConfigurationError:
        return build_queries(search_codes(load_codebook(None)))


def _ca_file(settings: Settings) -> str | None:
    return str(settings.fhir_ca_file) if settings.fhir_ca_file else None
