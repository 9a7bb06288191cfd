"""What the service reaches over the network: keys of clients, Redis, and FHIR servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from redis.exceptions import RedisError

from cds_service.acquire.client import FhirClient
from cds_service.acquire.deadline import Deadline
from cds_service.acquire.queries import Query
from cds_service.acquire.reasons import FhirError, Reason
from cds_service.acquire.transport import Exchange, FhirAccess, Reply, Transport
from cds_service.doctor.findings import Finding, fail, ok, warn
from cds_service.settings import Settings
from cds_service.trust.clients import Client
from cds_service.trust.fetching import NotFetched, fetch
from cds_service.trust.keys import read_key_set
from cds_service.trust.replay import open_redis
from cds_service.trust.tokens import LEEWAY_S

SECONDS = 10.0
MOST_STATEMENT_BYTES = 32 * 1024 * 1024
"""Of a CapabilityStatement: that of a large EHR has some megabytes."""
SKEW = timedelta(seconds=5)
LOOK_BACK = timedelta(days=2)


def check_keys(client: Client, ca_file: str | None) -> Finding:
    """Whether the tokens of a client can be checked."""
    check = f"keys of {client.iss}"
    if client.keys is not None:
        return ok(check, f"{len(client.keys)} in {client.jwks_file}")
    url = client.jku or ""
    try:
        keys = read_key_set(fetch(url, client.addresses, ca_file), url)
    except NotFetched as error:
        text = f"{url} gave nothing ({error})"
        return fail(check, text, "see network, certificate (FHIR_CA_FILE) and private_addresses")
    except ValueError:
        return fail(check, f"{url} is no JWK Set", "see jku in the clients file")
    if not keys:
        return fail(check, f"{url} has no key for ES384 or RS384", "ask the EHR for one of these")
    return ok(check, f"{len(keys)} at {url}")


def check_redis(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url is None:
        if settings.auth == "jwt":
            text = "not set: used tokens are remembered in one process, until it restarts or reloads"
            yield warn("redis", text, "set CRS_CDS_REDIS_URL for several workers or machines")
        return
    connection = open_redis(settings.redis_url.get_secret_value())
    try:
        connection.set("crs-cds:doctor", b"", ex=1)
        yield ok("redis", "answers, and can be written")
    except RedisError as error:
        text = f"does not answer as it must ({type(error).__name__})"
        yield fail("redis", text, "without it every call is refused with 503: see CRS_CDS_REDIS_URL")
    finally:
        connection.close()


def check_fhir(access: FhirAccess, ca_file: str | None, queries: tuple[Query, ...]) -> Iterator[Finding]:
    """The server's own statement, and its clock."""
    check = f"FHIR {access.base_url}"
    transport = Transport(ca_file)
    try:
        url = f"{access.base_url.rstrip('/')}/metadata"
        reply = transport.send(Exchange(Deadline(SECONDS)), access, url, MOST_STATEMENT_BYTES)
    except FhirError as error:
        yield fail(check, error.detail, "see network, certificate (FHIR_CA_FILE) and the address")
        return
    finally:
        transport.close()
    yield from _clock(reply)
    statement = _statement(reply)
    if statement is None:
        text = f"no CapabilityStatement at /metadata (status {reply.status})"
        yield fail(check, text, "the address must be the FHIR base, and the server speak R4")
        return
    version = str(statement.get("fhirVersion", ""))[:10]
    if not version.startswith("4.0"):
        yield fail(check, f"FHIR {version}", "the service reads R4 (4.0.1)")
    else:
        yield ok(check, f"FHIR {version}")
    yield from _undeclared(check, statement, queries)


def _statement(reply: Reply) -> Mapping[str, Any] | None:
    try:
        found = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    right = isinstance(found, dict) and found.get("resourceType") == "CapabilityStatement"
    return found if right and reply.status == 200 else None


def _clock(reply: Reply) -> Iterator[Finding]:
    try:
        theirs = parsedate_to_datetime(reply.headers["Date"])
        apart = abs(datetime.now(UTC) - theirs)
    except (KeyError, ValueError, TypeError):
        yield warn(
            "clock", "the FHIR server does not tell its time", "see that this machine keeps time (NTP)"
        )
        return
    text = f"{apart.total_seconds():.0f} s apart from the FHIR server"
    if apart > timedelta(seconds=LEEWAY_S):
        yield fail("clock", text, "tokens and times of charts need clocks that agree: set up NTP")
    elif apart > SKEW:
        yield warn("clock", text, f"at {LEEWAY_S} s tokens are refused: set up NTP")
    else:
        yield ok("clock", text)


def _undeclared(check: str, statement: Mapping[str, Any], queries: tuple[Query, ...]) -> Iterator[Finding]:
    """Searches that the server does not say it can do; some can all the same."""
    declared = _declared(statement)
    for query in queries:
        known = declared.get(query.resource_type)
        names = {name for name, _ in query.params if not name.startswith("_")}
        if known is None:
            yield warn(
                check, f"{query.key}: {query.resource_type} is not declared", "see --patient: is it given?"
            )
        elif names - known:
            lacking = ", ".join(sorted(names - known))
            text = f"{query.key}: search of {query.resource_type} by {lacking} is not declared"
            yield warn(check, text, "see --patient: is it given?")


def _declared(statement: Mapping[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for rest in _objects(statement.get("rest")):
        for resource in _objects(rest.get("resource")):
            names = {str(item.get("name")) for item in _objects(resource.get("searchParam"))}
            found.setdefault(str(resource.get("type")), set()).update(names)
    return found


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def check_searches(
    access: FhirAccess, ca_file: str | None, queries: tuple[Query, ...], patient_id: str
) -> Iterator[Finding]:
    """Each search that a hook makes, as it makes it."""
    client = FhirClient(ca_file=ca_file)
    try:
        since = datetime.now(UTC) - LOOK_BACK
        answers = client.fetch(access, queries, patient_id, Deadline(SECONDS), since)
        for query in queries:
            check = f"search {query.key}"
            failure = answers[query.key].failure
            left_out = client.refused(access.base_url, query.resource_type)
            if failure is None or (failure.reason is Reason.TRUNCATED and answers[query.key].coverage.since):
                yield ok(check, f"{query.resource_type}: {len(answers[query.key].resources)} resources")
            else:
                text = f"{query.resource_type}: {failure.reason} ({failure.detail})"
                yield fail(check, text, MENDED.get(failure.reason, "the service says this axis is unknown"))
            if left_out:
                text = f"{query.resource_type}: refused, and left out: {', '.join(sorted(left_out))}"
                yield warn(check, text, "what is not sorted proves less: ask the EHR to allow it")
    finally:
        client.close()


MENDED = {
    Reason.REFUSED: "the token may not read this: see its scopes, and the rights of the app in the EHR",
    Reason.TIMEOUT: "raise CRS_CDS_FHIR_BUDGET_MS, or have the EHR prefetch",
    Reason.ERROR: "the server refuses the search: have the EHR prefetch it, or ask for the parameter",
    Reason.WRONG_PATIENT: "the server ignores the patient of the search: do not go live",
}
