"""`crs-cds doctor` against servers that are right, wrong or not there: what it says, and what it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from cds_service.cli import main
from cds_service.observability.logs import set_level
from tests.integration.fake_fhir import FakeFhir, Handler, document, status
from tests.redis_server import RedisServer
from tests.trusted_ehr import Ehr, client_entry, key_of, key_server, public_jwk, write_clients

PATIENT = "MRN-88140-Canary"
TOKEN = "t0ken-canary"
TYPES = (
    "Patient", "Observation", "MedicationAdministration", "MedicationRequest", "Procedure", "Immunization",
    "Condition",
)  # fmt: skip
SEARCHED = [{"name": name} for name in ("patient", "code", "status", "_sort")]
STATEMENT = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "rest": [{"mode": "server", "resource": [{"type": t, "searchParam": SEARCHED} for t in TYPES]}],
}


@pytest.fixture(autouse=True)
def _level() -> Iterator[None]:
    """The command lowers its own log; other tests want theirs as it was."""
    yield
    set_level("warning")


@pytest.fixture
def fhir() -> Iterator[FakeFhir]:
    with FakeFhir([{"resourceType": "Patient", "id": PATIENT, "name": [{"family": "Canary"}]}]) as server:
        server.always("metadata", document(STATEMENT))
        yield server


@pytest.fixture
def site(tmp_path: Path, fhir: FakeFhir, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site without client authentication, in good order."""
    settings = {
        "AUTH": "none",
        "FHIR_SERVERS": fhir.base,
        "DATA_DIR": str(tmp_path),
        "TIMEZONE": "Europe/Berlin",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"CRS_CDS_{name}", value)
    return tmp_path


