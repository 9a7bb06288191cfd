"""The whole set-up as processes: replicas behind nginx, Redis, a store, and an EHR that signs its calls."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.hospital import gateway, programs
from benchmarks.hospital.programs import Program
from tools.trial import Ehr

HASH_KEY = "of a hospital that is none, for tests"
RATE = "100000"
"""More than any load here: what is measured is not the limit of a client."""
READY_S = 20


@dataclass(frozen=True, slots=True)
class Hospital:
    """``url`` is what the EHR calls: nginx, over TLS."""

    url: str
    certificate: Path
    ehr: Ehr
    fhir_base: str
    replicas: tuple[Program, ...]
    nginx: Program
    redis: Program

    def address(self, replica: int) -> str:
        """A replica itself, past nginx."""
        return f"http://127.0.0.1:{self.replicas[replica].port}"

    def header(self, path: str, token: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {token or self.ehr.token(self.url + path)}"}

    def await_ready(self) -> None:
        """Until each replica answers: a port is open before that. Raises SystemExit."""
        for number in range(len(self.replicas)):
            limit = time.monotonic() + READY_S
            while not _is_ready(self.address(number)):
                if time.monotonic() > limit:
                    raise SystemExit("a replica is not ready")
                time.sleep(0.05)


def _is_ready(address: str) -> bool:
    try:
        return requests.get(f"{address}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


@contextmanager
def open_hospital(
    folder: Path, fhir_base: str, database_url: str | None, *, replicas: int = 2, workers: int = 2
) -> Iterator[Hospital]:
    """``database_url`` None: each replica has a SQLite file of its own, in ``folder/replica-N``."""
    nginx = gateway.program()
    if nginx is None:
        raise SystemExit("nginx is not installed")
    os.chmod(folder, 0o711)  # noqa: S103 - nginx's workers are another user, and pass through
    port, ehr = programs.free_port(), Ehr.made()
    url = f"https://localhost:{port}"
    redis = programs.redis(programs.free_port(), folder / "redis.log")
    own = {
        "CRS_CDS_CLIENTS": str(ehr.clients(folder / "site", fhir_base, loopback=True)),
        "CRS_CDS_PUBLIC_URL": url,
        "CRS_CDS_REDIS_URL": f"redis://127.0.0.1:{redis.port}/0",
        "CRS_CDS_RATE_LIMIT": RATE,
        "CRS_CDS_PATIENT_HASH_KEY": HASH_KEY,
        **({"CRS_CDS_DATABASE_URL": database_url} if database_url else {}),
    }
    served = tuple(_replica(folder / f"replica-{n}", own, workers) for n in range(1, replicas + 1))
    before = gateway.gateway(nginx, folder / "nginx", port, [one.port for one in served])
    with ExitStack() as stack:
        for one in (redis, *served, before):
            stack.callback(one.stop)
            one.start()
        found = Hospital(url, folder / "nginx" / "tls.crt", ehr, fhir_base, served, before, redis)
        found.await_ready()
        yield found


def _replica(folder: Path, own: Mapping[str, str], workers: int) -> Program:
    folder.mkdir(parents=True, exist_ok=True)
    mine = {**own, "CRS_CDS_DATA_DIR": str(folder)}
    return programs.service(programs.free_port(), folder / "log", mine, workers)
