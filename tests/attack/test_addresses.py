"""Requests forged through the service: to this machine, its network, its cloud, or somebody else's server.

Every server that must not be asked is there for real, and counts who connects.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cds_service.trust.addresses import AddressRefused, AddressRule, connect
from tests.contract.service import prefetch, request
from tests.contract.trusted import call, service, token
from tests.integration.fake_fhir import FakeFhir, document, status
from tests.logged import Logged
from tests.trusted_ehr import Ehr, Json, client_entry, key_server

PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808"]
PRIVATE = [
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.0.1",
    "192.168.1.1",
    "fd12:3456::1",
    "100.64.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
]
LOOPBACK = ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]
NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "0.0.0.0",  # noqa: S104  (an address to refuse)
    "::",
    "224.0.0.1",
    "239.1.1.1",
    "ff02::1",
    "255.255.255.255",
    "240.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "::7f00:1",
    "::10.0.0.1",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "198.18.0.1",
    "2001:db8::1",
    "100::1",
    "192.0.0.8",
    "fec0::1",
    "0.1.2.3",
    "",
    "localhost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert AddressRule().allows(address)


@pytest.mark.parametrize("address", [*PRIVATE, *LOOPBACK, *NEVER])
def test_without_leave_nothing_else_may(address: str) -> None:
    assert not AddressRule().allows(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_hospitals_own_network_needs_leave(address: str) -> None:
    assert AddressRule(private=True).allows(address)


@pytest.mark.parametrize("address", [*LOOPBACK, *NEVER])
def test_that_leave_opens_neither_this_machine_nor_its_cloud(address: str) -> None:
    assert not AddressRule(private=True).allows(address)


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER])
def test_leave_for_this_machine_opens_nothing_else(address: str) -> None:
    assert not AddressRule(loopback=True).allows(address)


@contextmanager
def listening() -> Iterator[tuple[int, socket.socket]]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.2)
        yield server.getsockname()[1], server


def nobody_came(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize(
    "name", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"]
)
def test_a_name_for_this_machine_is_not_connected_to(name: str) -> None:
    """However it is written: what counts is the address that the system makes of it."""
    with listening() as (port, server):
        with pytest.raises(OSError):  # noqa: PT011  (refused here, or no name to the system)
            connect(name, port, AddressRule(private=True), 2, None)
        assert nobody_came(server)


def test_a_name_that_changes_its_meaning_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the address that was looked at is the one that is connected to, without asking again."""
    lookups: list[str] = []

    def resolver(host: str, port: int, **_: Any) -> list[Any]:
        lookups.append(host)
        address = "93.184.215.14" if len(lookups) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    with listening() as (port, server):
        with pytest.raises(OSError):  # noqa: PT011  (nothing answers there)
            connect("rebind.example", port, AddressRule(), 0.2, None)
        assert nobody_came(server)
        assert lookups == ["rebind.example"]
        with pytest.raises(AddressRefused):
            connect("rebind.example", port, AddressRule(), 0.2, None)
        assert nobody_came(server)


