"""A patient's id as a keyed hash: the same patient is seen to be the same, and not who it is.

A plain hash would not do: ids of patients are short, and all of them can be tried.
"""

from __future__ import annotations

import hmac
import os
import secrets
import tempfile
from pathlib import Path

from cds_service.observability import logger

KEY_FILE = "patient-hash.key"
_SMALLEST = 32


class PatientHash:
    """HMAC-SHA-256 over the client and the id: ids of two EHRs may be alike and mean different people."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, client: str, patient_id: str) -> str:
        return hmac.digest(self._key, f"{client}\n{patient_id}".encode(), "sha256").hex()


def load_key(folder: Path) -> bytes:
    """The key of this data directory, made at the first start.

    Where none can be kept the key lives as long as the process: hashes of later processes are then others.
    """
    path = folder / KEY_FILE
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
        if len(key) >= _SMALLEST:
            return key
        logger.error("patient-hash-key-too-short")
    except OSError as error:
        logger.warning("patient-hash-key-not-kept", error=type(error).__name__)
    return secrets.token_bytes(_SMALLEST)


def _make(path: Path) -> None:
    """Complete or not at all, also where two processes start at the same time; the first one wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent)  # readable by its owner only
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_SMALLEST))
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)
