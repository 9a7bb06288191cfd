"""The image, built and started for real, under the bounds that the compose file and the manifests set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.charts import hook_request
from tests.deployment import container
from tests.deployment.container import Container, Image
from tools.trial import VIEW, Ehr

URL = "https://cds.hospital.example"
SETTINGS = {
    "CRS_CDS_CLIENTS": "/tmp/site/clients.toml",  # noqa: S108 - inside
    "CRS_CDS_SECRETS_DIR": "/tmp/site/secrets",  # noqa: S108
    "CRS_CDS_PUBLIC_URL": URL,
}
CALL = """
import sys, urllib.error, urllib.request
address, token = sys.argv[1:]
headers = {"Content-Type": "application/json", "Authorization": "Bearer " + token}
request = urllib.request.Request(address, sys.stdin.buffer.read(), headers)
try:
    answer = urllib.request.urlopen(request)
except urllib.error.HTTPError as refused:
    answer = refused
print(answer.status, answer.read().decode())
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ehr]:
    folder, ehr = tmp_path_factory.mktemp("site"), Ehr.made()
    ehr.clients(folder, "https://ehr.example/fhir")
    (folder / "secrets").mkdir()
    (folder / "secrets" / "crs_cds_redis_url").write_text("redis://127.0.0.1:6379/0")
    (folder / "secrets" / "crs_cds_patient_hash_key").write_text("of a hospital that is none, for tests")
    folder.chmod(0o755)
    return folder, ehr


@pytest.fixture(scope="module")
def running(
    image: Image, site: tuple[Path, Ehr], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    folder = tmp_path_factory.mktemp("container")
    with (
        container.started(image, folder, site[0], SETTINGS) as found,
        found.beside("redis-server", "--bind", "127.0.0.1", "--save", ""),
    ):
        yield found


def call(running: Container, token: str, body: str) -> str:
    address = f"http://127.0.0.1:8000{VIEW}"
    done = running.run("python3", "-c", CALL, address, token, given=body)
    assert done.stderr == ""
    return done.stdout


def test_the_image_says_what_it_is_and_who_it_runs_as(image: Image) -> None:
    assert image.owner == "10001:10001"
    assert image.config["StopSignal"] == "SIGTERM"
    assert image.config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert image.config["Volumes"] == {"/data": {}}


def test_the_image_has_the_service_and_not_what_built_it(image: Image) -> None:
    assert (image.rootfs / "opt/crs-cds/bin/crs-cds").exists()
    for name in ("src", "build", "wheel"):
        assert not (image.rootfs / name).exists(), name
    installed = {path.name for path in image.rootfs.glob("opt/crs-cds/lib/python3*/site-packages/*")}
    assert {"cds_service", "fhir_mappings"} <= installed
    assert not installed & {"pip", "setuptools", "hatchling", "pytest", "wheel"}
    assert not [name for name in ("gcc", "cc", "make") if (image.rootfs / "usr/bin" / name).exists()]


def test_nothing_of_the_checkout_is_in_the_image_but_what_is_served(image: Image) -> None:
    inside = {path.name for path in (image.rootfs / "opt/crs-cds").iterdir()}
    assert inside <= {"bin", "lib", "lib64", "include", "share", "pyvenv.cfg"}
    assert not list(image.rootfs.glob("opt/crs-cds/**/secrets"))


def test_the_health_check_of_the_image_passes_as_soon_as_it_listens(running: Container) -> None:
    command = running.image.config["Healthcheck"]["Test"]
    assert command[0] == "CMD"
    done = running.run(*command[1:])
    assert (done.returncode, done.stderr) == (0, "")


def test_its_root_cannot_be_written_and_it_has_no_privilege(running: Container) -> None:
    assert "Read-only" in running.run("touch", "/opt/crs-cds/x").stderr
    assert running.run("touch", "/data/x").returncode == 0
    status = dict(line.split(":\t", 1) for line in running.run("cat", "/proc/1/status").stdout.splitlines())
    assert {status[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert status["Uid"].split() == ["10001"] * 4


def test_a_call_is_answered_with_the_grade_and_its_token_opens_no_second(
    running: Container, site: tuple[Path, Ehr]
) -> None:
    """With its own Python and its own libraries: tables, tokens, Redis, the store and the card."""
    body, token = hook_request(24, datetime.now(UTC)).decode(), site[1].token(URL + VIEW)
    answer = call(running, token, body)
    assert answer.startswith("200 ")
    assert "CRS grade 3" in answer
    assert call(running, token, body).startswith("401 ")


def test_a_call_without_a_token_is_refused(running: Container) -> None:
    assert call(running, "none", "{}").startswith("401 ")


def test_it_stops_by_its_own_signal_without_a_stain(
    image: Image, site: tuple[Path, Ehr], tmp_path: Path
) -> None:
    with container.started(image, tmp_path, site[0], SETTINGS) as found:
        assert found.stop() == 0
        assert "Traceback" not in found.log.read_text()