def test_of_several_addresses_only_those_that_may_be_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolver(_host: str, port: int, **_: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("169.254.169.254", "10.0.0.1", "127.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    with listening() as (port, server):
        connect("mixed.example", port, AddressRule(loopback=True), 2, None).close()
        assert not nobody_came(server)


LACKING: Json = {
    "prefetch": prefetch(vitals=...),
    "fhirAuthorization": {
        "access_token": "t",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.rs",
        "subject": "crs",
    },
}


def trusting(folder: Path, base: str, **changes: Any) -> Json:
    return client_entry(folder, fhir_base=base, **changes)


def test_a_configured_server_that_stands_where_it_must_not_is_not_asked(
    tmp_path: Path, logged: Logged
) -> None:
    """Its name means this machine today. Said aloud: a failure to the caller, a line in the log."""
    with listening() as (port, server):
        base = f"https://localhost:{port}/fhir"
        where = service(tmp_path, trusting(tmp_path, base, private_addresses=True))
        answer = call(where, f"Bearer {token()}", body=request(fhirServer=base, **LACKING))
        assert answer.status_code == 503
        assert nobody_came(server)
    assert "address-refused" in logged.events


FORMS = [
    "http://{host}@{evil}/fhir",
    "http://{evil}#@{host}/fhir",
    "http://{evil}?@{host}/fhir",
    "http://{evil}/fhir",
    "http://user:pass@{host}/fhir",
    "http://{host}.evil.example/fhir",
    "http://{host}/fhir/../other",
    "http://{host}/fhir/..",
    "http://{host}/fhir/%2e%2e/x",
    "http://{host}/%66hir/%2e%2e",
    "http://{host}/fhirx",
    "http://{host}/fhi",
    "http://{host}/fhir/x",
    "http://{host}/",
    "http://{host}",
    "http://{host}/FHIR",
    "http://{host}/fhir?x",
    "http://{host}/fhir#x",
    "http://{host}\\@{evil}/fhir",
    "http://{host}%2f@{evil}/fhir",
    "https://{host}/fhir",
    "http://127.0.0.1/fhir",
    "http://127.0.0.1:1/fhir",
    "http://localhost:{port}/fhir",
    "http://127.1:{port}/fhir",
    "http://2130706433:{port}/fhir",
    "http://0x7f000001:{port}/fhir",
    "http://0177.0.0.1:{port}/fhir",
    "http://[::1]:{port}/fhir",
    "http://[::ffff:127.0.0.1]:{port}/fhir",
    "http://127.0.0.1.:{port}/fhir",
    "http://{host}:{port}/fhir",
    "http://0.0.0.0:{port}/fhir",
    "file:///etc/passwd",
    "gopher://{host}/fhir",
    "ftp://{host}/fhir",
    "http:{host}/fhir",
    "//{host}/fhir",
    "http://",
    "http://169.254.169.254/",
    "http://{host}/fhir\u200b",
    "http://{host}/fhir ",
    "http://{host}/fhir\n",
    "http://{host}/fhir\u0000",
    "http://[",
    "http://{host}/fhir;x=1",
    "http://{host}//fhir",
    "http://{host}/./fhir",
    "http://{host}/fhir//",
]


@pytest.mark.parametrize("form", FORMS)
def test_a_fhir_server_that_only_looks_like_the_clients_is_refused(tmp_path: Path, form: str) -> None:
    with FakeFhir([]) as own, FakeFhir([]) as evil:
        host, other = own.base.split("/")[2], evil.base.split("/")[2]
        where = service(tmp_path, trusting(tmp_path, f"http://{host}/fhir", allow_http=True))
        server = form.format(host=host, evil=other, port=host.split(":")[1])
        answer = call(where, f"Bearer {token()}", body=request(fhirServer=server, **LACKING))
        assert answer.status_code == 400
        assert (own.connections, evil.connections) == (0, 0)


NEXT = [
    "http://{evil}/fhir/Observation?page=2",
    "http://{host}@{evil}/fhir/Observation",
    "//{evil}/fhir/Observation",
    "http://{host}.evil.example/fhir/Observation",
    "http://{host}/other/Observation",
    "http://{host}/fhir/../other",
    "../other/Observation",
    "/other/Observation",
    "http://{host}/fhir/%2e%2e/other",
    "http://{host}/fhirx/Observation",
    "http://{host}\\@{evil}/fhir/Observation",
    "http://{evil}\\@{host}/fhir",
    "https://{host}/fhir/Observation?page=2",
    "http://localhost:{port}/fhir/Observation?page=2",
    "http://[::ffff:127.0.0.1]:{port}/fhir/Observation?page=2",
    "http://2130706433:{port}/fhir/Observation?page=2",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "http://",
    "http://{host}/fhir;@{evil}/",
    "http://{host}/fhir/Observation\r\nX: y",
    "http://user@{host}/fhir/Observation",
]


@pytest.mark.parametrize("link", NEXT)
def test_a_page_that_leads_elsewhere_is_not_followed_and_the_rest_is_unknown(
    tmp_path: Path, link: str
) -> None:
    """The bearer token of the EHR would go along; and what is there stays unknown, never none."""
    with FakeFhir([]) as own, FakeFhir([]) as evil:
        host, other = own.base.split("/")[2], evil.base.split("/")[2]
        target = link.format(host=host, evil=other, port=host.split(":")[1])
        page = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": 2,
            "link": [{"relation": "next", "url": target}],
        }
        own.always("Observation", document(page))
        where = service(tmp_path, trusting(tmp_path, own.base, allow_http=True))
        answer = call(where, f"Bearer {token()}", body=request(fhirServer=own.base, **LACKING))
        assert evil.connections == 0
        assert {seen.path for seen in own.seen} <= {f"{'/' + own.base.split('/', 3)[3]}/Observation"}
        assert answer.status_code == 412 or "vitals" in answer.get_data(as_text=True)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_of_the_fhir_server_is_not_followed(tmp_path: Path, code: int) -> None:
    with FakeFhir([]) as own, FakeFhir([]) as evil:
        own.always("Observation", status(code, {"Location": f"{evil.base}/Observation"}))
        where = service(tmp_path, trusting(tmp_path, own.base, allow_http=True))
        answer = call(where, f"Bearer {token()}", body=request(fhirServer=own.base, **LACKING))
        assert evil.connections == 0
        assert answer.status_code in (412, 503)


def test_a_foreign_key_set_is_never_fetched(tmp_path: Path) -> None:
    """CH-70: neither for a stranger's token nor for one that the EHR's own key has signed."""
    with key_server() as own, key_server() as evil:
        ehr = Ehr(jku=f"{own.base}/jwks.json")
        own.answers["/jwks.json"] = ehr.jwks()
        evil.answers["/jwks.json"] = ehr.jwks()
        where = service(tmp_path, client_entry(tmp_path, ehr, allow_http=True))
        host = own.base.removeprefix("http://")
        for jku in (
            f"{evil.base}/jwks.json",
            f"http://{host}@{evil.base[7:]}/jwks.json",
            f"{own.base}/other.json",
        ):
            assert call(where, f"Bearer {token(ehr, headers={'jku': jku})}").status_code == 401
        assert (own.asked, evil.asked) == ([], [])


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}},
        {"status": 404},
        {"status": 500},
        {"answers": {"/jwks.json": b"<html>"}},
        {"answers": {"/jwks.json": b"{}"}},
        {"answers": {"/jwks.json": b'{"keys": [' + b" " * 300_000 + b"]}"}},
        {"delay_s": 4.0},
        {"answers": {"/jwks.json": b"[" * 100_000}},
        {"headers": {"Content-Encoding": "gzip"}, "answers": {"/jwks.json": b"\x1f\x8b"}},
    ],
    ids=str,
)
def test_what_is_no_key_set_opens_nothing_and_ends_in_time(tmp_path: Path, fault: Json) -> None:
    with key_server() as keys:
        ehr = Ehr(jku=f"{keys.base}/jwks.json")
        keys.answers["/jwks.json"] = ehr.jwks()
        for name, value in fault.items():
            setattr(keys, name, value)
        where = service(tmp_path, client_entry(tmp_path, ehr, allow_http=True))
        assert call(where, f"Bearer {token(ehr)}").status_code == 503
        assert keys.asked == ["/jwks.json"]


def test_a_proxy_of_the_environment_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with key_server() as keys, listening() as (port, proxy):
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        ehr = Ehr(jku=f"{keys.base}/jwks.json")
        keys.answers["/jwks.json"] = ehr.jwks()
        where = service(tmp_path, client_entry(tmp_path, ehr, allow_http=True))
        assert call(where, f"Bearer {token(ehr)}").status_code == 200
        assert nobody_came(proxy)
