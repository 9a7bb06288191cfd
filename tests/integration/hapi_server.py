"""A real FHIR server for tests: HAPI FHIR JPA (R4), installed once, started on 127.0.0.1.

Its sources are in tools/hapi. The jars (about 200 MB, by Maven) and the compiled launcher go to
``$XDG_CACHE_HOME/crs-cds/hapi/<hash of the sources>``, so that a change of the sources installs anew.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import requests

SOURCES = Path(__file__).resolve().parents[2] / "tools" / "hapi"
INSTALL_LIMIT_S = 600
START_LIMIT_S = 240
STOP_LIMIT_S = 20
WRITE_LIMIT_S = 120
JVM_OPTIONS = (
    "-Xmx768m",
    "-XX:TieredStopAtLevel=1",  # the server lives for a minute: start quickly rather than peak high
    "-XX:+UseSerialGC",
    "-Djava.awt.headless=true",
)
# A resource is written after those that it may refer to.
WRITTEN_FIRST = ("Organization", "Practitioner", "Patient", "Encounter", "Device", "Medication")
EXACT_JSON = msgspec.json.Encoder(decimal_format="number")  # a Decimal arrives digit by digit

Resource = Mapping[str, Any]


class HapiError(Exception):
    """The server could not be installed or started, or refused what it was given."""


def missing_tools() -> list[str]:
    """The programs that are needed and not on the path."""
    return [program for program in ("java", "javac", "mvn") if shutil.which(program) is None]


def install() -> Path:
    """The folder with the server's jars and classes; the first call fills it.

    It is built beside its place and then renamed, so that a half-built one is never used.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crs-cds" / "hapi"
    home = cache / _fingerprint()
    if home.is_dir():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as building:
        work = Path(building) / "server"
        shutil.copytree(SOURCES, work)
        _run(["mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies"], work)
        _run(
            ["javac", "--release", "17", "-proc:none", "-cp", "lib/*", "-d", "classes", "FhirServer.java"],
            work,
        )
        try:
            work.rename(home)
        except OSError:
            if not home.is_dir():  # else another run was quicker, and its result serves as well
                raise
    return home


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for file in sorted(SOURCES.iterdir()):
        digest.update(f"{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INSTALL_LIMIT_S,
        check=False,
    )
    if done.returncode != 0:
        raise HapiError(f"{command[0]} failed:\n{(done.stdout + done.stderr)[-3000:]}")


@contextmanager
def running(home: Path) -> Iterator[str]:
    """Start the server, with an empty database; gives its FHIR base URL and stops it at the end.

    The server also ends by itself when this process is gone, since it reads our end of a pipe.
    """
    command = ["java", *JVM_OPTIONS, "-cp", f"{home}:{home}/classes:{home}/lib/*", "FhirServer"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield _await_ready(process, log.fileno())
        finally:
            _stop(process)


def _await_ready(process: subprocess.Popen[bytes], log: int) -> str:
    """The base URL from the server's READY line; HapiError when it dies or takes too long."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        said = os.pread(log, 1 << 20, 0).decode(errors="replace")
        for line in said.splitlines(keepends=True):
            if line.startswith("READY ") and line.endswith("\n"):
                return line.split()[1]
        if process.poll() is not None:
            raise HapiError(f"the FHIR server ended while starting:\n{said[-3000:]}")
        time.sleep(0.1)
    raise HapiError(f"the FHIR server was not ready after {START_LIMIT_S} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def put_all(base: str, resources: Iterable[Resource], chunk: int = 200) -> None:
    """Write resources under their own ids, in transactions of at most ``chunk`` entries.

    HapiError carries the server's OperationOutcome when it refuses one.
    """
    ordered = sorted(resources, key=_rank)
    for start in range(0, len(ordered), chunk):
        _transact(base, ordered[start : start + chunk])


def _rank(resource: Resource) -> int:
    kind = resource["resourceType"]
    return WRITTEN_FIRST.index(kind) if kind in WRITTEN_FIRST else len(WRITTEN_FIRST)


def _transact(base: str, resources: list[Resource]) -> None:
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = requests.post(
        base,
        data=EXACT_JSON.encode(bundle),
        headers={"Content-Type": "application/fhir+json"},
        timeout=WRITE_LIMIT_S,
    )
    if not answer.ok:  # a transaction is stored whole or not at all
        raise HapiError(f"the FHIR server answered {answer.status_code}: {answer.text[:2000]}")