def examined(
    capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """The exit code, and the findings by check."""
    code = main(["doctor", "--json", *arguments])
    written = capsys.readouterr()
    found: dict[str, list[dict[str, str]]] = {}
    for finding in json.loads(written.out)["findings"]:
        found.setdefault(finding["check"], []).append(finding)
    for secret in (PATIENT, TOKEN, "Canary", "s3cret"):
        assert secret not in written.out + written.err
    return code, found


def states(found: dict[str, list[dict[str, str]]], check: str) -> list[str]:
    return [finding["state"] for finding in found[check]]


@pytest.mark.usefixtures("site")
def test_a_site_in_good_order_passes(
    fhir: FakeFhir, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOKEN_OF_TODAY", TOKEN)
    code, found = examined(capsys, "--patient", PATIENT, "--token-env", "TOKEN_OF_TODAY")
    assert code == 0
    assert states(found, f"FHIR {fhir.base}") == ["ok"]
    searches = {check: states(found, check) for check in found if check.startswith("search ")}
    assert len(searches) == 9
    assert set(map(tuple, searches.values())) == {("ok",)}
    assert states(found, "clock") == states(found, "guideline") == states(found, "store") == ["ok"]
    assert {seen.headers["authorization"] for seen in fhir.seen} == {f"Bearer {TOKEN}"}


@pytest.mark.usefixtures("site")
def test_what_the_fhir_server_refuses_is_said_search_by_search(
    fhir: FakeFhir, capsys: pytest.CaptureFixture[str]
) -> None:
    fhir.always("Condition", status(403))
    fhir.once("Procedure", status(400, text="unknown parameter _sort"))
    code, found = examined(capsys, "--patient", PATIENT)
    assert code == 1
    (condition,) = found["search conditions"]
    assert (condition["state"], "scopes" in condition["mend"]) == ("fail", True)
    assert any("_sort" in finding["said"] for finding in found["search procedures"])
    assert states(found, "search vitals") == ["ok"]


@pytest.mark.usefixtures("site")
def test_what_a_server_does_not_declare_is_said(fhir: FakeFhir, capsys: pytest.CaptureFixture[str]) -> None:
    fhir._faults.clear()
    fewer = [{"type": "Observation", "searchParam": [{"name": "patient"}]}]
    fhir.always("metadata", document(STATEMENT | {"rest": [{"resource": fewer}], "fhirVersion": "5.0.0"}))
    code, found = examined(capsys)
    said = [finding["said"] for finding in found[f"FHIR {fhir.base}"]]
    assert code == 1
    assert "FHIR 5.0.0" in said
    assert any("vitals" in line and "code" in line for line in said)
    assert any("Condition is not declared" in line for line in said)


@pytest.mark.usefixtures("site")
def test_a_clock_that_is_wrong_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Handler, "date_time_string", lambda _: formatdate(1_000_000_000, usegmt=True))
    code, found = examined(capsys)
    assert (code, states(found, "clock")) == (1, ["fail"])


@pytest.mark.parametrize(
    ("setting", "value", "check"),
    [
        ("GUIDELINE", "nowhere.toml", "guideline"),
        ("CODES", "nowhere.toml", "codes"),
        ("DATABASE_URL", "postgresql://crs:s3cret@127.0.0.1:9/none", "store"),
        ("REDIS_URL", "redis://:s3cret@127.0.0.1:9/0", "redis"),
        ("FHIR_SERVERS", "http://127.0.0.1:9/fhir", "FHIR http://127.0.0.1:9/fhir"),
        ("DATA_DIR", "/dev/null/data", "data directory"),
        ("TIMEZONE", "Mars/Olympus", "settings"),
    ],
)
@pytest.mark.usefixtures("site")
def test_whatever_is_wrong_is_named_and_the_exit_code_tells(
    setting: str, value: str, check: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"CRS_CDS_{setting}", value)
    code, found = examined(capsys)
    assert code == 1
    assert "fail" in states(found, check)
    assert all(finding["mend"] for finding in found[check])


def test_keys_are_fetched_and_judged(
    site: Path, fhir: FakeFhir, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with key_server() as keys:
        good, bad = (
            Ehr(iss="https://good", jku=f"{keys.base}/good"),
            Ehr(iss="https://bad", jku=f"{keys.base}/bad"),
        )
        keys.answers = {"/good": good.jwks(), "/bad": {"keys": [public_jwk(key_of("P-256"), "small")]}}
        entries: list[dict[str, Any]] = [
            client_entry(site, ehr, allow_http=True, fhir_base=fhir.base) for ehr in (good, bad)
        ]
        entries[1]["shadow"] = True
        monkeypatch.setenv("CRS_CDS_AUTH", "jwt")
        monkeypatch.setenv("CRS_CDS_PUBLIC_URL", "https://cds.example")
        monkeypatch.setenv("CRS_CDS_CLIENTS", str(write_clients(site, *entries)))
        code, found = examined(capsys)
    assert code == 1
    assert states(found, "keys of https://good") == ["ok"]
    assert states(found, "keys of https://bad") == ["fail"]
    assert states(found, "redis") == states(found, "shadow") == ["warn"]


@pytest.mark.usefixtures("site")
def test_a_token_goes_to_one_server_only(
    fhir: FakeFhir, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOKEN_OF_TODAY", TOKEN)
    monkeypatch.setenv("CRS_CDS_FHIR_SERVERS", f"{fhir.base},{fhir.origin}/other")
    code, found = examined(capsys, "--token-env", "TOKEN_OF_TODAY")
    assert (code, states(found, "FHIR"), fhir.seen) == (1, ["fail"], [])
    examined(capsys, "--token-env", "TOKEN_OF_TODAY", "--fhir-server", fhir.base)
    assert {seen.path for seen in fhir.seen} == {"/fhir/metadata"}


@pytest.mark.usefixtures("site")
def test_a_real_redis_and_a_real_postgresql_pass(
    redis_server: RedisServer,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CRS_CDS_REDIS_URL", redis_server.url)
    monkeypatch.setenv("CRS_CDS_DATABASE_URL", database)
    assert states(examined(capsys)[1], "store") == ["warn"]
    assert main(["records", "migrate"]) == 0
    capsys.readouterr()
    code, found = examined(capsys)
    assert (code, states(found, "store"), states(found, "redis")) == (0, ["ok"], ["ok"])


@pytest.mark.usefixtures("site")
def test_the_lines_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(("ok  ", "warn  ", "fail  ")) for line in lines)
    assert any(" -> " in line for line in lines)
