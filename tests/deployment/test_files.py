"""The files of docker/ are what the tools that read them take, and hold what a security officer looks for."""

from __future__ import annotations

import importlib.resources
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from cds_service.settings import OTHERS, PREFIX, Settings
from tools import trial

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
KUBERNETES = "1.31"
DOCKERFILES = (DOCKER / "Dockerfile", DOCKER / "trial" / "Dockerfile")
SETTING = re.compile(rf"\b{PREFIX}[A-Z_]+\b|\bcrs_cds_[a-z_]+\b")
OF_A_SITE = ("secrets", "site")
Json = dict[str, Any]


def manifests() -> list[Json]:
    files = sorted((DOCKER / "kubernetes").glob("*.yaml"))
    return [one for file in files for one in yaml.safe_load_all(file.read_text())]


MANIFESTS = manifests()
DEPLOYMENT = next(one for one in MANIFESTS if one["kind"] == "Deployment")
POD = DEPLOYMENT["spec"]["template"]["spec"]


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_dockerfile_has_nothing_that_hadolint_objects_to(file: Path) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([str(hadolint), str(file)], capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """The compose file with all that it refers to, as Docker Compose itself understands it."""
    place = tmp_path_factory.mktemp("site") / "docker"
    place.mkdir()
    shutil.copy(DOCKER / "compose.yaml", place)
    trial.prepare(place)
    # The program itself: the console script beside it drops the exit code.
    program = importlib.resources.files("compose") / "docker-compose"
    command = [
        str(program),
        "-f",
        str(place / "compose.yaml"),
        "--profile",
        "trial",
        "config",
        "--format",
        "json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found: Json = json.loads(done.stdout)
    return found


def test_every_container_is_read_only_without_privileges_and_bounded(composed: Json) -> None:
    assert set(composed["services"]) == {
        "cds-1",
        "cds-2",
        "nginx",
        "postgres",
        "redis",
        "fhir",
        "fhir-patients",
    }
    for name, service in composed["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["pids_limit"]) > 0, name
        assert "privileged" not in service, name
        assert not str(service.get("user", "1")).startswith("0"), name


def test_only_nginx_is_reached_from_outside_and_the_stores_by_the_replicas_alone(composed: Json) -> None:
    services = composed["services"]
    assert [name for name, service in services.items() if service.get("ports")] == ["nginx"]
    beside_the_store = {name for name, service in services.items() if "store" in service["networks"]}
    assert beside_the_store == {"cds-1", "cds-2", "postgres", "redis"}
    assert composed["networks"]["store"]["internal"] is True


def test_no_secret_stands_in_the_environment_of_a_container(composed: Json) -> None:
    secret = {Path(one["file"]).name: Path(one["file"]) for one in composed["secrets"].values()}
    known = [path.read_bytes().strip() for path in secret.values()]
    said = json.dumps([service.get("environment") for service in composed["services"].values()]).encode()
    assert known
    assert not [word for word in known if word in said]


@pytest.mark.parametrize(
    "manifest", MANIFESTS, ids=lambda one: f"{one['kind']}-{one.get('metadata', {}).get('name', '')}"
)
def test_a_manifest_is_what_kubernetes_takes(manifest: Json) -> None:
    if manifest["kind"] != "Kustomization":
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    else:
        assert all((DOCKER / "kubernetes" / name).is_file() for name in manifest["resources"])
        assert len(manifest["resources"]) == len(list((DOCKER / "kubernetes").glob("*.yaml"))) - 1


def test_a_manifest_with_a_misspelt_member_would_be_refused() -> None:
    wrong = json.loads(json.dumps(DEPLOYMENT))
    wrong["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def test_a_pod_fits_the_restricted_profile() -> None:
    (container,) = POD["containers"]
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert POD["automountServiceAccountToken"] is False
    assert {kind for volume in POD["volumes"] for kind in volume} <= {
        "name",
        "configMap",
        "secret",
        "emptyDir",
    }


def test_a_pod_ends_later_than_the_calls_that_it_took() -> None:
    pause = float(POD["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert POD["terminationGracePeriodSeconds"] >= pause + 30 + 10


def test_there_are_always_two_replicas_and_never_none() -> None:
    by_kind = {one["kind"]: one.get("spec", {}) for one in MANIFESTS}
    assert by_kind["HorizontalPodAutoscaler"]["minReplicas"] == 2
    assert by_kind["PodDisruptionBudget"]["minAvailable"] == 1
    assert DEPLOYMENT["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_secrets_are_in_the_repository_by_reference_alone() -> None:
    assert "Secret" not in {one["kind"] for one in MANIFESTS}
    assert {"secretName": "crs-cds", "defaultMode": 0o440} in [one.get("secret") for one in POD["volumes"]]


def test_the_files_name_no_setting_that_the_service_does_not_know() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | OTHERS
    files = [path for path in DOCKER.rglob("*") if path.is_file() and path.parent.name not in OF_A_SITE]
    files += [ROOT / "tools" / "trial.py"]
    files += [ROOT / "docs" / "how-to" / "deploy.md"]
    named = {word.upper() for path in files for word in SETTING.findall(path.read_text())}
    assert len(named) > 5
    assert named - known == set()
