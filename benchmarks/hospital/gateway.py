"""nginx with the shipped configuration: only addresses, port and the place of the keys are changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.hospital.programs import ROOT, Program
from tools import trial

SHIPPED = ROOT / "docker" / "nginx" / "nginx.conf"
WAYS = ("/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx")
"""Debian keeps it out of the path of ordinary users."""


def program() -> str | None:
    return next((way for way in WAYS if Path(way).exists()), None)


def configuration(folder: Path, port: int, replicas: Sequence[int]) -> str:
    """The shipped file for two replicas on this machine. Raises SystemExit where it was changed."""
    text = SHIPPED.read_text()
    changes = {
        "listen 8443 ssl": f"listen 127.0.0.1:{port} ssl",
        "server cds-1:8000": f"server 127.0.0.1:{replicas[0]}",
        "server cds-2:8000": f"server 127.0.0.1:{replicas[-1]}",
        "/run/secrets/": f"{folder}/",
    }
    for shipped, here in changes.items():
        if shipped not in text:
            raise SystemExit(f"{SHIPPED}: {shipped!r} is no longer there")
        text = text.replace(shipped, here)
    return text


def gateway(nginx: str, folder: Path, port: int, replicas: Sequence[int]) -> Program:
    """nginx before the replicas; ``tls.crt`` in the folder is the certificate to trust."""
    folder.mkdir(mode=0o755, parents=True)
    made, key = trial.certificate(("localhost",))
    (folder / "tls.crt").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "tls.key").write_bytes(trial.pem(key))
    file = folder / "nginx.conf"
    file.write_text(configuration(folder, port, replicas))
    return Program((nginx, "-p", f"{folder}/", "-c", file, "-g", "daemon off;"), port, folder / "log")
