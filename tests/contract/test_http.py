"""HTTP as EHRs, proxies and browsers use it: methods, media types, packing, ETags, CORS."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.app import MOST_BODY_BYTES
from tests.contract.service import PATH, _encoder, call, check, client, request

ORIGIN = "https://ehr.example"
BROWSER = {"Origin": ORIGIN}
PREFLIGHT = BROWSER | {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}
PATHS = ["/cds-services", PATH, "/schemas/response.json", "/livez", "/readyz"]


@pytest.fixture(scope="module")
def service() -> FlaskClient:
    return client(cors_origins=(ORIGIN, "http://localhost:8080"))


# --- methods and media types -----------------------------------------------------------


@pytest.mark.parametrize("path", [p for p in PATHS if p != PATH])
def test_head_says_what_get_says_without_a_body(service: FlaskClient, path: str) -> None:
    got, head = service.get(path), service.head(path)
    assert (head.status_code, head.data) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert head.headers.get(name) == got.headers.get(name)


@pytest.mark.parametrize("path", PATHS)
def test_options_name_the_methods(service: FlaskClient, path: str) -> None:
    answer = service.options(path)
    assert answer.status_code == 200
    assert {"OPTIONS", "POST" if path == PATH else "GET"} <= answer.allow


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", PATH), ("GET", PATH), ("DELETE", "/cds-services"), ("POST", "/readyz")]
)
def test_another_method_is_405_and_the_right_ones_are_named(
    service: FlaskClient, method: str, path: str
) -> None:
    """CH-21, CH-22."""
    answer = service.open(path, method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"]
    check(answer)


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_json_is_taken_however_it_is_written(service: FlaskClient, media_type: str) -> None:
    """CH-15."""
    assert call(service, request(), content_type=media_type).status_code == 200


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/fhir+json", "application/xml"])
def test_another_media_type_is_415(service: FlaskClient, media_type: str) -> None:
    """CH-22."""
    assert call(service, request(), content_type=media_type).status_code == 415


# --- packing ---------------------------------------------------------------------------


def packed(service: FlaskClient, body: bytes, encoding: str = "gzip") -> Any:
    return service.post(
        PATH, data=body, content_type="application/json", headers={"Content-Encoding": encoding}
    )


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_a_packed_request_is_read(service: FlaskClient, encoding: str) -> None:
    answer = packed(service, gzip.compress(_encoder.encode(request())), encoding)
    assert answer.status_code == 200
    assert answer.json["cards"]


def test_a_body_that_says_identity_is_read_as_it_is(service: FlaskClient) -> None:
    assert packed(service, _encoder.encode(request()), "identity").status_code == 200


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"{}", "gzip", 400),
        (gzip.compress(b"{}")[:-1], "gzip", 400),
        (gzip.compress(b"{}") + b"more", "gzip", 400),
        (zlib.compress(b"{}"), "gzip", 400),
        (b"", "gzip", 400),
        (b"{}", "br", 415),
        (b"{}", "gzip, gzip", 415),
        (gzip.compress(b" " * (MOST_BODY_BYTES + 1)), "gzip", 413),
    ],
)
def test_a_packed_body_that_cannot_be_read_is_refused(
    service: FlaskClient, body: bytes, encoding: str, status: int
) -> None:
    answer = packed(service, body, encoding)
    assert answer.status_code == status
    check(answer)


def test_a_body_of_more_than_32_mib_is_413(service: FlaskClient) -> None:
    """CH-22."""
    assert call(service, b" " * (MOST_BODY_BYTES + 1)).status_code == 413


@pytest.mark.parametrize("accepted", ["gzip", "gzip, deflate, br", "br;q=1, gzip;q=0.5", "*, gzip"])
@pytest.mark.parametrize("path", ["/cds-services", "/schemas/response.json", PATH])
def test_an_answer_is_packed_for_who_can_read_it(service: FlaskClient, path: str, accepted: str) -> None:
    sent: dict[str, Any] = {"headers": {"Accept-Encoding": accepted}}
    if path == PATH:
        sent |= {"method": "POST", "data": _encoder.encode(request()), "content_type": "application/json"}
    answer = service.open(path, **sent)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert isinstance(json.loads(gzip.decompress(answer.data)), dict)


@pytest.mark.parametrize("accepted", [None, "identity", "gzip;q=0", "br"])
def test_an_answer_is_plain_for_everyone_else(service: FlaskClient, accepted: str | None) -> None:
    headers = {"Accept-Encoding": accepted} if accepted else {}
    answer = service.get("/cds-services", headers=headers)
    assert "Content-Encoding" not in answer.headers
    assert answer.json


# --- what stays the same ---------------------------------------------------------------


@pytest.mark.parametrize("path", ["/cds-services", "/schemas/response.json", "/schemas/openapi.json"])
def test_what_the_caller_has_already_is_not_sent_again(service: FlaskClient, path: str) -> None:
    first = service.get(path)
    assert first.headers["Cache-Control"] == "no-cache"
    assert "Accept-Encoding" in first.headers["Vary"]
    tag = first.headers["ETag"]
    again = service.get(path, headers={"If-None-Match": tag, "Accept-Encoding": "gzip"})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert service.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_an_answer_about_a_patient_is_kept_by_nobody(service: FlaskClient) -> None:
    answer = call(service, request())
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


# --- browsers --------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PATHS, "/cds-services/unknown"])
def test_a_preflight_passes_without_a_token_and_allows_one(service: FlaskClient, path: str) -> None:
    """CH-73."""
    answer = service.options(path, headers=PREFLIGHT)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "POST" in answer.headers["Access-Control-Allow-Methods"] or path not in (PATH,)
    allowed = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "content-type"} <= set(allowed)
    assert "Origin" in answer.headers["Vary"]


def test_a_page_of_an_allowed_origin_can_read_answers_and_refusals(service: FlaskClient) -> None:
    """CH-73."""
    headers = BROWSER | {"Content-Type": "application/json"}
    refused = [
        service.get("/nowhere", headers=BROWSER),
        service.get(PATH, headers=BROWSER),
        service.post(PATH, data=b"{", headers=headers),
        service.post(PATH, data=_encoder.encode(request(prefetch={})), headers=headers),
        service.post("/cds-services/unknown", data=b"{}", headers=headers),
        service.post(PATH, data=b"x", headers=BROWSER),
    ]
    assert [answer.status_code for answer in refused] == [404, 405, 400, 412, 404, 415]
    for answer in [*refused, service.get("/cds-services", headers=BROWSER)]:
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://ehr.example.evil", "", "*"])
def test_a_page_of_another_origin_can_read_nothing(service: FlaskClient, origin: str) -> None:
    """CH-73: an explicit list."""
    for answer in (
        service.get("/cds-services", headers={"Origin": origin}),
        service.options(PATH, headers=PREFLIGHT | {"Origin": origin}),
    ):
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Origin" in answer.headers["Vary"]


def test_without_the_setting_no_page_can_call() -> None:
    assert "Access-Control-Allow-Origin" not in client().get("/cds-services", headers=BROWSER).headers


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "127.8.0.1", "LOCALHOST:1"])
def test_this_machine_is_called_by_its_own_names(service: FlaskClient, host: str) -> None:
    assert service.get("/cds-services", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.7:8000", "[", "", "a@b"])
def test_a_name_that_a_page_pointed_here_is_refused(service: FlaskClient, host: str) -> None:
    answer = service.get("/cds-services", headers={"Host": host})
    assert answer.status_code == 400
    check(answer)
