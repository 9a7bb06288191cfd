"""The clients file: which EHRs may call, with which keys, and which FHIR server is theirs."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cds_service.errors import ConfigurationError
from cds_service.settings import is_loopback
from cds_service.trust.addresses import AddressRule
from cds_service.trust.keys import KeySet, read_key_set

MOST_TOKEN_AGE_S = 3600
"""CDS Hooks keeps a jti for an hour at most; so long must no token live."""
PUBLIC_KEYS = frozenset({"https://sandbox.cds-hooks.org"})
"""Issuers whose private keys are published with their source code."""
REQUIRED: dict[str, type] = {
    "iss": str,
    "fhir_base": str,
    "max_token_age_s": int,
    "allow_http": bool,
    "private_addresses": bool,
}
OPTIONAL: dict[str, type] = {"jku": str, "jwks_file": str, "tenants": list, "shadow": bool}


@dataclass(frozen=True, slots=True)
class Client:
    """A trusted EHR. ``keys``: those given out of band; without them they are fetched from ``jku``."""

    iss: str
    fhir_base: str
    max_token_age_s: int
    allow_http: bool
    private_addresses: bool
    jku: str | None = None
    jwks_file: Path | None = None
    keys: KeySet | None = None
    tenants: tuple[str, ...] = ()
    shadow: bool = False

    @property
    def name(self) -> str:
        """What logs, records and metrics call it."""
        return self.iss

    @property
    def addresses(self) -> AddressRule:
        """Where its servers may stand."""
        return AddressRule(private=self.private_addresses, loopback=self.allow_http)


def load_clients(path: Path) -> dict[str, Client]:
    """The trusted clients by issuer. Raises ConfigurationError naming the file and the key at fault."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read ({error})") from None
    listed = document.pop("client", None)
    if document:
        raise ConfigurationError(f"{path}: {min(document)}: unknown key; there is [[client]] alone")
    if not isinstance(listed, list) or not listed or not all(isinstance(item, dict) for item in listed):
        raise ConfigurationError(f"{path}: client: there must be at least one [[client]]")
    found: dict[str, Client] = {}
    for number, item in enumerate(listed, 1):
        client = _client(path, f"client {number}", item)
        if client.iss in found:
            raise ConfigurationError(f"{path}: client {number}: iss: {client.iss!r} is there twice")
        found[client.iss] = client
    return found


def _client(path: Path, where: str, item: dict[str, Any]) -> Client:
    def refuse(key: str, why: str) -> ConfigurationError:
        return ConfigurationError(f"{path}: {where}: {key}: {why}")

    for key, value in item.items():
        kind = REQUIRED.get(key) or OPTIONAL.get(key)
        if kind is None:
            raise refuse(key, "unknown key")
        if type(value) is not kind or value == "":
            raise refuse(key, f"must be {_NAMES[kind]}")
    for key in REQUIRED:
        if key not in item:
            raise refuse(key, "is missing")
    if item["iss"].rstrip("/") in PUBLIC_KEYS:
        raise refuse("iss", "everybody has the private key of this client; try it with CRS_CDS_AUTH=none")
    if not 1 <= item["max_token_age_s"] <= MOST_TOKEN_AGE_S:
        raise refuse("max_token_age_s", f"must be from 1 to {MOST_TOKEN_AGE_S} seconds")
    for key in ("fhir_base", "jku"):
        if key in item and (fault := _fault(key, item[key], allow_http=item["allow_http"])):
            raise refuse(key, fault)
    tenants = item.pop("tenants", None)
    if tenants is not None and (not tenants or not all(isinstance(t, str) and t for t in tenants)):
        raise refuse("tenants", "must be a list of names, or left out")
    if "jku" not in item and "jwks_file" not in item:
        raise refuse("jku", "is missing, and there is no jwks_file in its place")
    file = path.parent / item.pop("jwks_file") if "jwks_file" in item else None
    return Client(**item, tenants=tuple(tenants or ()), jwks_file=file, keys=_keys(file))


_NAMES = {str: "text", int: "a whole number", bool: "true or false", list: "a list"}


def _keys(file: Path | None) -> KeySet | None:
    if file is None:
        return None
    try:
        keys = read_key_set(file.read_bytes(), str(file))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file}: not a readable JWK Set ({error})") from None
    if not keys:
        raise ConfigurationError(f"{file}: keys: there is none for ES384 or RS384 that can be used")
    return keys


def _fault(key: str, url: str, *, allow_http: bool) -> str:
    """What keeps an address from being used; empty for a good one."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is not an address"
    if not _PLAIN.fullmatch(url) or not host or port == 0:
        return "is not an address such as https://ehr.example/fhir"
    if parts.username is not None or "#" in url or _has_dots(parts.path):
        return "must be plain: no user, fragment or dot segment"
    if key == "fhir_base" and ("?" in url or "%" in url):
        return "must be a base, without query and escapes"
    return "" if parts.scheme == "https" else _fault_without_tls(parts.scheme, host, allow_http=allow_http)


_PLAIN = re.compile(r"[!-\[\]-~]+")
"""Printable ASCII without the backslash, which browsers and servers read in two ways."""


def _fault_without_tls(scheme: str, host: str, *, allow_http: bool) -> str:
    if scheme != "http" or not allow_http:
        return "must begin with https:// (allow_http is for trials on loopback)"
    return "" if is_loopback(host) else "may be http:// on a loopback address only"


def _has_dots(path: str) -> bool:
    return any(part.partition(";")[0] in (".", "..") for part in path.split("/"))
