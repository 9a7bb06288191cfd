"""A trial of the whole set-up: what an EHR and a site would bring.

``trial.py prepare FOLDER`` writes all files that ``docker/compose.yaml`` asks for, with keys made now.
``trial.py load FHIR_BASE`` writes the synthetic patients to a FHIR server.
``trial.py call FOLDER PATIENT`` calls the service as that EHR, and prints the card.

For trials: in use the keys are the EHR's, the certificate the hospital's, and the passwords a vault's.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

ISSUER = "https://ehr.example"
KEY_ID = "trial"
URL = "https://localhost:8443"
FHIR_BASE = "https://fhir:8443/fhir"
NAMES = ("localhost", "fhir", "nginx")
VIEW = "/cds-services/crs-patient-view"
TOKEN_S = 120
WAIT_S = 300
STORE_PASSWORD = "trial-only"  # noqa: S105 - of a key store that is made for the trial

Json = dict[str, Any]
CLIENTS = """\
# The EHRs that may call; made for a trial.
[[client]]
iss = "{issuer}"
jwks_file = "ehr-jwks.json"
fhir_base = "{fhir_base}"
max_token_age_s = 300
private_addresses = {private}
allow_http = {http}
"""


class Ehr:
    """An EHR that signs its calls."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, issuer: str = ISSUER) -> None:
        self.key, self.issuer = key, issuer

    @classmethod
    def made(cls) -> Ehr:
        return cls(ec.generate_private_key(ec.SECP384R1()))

    def jwks(self) -> Json:
        public: Json = jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": KEY_ID, "alg": "ES384", "use": "sig"}]}

    def token(self, url: str, **changes: Any) -> str:
        """A token for one call of one address, as CDS Hooks asks for it."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": url,
            "iat": now,
            "exp": now + TOKEN_S,
            "jti": str(uuid.uuid4()),
            **changes,
        }
        return jwt.encode(claims, self.key, algorithm="ES384", headers={"kid": KEY_ID})

    def clients(self, folder: Path, fhir_base: str, *, loopback: bool = False) -> Path:
        """The clients file and the key set beside it."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ehr-jwks.json").write_text(json.dumps(self.jwks(), indent=1))
        file = folder / "clients.toml"
        words = {"private": "true", "http": str(loopback).lower()}
        file.write_text(CLIENTS.format(issuer=self.issuer, fhir_base=fhir_base, **words))
        return file


def patient_view(patient: str, fhir_base: str) -> Json:
    """A hook request without prefetch."""
    return {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid4()),
        "fhirServer": fhir_base,
        "context": {"userId": "Practitioner/trial", "patientId": patient},
    }


def certificate(names: Iterable[str]) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate that signs itself, for 30 days."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crs-cds trial")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made, key


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())


def prepare(folder: Path) -> None:
    """Write the files of a site. Raises SystemExit where some are there: they may be in use."""
    hidden, site = folder / "secrets", folder / "site"
    if hidden.exists() or site.exists():
        raise SystemExit(f"{hidden} or {site} is there already: remove both for a new trial")
    hidden.mkdir(parents=True, mode=0o711)
    ehr = Ehr.made()
    ehr.clients(site, FHIR_BASE)
    made, key = certificate(NAMES)
    public = made.public_bytes(serialization.Encoding.PEM)
    (site / "trial-ca.pem").write_bytes(public)
    (site / "crs-cds.env").write_text(
        f"CRS_CDS_PUBLIC_URL={URL}\nCRS_CDS_FHIR_CA_FILE=/etc/crs-cds/trial-ca.pem\nCRS_CDS_TIMEZONE=UTC\n"
    )
    kept = serialization.BestAvailableEncryption(STORE_PASSWORD.encode())
    for name, content in _hidden().items():
        (hidden / name).write_text(content)
    (hidden / "ehr-key.pem").write_bytes(pem(ehr.key))
    (hidden / "tls.crt").write_bytes(public)
    (hidden / "tls.key").write_bytes(pem(key))
    (hidden / "fhir.p12").write_bytes(pkcs12.serialize_key_and_certificates(b"fhir", key, made, None, kept))
    sys.stdout.write(f"written to {hidden} and {site}; the containers' users must be able to read them\n")


def _hidden() -> dict[str, str]:
    postgres, redis, hash_key = (secrets.token_urlsafe(32) for _ in range(3))
    return {
        "postgres_password": postgres,
        "redis.conf": f"requirepass {redis}\nprotected-mode yes\nsave ''\nappendonly no\n"
        "maxmemory 128mb\nmaxmemory-policy noeviction\n",
        "crs_cds_database_url": f"postgresql://crs:{postgres}@postgres/crs",
        "crs_cds_redis_url": f"redis://:{redis}@redis:6379/0",
        "crs_cds_patient_hash_key": hash_key,
    }


def load(base: str, ca: str | None) -> None:
    """Write the synthetic patients, as of now, to a FHIR server that may still be starting."""
    from cds_service.sandbox import patients  # noqa: PLC0415 - the other commands do without the service

    limit = time.monotonic() + WAIT_S
    while not _answers(f"{base}/metadata", ca):
        if time.monotonic() > limit:
            raise SystemExit(f"{base} does not answer")
        time.sleep(2)
    for patient, chart in patients.build(datetime.now(UTC)).items():
        first_patients = sorted(chart, key=lambda one: one["resourceType"] != "Patient")
        entries = [
            {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
            for one in first_patients
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        answer = requests.post(base, json=bundle, timeout=120, verify=ca or True)
        if not answer.ok:
            raise SystemExit(f"{patient}: {answer.status_code} {answer.text[:500]}")
    sys.stdout.write(f"{len(patients.ids())} patients written to {base}\n")


def _answers(url: str, ca: str | None) -> bool:
    try:
        return requests.get(url, timeout=30, verify=ca or True).ok
    except requests.ConnectionError:
        return False


def call(folder: Path, patient: str) -> None:
    """One call of the service, signed as the EHR of the trial."""
    key = serialization.load_pem_private_key((folder / "secrets" / "ehr-key.pem").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SystemExit("ehr-key.pem is no key of this trial")
    answer = requests.post(
        URL + VIEW,
        json=patient_view(patient, FHIR_BASE),
        headers={"Authorization": f"Bearer {Ehr(key).token(URL + VIEW)}"},
        verify=str(folder / "site" / "trial-ca.pem"),
        timeout=30,
    )
    sys.stdout.write(f"{answer.status_code}\n{json.dumps(answer.json(), indent=1, ensure_ascii=False)}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("prepare").add_argument("folder", type=Path)
    loading = commands.add_parser("load")
    loading.add_argument("base")
    loading.add_argument("--ca")
    calling = commands.add_parser("call")
    calling.add_argument("folder", type=Path)
    calling.add_argument("patient", nargs="?", default="demo-03")
    options = parser.parse_args()
    if options.command == "prepare":
        prepare(options.folder)
    elif options.command == "load":
        load(options.base.rstrip("/"), options.ca)
    else:
        call(options.folder, options.patient)


if __name__ == "__main__":
    main()
