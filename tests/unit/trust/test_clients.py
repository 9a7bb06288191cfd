"""The clients file: a gap or a slip in it stops the start, with file and key named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cds_service.errors import ConfigurationError
from cds_service.trust.clients import load_clients
from tests.trusted_ehr import Ehr, client_entry, key_of, public_jwk, write_clients


def refusal(path: Path) -> str:
    with pytest.raises(ConfigurationError) as raised:
        load_clients(path)
    return str(raised.value)


def test_a_client_has_what_the_file_says(tmp_path: Path) -> None:
    ehr = Ehr(jku="https://ehr.example/jwks.json")
    entry = client_entry(tmp_path, ehr, tenants=["north"], shadow=True, private_addresses=True)
    client = load_clients(write_clients(tmp_path, entry))["https://ehr.example"]
    assert (client.jku, client.fhir_base) == ("https://ehr.example/jwks.json", "https://ehr.example/fhir")
    assert (client.tenants, client.max_token_age_s) == (("north",), 300)
    assert (client.shadow, client.private_addresses, client.allow_http) == (True, True, False)
    assert client.name == client.iss


def test_keys_given_out_of_band_lie_beside_the_file(tmp_path: Path) -> None:
    client = load_clients(write_clients(tmp_path, client_entry(tmp_path)))["https://ehr.example"]
    assert client.keys is not None
    assert list(client.keys) == [("one", "ES384")]
    assert not client.shadow


@pytest.mark.parametrize("key", ["iss", "fhir_base", "max_token_age_s", "allow_http", "private_addresses"])
def test_a_missing_key_stops_the_start_and_is_named(tmp_path: Path, key: str) -> None:
    said = refusal(write_clients(tmp_path, client_entry(tmp_path, None, **{key: ...})))
    assert f"clients.toml: client 1: {key}: is missing" in said


def test_a_client_without_keys_stops_the_start(tmp_path: Path) -> None:
    assert "jku: is missing" in refusal(write_clients(tmp_path, client_entry(tmp_path, jwks_file=...)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("audience", "https://cds.example"),
        ("Iss", "https://ehr.example"),
        ("iss", ""),
        ("iss", 7),
        ("max_token_age_s", "300"),
        ("max_token_age_s", True),
        ("max_token_age_s", 0),
        ("max_token_age_s", 3601),
        ("allow_http", 1),
        ("private_addresses", "no"),
        ("tenants", "north"),
        ("tenants", []),
        ("tenants", ["north", 1]),
        ("shadow", "yes"),
        ("fhir_base", "ftp://ehr.example"),
        ("fhir_base", "ehr.example/fhir"),
        ("fhir_base", "http://ehr.example/fhir"),
        ("fhir_base", "https://user@ehr.example/fhir"),
        ("fhir_base", "https://ehr.example/fhir?x=1"),
        ("fhir_base", "https://ehr.example/fhir#x"),
        ("fhir_base", "https://ehr.example/a/../fhir"),
        ("fhir_base", "https://ehr.example/%66hir"),
        ("fhir_base", "https://ehr.example:0/fhir"),
        ("fhir_base", "https://ehr.example\\@evil.example/"),
        ("jku", "http://ehr.example/jwks.json"),
        ("jku", "https://ehr@evil.example/jwks.json"),
        ("jwks_file", "no-such.json"),
    ],
)
def test_a_slip_stops_the_start_and_is_named(tmp_path: Path, key: str, value: Any) -> None:
    said = refusal(write_clients(tmp_path, client_entry(tmp_path, **{key: value})))
    assert (key in said) or (str(value) in said)
    assert str(tmp_path) in said


def test_http_is_for_trials_on_this_machine_alone(tmp_path: Path) -> None:
    elsewhere = client_entry(tmp_path, fhir_base="http://ehr.example/fhir", allow_http=True)
    assert "loopback" in refusal(write_clients(tmp_path, elsewhere))
    here = client_entry(tmp_path, fhir_base="http://127.0.0.1:8080/fhir", allow_http=True)
    assert load_clients(write_clients(tmp_path, here))


def test_the_public_sandbox_is_not_trusted(tmp_path: Path) -> None:
    """CH-72: its private key is in its public source code."""
    entry = client_entry(tmp_path, Ehr(iss="https://sandbox.cds-hooks.org"))
    assert "private key" in refusal(write_clients(tmp_path, entry))


def test_an_issuer_stands_in_the_file_once(tmp_path: Path) -> None:
    """Which FHIR server is asked must not depend on the order of the file."""
    assert "twice" in refusal(write_clients(tmp_path, client_entry(tmp_path), client_entry(tmp_path)))


@pytest.mark.parametrize(
    "text", ["", "[client]\niss = 'x'", "client = 1", "[[client]", "[[clients]]", "\xff"]
)
def test_a_file_that_is_none_stops_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clients.toml"
    path.write_bytes(text.encode("latin-1"))
    assert str(path) in refusal(path)


@pytest.mark.parametrize(
    "keys",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        b"[" * 100_000,
        json.dumps({"keys": [public_jwk(key_of("P-256"))]}).encode(),
        json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "one"}]}).encode(),
    ],
)
def test_a_key_file_without_a_key_to_use_stops_the_start(tmp_path: Path, keys: bytes) -> None:
    entry = client_entry(tmp_path)
    (tmp_path / entry["jwks_file"]).write_bytes(keys)
    assert entry["jwks_file"] in refusal(write_clients(tmp_path, entry))
