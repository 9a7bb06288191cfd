"""An EHR that the service trusts: its keys, key server and tokens, and the clients file that names it."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

Json = dict[str, Any]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
ISSUER = "https://ehr.example"
PUBLIC_URL = "https://cds.example/crs"
PATH = "/cds-services/crs-patient-view"
FHIR_BASE = "https://ehr.example/fhir"


@cache
def key_of(kind: str, number: int = 0) -> PrivateKey:
    """A private key, the same for all tests of a run: RSA keys take long to make."""
    del number  # tells keys of the same kind apart
    if kind.startswith("RSA"):
        return rsa.generate_private_key(65537, int(kind.removeprefix("RSA-")))
    curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    return ec.generate_private_key(curves[kind])


def public_jwk(key: PrivateKey, kid: str = "one", **members: Any) -> Json:
    if isinstance(key, rsa.RSAPrivateKey):
        found = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        found = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    whole = {key: value for key, value in found.items() if key != "key_ops"}
    return {**whole, "kid": kid, **members}


def without(members: Json) -> Json:
    """Members that are ``...`` are left out."""
    return {key: value for key, value in members.items() if value is not ...}


@dataclass
class Ehr:
    """What is changed in a token or a client is named; the rest is as it should be."""

    iss: str = ISSUER
    kid: str = "one"
    algorithm: str = "ES384"
    key: PrivateKey = field(default_factory=lambda: key_of("P-384"))
    jku: str | None = None

    def claims(self, path: str = PATH, now: int | None = None, **changes: Any) -> Json:
        at = int(time.time()) if now is None else now
        whole = {
            "iss": self.iss,
            "aud": PUBLIC_URL + path,
            "exp": at + 300,
            "iat": at,
            "jti": str(uuid.uuid4()),
        }
        return without(whole | changes)

    def token(self, headers: Json | None = None, claims: Json | None = None, **changes: Any) -> str:
        named = {"kid": self.kid} | ({"jku": self.jku} if self.jku else {}) | (headers or {})
        body = self.claims(**changes) if claims is None else claims
        return jwt.encode(body, self.key, algorithm=self.algorithm, headers=named)

    def jwks(self) -> Json:
        return {"keys": [public_jwk(self.key, self.kid)]}


def client_entry(folder: Path, ehr: Ehr | None = None, **changes: Any) -> Json:
    """A client of the clients file; its keys are written beside it where it has no ``jku``."""
    ehr = ehr or Ehr()
    whole: Json = {
        "iss": ehr.iss,
        "fhir_base": FHIR_BASE,
        "max_token_age_s": 300,
        "allow_http": False,
        "private_addresses": False,
    }
    if ehr.jku:
        whole["jku"] = ehr.jku
    else:
        whole["jwks_file"] = f"{uuid.uuid4().hex}.json"
        (folder / whole["jwks_file"]).write_text(json.dumps(ehr.jwks()))
    return without(whole | changes)


def write_clients(folder: Path, *clients: Json) -> Path:
    """The clients file. JSON text, numbers, booleans and lists are TOML as well."""
    lines = []
    for client in clients:
        lines += ["[[client]]", *(f"{key} = {json.dumps(value)}" for key, value in client.items())]
    path = folder / "clients.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


class KeyServer:
    """Publishes key sets over real HTTP, counts who asks, and fails where it is told to."""

    def __init__(self) -> None:
        self.answers: dict[str, Json | bytes] = {}
        self.asked: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.delay_s = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                time.sleep(outer.delay_s)
                found = outer.answers.get(self.path, {})
                body = found if isinstance(found, bytes) else json.dumps(found).encode()
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"


@contextmanager
def key_server() -> Iterator[KeyServer]:
    found = KeyServer()
    thread = threading.Thread(target=found.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.server.shutdown()
        found.server.server_close()
        thread.join()
